"""Find the title of a page's article, without the name of the site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

from kibaru.ingest.html.structured_data import comparison_key, json_ld_text, meta_contents, normalized_text

_SEPARATORS = re.compile(r"\s+[|•·–—»:-]\s+|\s*\|\s*|\s*::\s*|:\s+")
_LABEL = re.compile(r"^(?:en )?(?:direct|live|vidéo|video|photos?|exclusif|exclusive|urgent|audio|podcast)\b", re.I)
_TITLE_PATHS = (
    "//h1[@itemprop='headline' or contains(@class, 'title') or contains(@class, 'titre')]"
    "[not(contains(@class, 'site'))]",
    "//*[@itemprop='headline']",
    "//*[contains(@class, 'entry-title') or contains(@class, 'post-title') or contains(@class, 'article-title')]"
    "[self::h2 or self::h3]",
    "//article//h1 | //main//h1",
    "//h1",
)


def extract_title(tree: HtmlElement, story: dict[str, Any], outlet: str) -> str:
    """The title: the declared one that a heading repeats, else the first declared, without the outlet's name.

    Args:
        tree: The page.
        story: The JSON-LD object of the article, empty when there is none.
        outlet: The site's name, "" when unknown.
    """
    document = " ".join("".join(tree.xpath("//head/title[1]//text()")).split())
    named = [
        json_ld_text(story.get("headline")) or json_ld_text(story.get("name")),
        *meta_contents(tree, "og:title", "twitter:title", "dc.title"),
    ]
    headings = {
        comparison_key(words): words
        for heading in tree.xpath("//h3 | //h2 | //h1")
        if (words := normalized_text(heading))
    }
    confirmed = [comparison_key(form) for title in [*named, document] for form in _forms(title)]
    if best := max((form for form in confirmed if form and form in headings), key=len, default=""):
        return headings[best]
    heading = visible_title(tree)
    if heading and document and comparison_key(heading) in comparison_key(document):
        return heading
    for title in named:
        if title:
            return _without_outlet(title, outlet, document)
    return heading if heading and not is_outlet_name(heading, outlet) else _without_outlet(document, outlet, document)


def visible_title(tree: HtmlElement) -> str:
    """The heading most likely to be the title: by its class, else the first h1 of the article or the page."""
    for path in _TITLE_PATHS:
        for element in tree.xpath(path):
            if title := normalized_text(element):
                return title
    return ""


def site_name_in_title(tree: HtmlElement, title: str) -> str:
    """The site's name, up to five words, after or before the article's title in the document's title."""
    document = " ".join("".join(tree.xpath("//head/title[1]//text()")).split())
    before, found, behind = document.partition(title) if title else ("", "", "")
    if not found:
        return ""
    parts = [part.strip() for part in _SEPARATORS.split(behind) if part.strip()]
    parts = parts[-1:] or [part.strip() for part in _SEPARATORS.split(before) if part.strip()][:1]
    name = parts[0].strip("-|–—:«» ") if parts else ""
    return name if 0 < len(name.split()) <= 5 and not _LABEL.match(name) else ""


def _forms(title: str) -> Iterator[str]:
    """A title, and its parts with a possible site's name cut off at either end."""
    yield title
    cuts = list(_SEPARATORS.finditer(title))
    for cut in reversed(cuts):
        yield title[: cut.start()].strip()
    for cut in cuts:
        yield title[cut.end() :].strip()


def _without_outlet(title: str, outlet: str, document: str) -> str:
    """The title without the site's name after or before a separator.

    When the outlet is unknown, a last part of up to five words after `|`, `–` or `-` counts as its name; one after a
    colon never does, since headlines have colons.
    """
    for cut in _SEPARATORS.finditer(title):
        if outlet and is_outlet_name(title[cut.end() :], outlet):
            return title[: cut.start()].strip()
        if outlet and is_outlet_name(title[: cut.start()], outlet):
            return title[cut.end() :].strip()
    if title == document:
        cuts = [cut for cut in _SEPARATORS.finditer(title) if ":" not in cut[0]]
        if cuts and len(title[cuts[-1].end() :].split()) <= 5 and len(title[: cuts[-1].start()].split()) >= 3:
            return title[: cuts[-1].start()].strip()
    return title


def is_outlet_name(text: str, outlet: str) -> bool:
    """Whether a text is the outlet's name, also with `.com` or an article added."""
    ours, theirs = comparison_key(text), comparison_key(outlet)
    return bool(ours and theirs) and (
        ours == theirs or (len(ours) > 3 and ours in theirs) or theirs in ours[: len(theirs) + 4]
    )
