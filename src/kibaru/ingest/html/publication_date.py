"""Find out when a page was published: from its metadata, its visible dates, or its URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from lxml.html import HtmlElement

from kibaru.errors import BadInput
from kibaru.ingest.html.structured_data import json_ld_text, meta_contents, normalized_text, schema_types
from kibaru.text.dates import parse_date

_MONTHS = (
    r"janv(?:ier|\.)?|f[ée]v(?:rier|r?\.?)|mars|avr(?:il|\.)?|mai|juin|juil(?:let|\.)?|ao[ûu]t?|sept(?:embre|\.)|oct(?:obre|\.)|"
    r"nov(?:embre|\.)|d[ée]c(?:embre|\.)?|january|february|march|april|may|june|july|august|september|october|november|december|"
    r"(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|"
    r"dezembro|agosto|abril|يناير|فبراير|مارس|أبريل|إبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"
)
DATE_PATTERN = re.compile(
    rf"(?<![\w/])(\d{{1,2}}(?:er|st|nd|rd|th|º)?\s+(?:de\s+)?(?:{_MONTHS}),?\s+(?:de\s+)?(?:19|20)\d\d"
    rf"|(?:{_MONTHS})\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+(?:19|20)\d\d"
    r"|\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d\d|(?:19|20)\d\d[-/]\d\d[-/]\d\d)(?![\w/])",
    re.I,
)
_DATE_IN_URL = re.compile(r"/((?:19|20)\d\d)[/-](\d\d)[/-](\d\d)[/-]")
_HEAD_ELEMENTS = 60


def publication_date(tree: HtmlElement, things: list[dict[str, Any]], story: dict[str, Any], title: str) -> str:
    """The date of publication in a page's metadata.

    The order is: JSON-LD of the article, meta elements, JSON-LD of the page, `<time>` below the title.

    Args:
        tree: The page.
        things: Its JSON-LD objects.
        story: The JSON-LD object of the article, empty when there is none.
        title: The article's title.

    Returns:
        ISO 8601, "" for none.
    """
    pages = [thing for thing in things if "WebPage" in schema_types(thing)]
    marked = tree.xpath(
        "//time[@datetime][@pubdate or @itemprop='datePublished' or contains(@class, 'publi')"
        " or contains(@class, 'entry-date')]/@datetime"
    )
    return first_valid_date(
        story.get("datePublished"),
        *meta_contents(tree, "article:published_time", "og:article:published_time", "datepublished", "publish-date"),
        *tree.xpath("//*[@itemprop='datePublished']/@content | //*[@itemprop='datePublished']/@datetime"),
        story.get("dateCreated"),
        *(page.get("datePublished") for page in pages),
        *meta_contents(
            tree, "dcterms.created", "dcterms.date", "dc.date.issued", "dc.date", "date", "pubdate", "parsely-pub-date"
        ),
        *_times_below(tree, title),
        *marked,
    )


def _times_below(tree: HtmlElement, title: str) -> Iterator[str]:
    """The values of `<time datetime>` shortly after the title, times of changes last."""
    left, updates = 0, list[str]()
    for element in tree.iter():
        if element.tag in ("h1", "h2", "h3", "div") and normalized_text(element) == title:
            left = _HEAD_ELEMENTS
        elif left and element.tag == "time" and element.get("datetime"):
            names = element.get("class", "")
            if re.search(r"updat|modif", names) and not re.search(r"publi|entry-date", names):
                updates.append(element.get("datetime", ""))
            else:
                yield element.get("datetime", "")
        left = max(0, left - 1)
    yield from updates


def visible_date(lines: list[str]) -> str:
    """The first date written in a short line, in ISO 8601; one after "mis à jour" only when there is no other."""
    updated = ""
    for line in lines:
        found = DATE_PATTERN.search(line)
        if not found or len(line) > 160:
            continue
        if re.search(r"mise? à jour|modifi|updated", line[: found.start()], re.I):
            updated = updated or first_valid_date(found[1])
        elif day := first_valid_date(found[1]):
            return day
    return updated


def dates_in_url(url: str) -> Iterator[str]:
    """The dates in the path of a URL (/2025/09/04/), in ISO 8601."""
    return ("-".join(found.groups()) for found in _DATE_IN_URL.finditer(url + "/"))


def first_valid_date(*written: Any) -> str:
    """The first value that is a date from 1900 to two days from now, in ISO 8601, "" for none."""
    latest = (date.today() + timedelta(days=2)).isoformat()
    for value in written:
        day = _date(json_ld_text(value)) if value else None
        if day and day.year >= 1900 and day.isoformat()[:10] <= latest:
            return day.isoformat()
    return ""


def _date(written: str) -> date | None:
    """A date in a form that `parse_date` knows, or in Portuguese, Spanish or Arabic."""
    try:
        return parse_date(written)
    except (BadInput, ValueError, OverflowError):
        if not re.search(r"[^\W\d_]{3}", written) or len(written) > 60:
            return None
    import dateparser

    found = dateparser.parse(
        written, languages=["pt", "es", "ar"], settings={"REQUIRE_PARTS": ["day", "month", "year"]}
    )
    return found.date() if found else None
