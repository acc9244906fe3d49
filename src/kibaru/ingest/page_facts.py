"""What a page says about itself: title, author, outlet, dates, address, language, and whether all may read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urljoin

from lxml.html import HtmlElement

from kibaru.articles import parse_date
from kibaru.errors import BadInput

ARTICLE_TYPES = re.compile(r"(?:Article|Posting|BlogPost|Report|Review|Recipe|LiveBlog)", re.I)
LISTING_TYPES = frozenset({"CollectionPage", "SearchResultsPage", "ItemList"})

_SEPARATORS = re.compile(r"\s+[|•·–—»:-]\s+|\s*\|\s*|\s*::\s*|:\s+")
_NO_AUTHOR = re.compile(r"^(?:admin\w*|administrat\w+|redac\w*|r[ée]daction|webmaster|editor|user|root|author)$", re.I)
_BY = re.compile(r"^\W*(?:(?:écrit |publié |posté |proposé )?par|written by|by|por|auteur|author)\b\s*:?\s*", re.I)
_MONTHS = (
    r"janv(?:ier|\.)?|f[ée]v(?:rier|r?\.)|mars|avr(?:il|\.)|mai|juin|juil(?:let|\.)|ao[ûu]t|sept(?:embre|\.)|oct(?:obre|\.)|"
    r"nov(?:embre|\.)|d[ée]c(?:embre|\.)|january|february|march|april|may|june|july|august|september|october|november|december|"
    r"(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|"
    r"dezembro|agosto|abril|يناير|فبراير|مارس|أبريل|إبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر"
)
_WRITTEN_DATE = re.compile(
    rf"(?<![\w/])(\d{{1,2}}(?:er|st|nd|rd|th|º)?\s+(?:de\s+)?(?:{_MONTHS}),?\s+(?:de\s+)?(?:19|20)\d\d"
    rf"|(?:{_MONTHS})\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+(?:19|20)\d\d"
    r"|\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d\d|(?:19|20)\d\d[-/]\d\d[-/]\d\d)(?![\w/])",
    re.I,
)
_AFTER_NAME = re.compile(rf"\W*(?:\b(?:publié|posté|le|on|à|mis à jour)\W+)*{_WRITTEN_DATE.pattern}.*$", re.I)
_DATE_IN_URL = re.compile(r"/((?:19|20)\d\d)[/-](\d\d)[/-](\d\d)[/-]")
_MAX_JSON = 2_000_000


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Strings are "" where the page doesn't say. `types` are the schema.org types it declares, `body` the article's
    text where JSON-LD repeats it, `summary` the text that search engines and networks are to show."""

    title: str
    author: str
    outlet: str
    published: str
    modified: str
    url: str
    language: str
    paid: bool
    types: frozenset[str]
    body: str
    summary: str


def page_facts(tree: HtmlElement, url: str = "") -> PageFacts:
    """The facts in JSON-LD, Open Graph, other meta elements and the visible head of the article, in this order.

    A date in the future, or one that cannot be read, counts as none. `url` is where the page was fetched: the
    canonical address may be relative to it.
    """
    things = list(_things(tree))
    stories = [thing for thing in things if any(map(ARTICLE_TYPES.search, _types(thing)))]
    story = next((thing for thing in stories if thing.get("headline")), stories[0] if stories else {})
    outlet = _outlet(tree, story, things)
    title = _title(tree, story, outlet)
    above, below = _lines_around(tree, title)
    return PageFacts(
        title=title,
        author=_author(tree, story, things) or _signed(below[:_HEAD_LINES]),
        outlet=outlet,
        published=_published(tree, things, story, title)
        or written_date(below[:_HEAD_LINES])
        or written_date(above)
        or _first_date(*_dates_in(url))
        or written_date(below[_HEAD_LINES:]),
        modified=_first_date(
            story.get("dateModified"), *_meta(tree, "article:modified_time", "og:updated_time", "dcterms.modified")
        ),
        url=_address(tree, url),
        language=_text(story.get("inLanguage")) or tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        paid=any(_is_false(part.get("isAccessibleForFree")) for thing in stories for part in (thing, *_parts(thing))),
        types=frozenset(name for thing in things for name in _types(thing)),
        body=max((_text(thing.get("articleBody")) for thing in stories), key=len, default=""),
        summary=_text(story.get("description")) or next(_meta(tree, "og:description", "description"), ""),
    )


def visible_title(tree: HtmlElement) -> str:
    """The heading that looks most like the article's: by its name, or the last h1 before text."""
    for path in _TITLE_PATHS:
        for element in tree.xpath(path):
            if title := _spaced(element):
                return title
    return ""


_TITLE_PATHS = (
    "//h1[@itemprop='headline' or contains(@class, 'title') or contains(@class, 'titre')][not(contains(@class, 'site'))]",
    "//*[@itemprop='headline']",
    "//*[contains(@class, 'entry-title') or contains(@class, 'post-title') or contains(@class, 'article-title')]"
    "[self::h2 or self::h3]",
    "//article//h1 | //main//h1",
    "//h1",
)


def _title(tree: HtmlElement, story: dict[str, Any], outlet: str) -> str:
    """The one that a heading of the page confirms, else the first named, without the outlet's name."""
    document = " ".join("".join(tree.xpath("//head/title[1]//text()")).split())
    named = [_text(story.get("headline")) or _text(story.get("name")), *_meta(tree, "og:title", "twitter:title", "dc.title")]
    headings = {_plain(words): words for heading in tree.xpath("//h3 | //h2 | //h1") if (words := _spaced(heading))}
    confirmed = [_plain(form) for title in [*named, document] for form in _forms(title)]
    if best := max((form for form in confirmed if form and form in headings), key=len, default=""):
        return headings[best]
    heading = visible_title(tree)
    if heading and document and _plain(heading) in _plain(document):
        return heading
    for title in named:
        if title:
            return _without_outlet(title, outlet, document)
    return heading if heading and not outlet_like(heading, outlet) else _without_outlet(document, outlet, document)


def _forms(title: str) -> Iterator[str]:
    """A title, and what is left of it when a site's name is cut off at either end."""
    yield title
    cuts = list(_SEPARATORS.finditer(title))
    for cut in reversed(cuts):
        yield title[: cut.start()].strip()
    for cut in cuts:
        yield title[cut.end() :].strip()


def _without_outlet(title: str, outlet: str, document: str) -> str:
    """The title without the site's name behind or before it, where a separator sets that apart.

    A last part of up to five words behind `|`, `–`, `-` is taken for a name when the outlet is unknown; one behind a
    colon never is, for headlines have colons.
    """
    for cut in _SEPARATORS.finditer(title):
        if outlet and outlet_like(title[cut.end() :], outlet):
            return title[: cut.start()].strip()
        if outlet and outlet_like(title[: cut.start()], outlet):
            return title[cut.end() :].strip()
    if title == document:
        cuts = [cut for cut in _SEPARATORS.finditer(title) if ":" not in cut[0]]
        cut = cuts[-1] if cuts else None
        if cut and len(title[cut.end() :].split()) <= 5 and len(title[: cut.start()].split()) >= 3:
            return title[: cut.start()].strip()
    return title


def outlet_like(text: str, outlet: str) -> bool:
    """Whether a text is the outlet's name, perhaps with `.com` or an article."""
    ours, theirs = _plain(text), _plain(outlet)
    return bool(ours and theirs) and (ours == theirs or (len(ours) > 3 and ours in theirs) or theirs in ours[: len(theirs) + 4])


def _outlet(tree: HtmlElement, story: dict[str, Any], things: list[dict[str, Any]]) -> str:
    publisher = story.get("publisher")
    named = {thing.get("@id"): thing for thing in things if thing.get("name")}
    if isinstance(publisher, dict) and not publisher.get("name"):
        publisher = named.get(publisher.get("@id"))
    name = _text(publisher.get("name") if isinstance(publisher, dict) else publisher)
    sites = (_text(thing.get("name")) for thing in things if "WebSite" in _types(thing))
    return name or next(_meta(tree, "og:site_name", "application-name", "dc.publisher"), "") or next(sites, "")


def _author(tree: HtmlElement, story: dict[str, Any], things: list[dict[str, Any]]) -> str:
    named = {thing.get("@id"): thing for thing in things if thing.get("name")}
    written = story.get("author") or story.get("creator") or []
    names = []
    for who in written if isinstance(written, list) else [written]:
        person = named.get(who.get("@id"), who) if isinstance(who, dict) and not who.get("name") else who
        names.append(_text(person.get("name") if isinstance(person, dict) else person))
    metas = _meta(tree, "author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author")
    visible = (
        _AFTER_NAME.sub("", _BY.sub("", _spaced(element)))
        for path in _AUTHOR_PATHS
        for element in tree.xpath(path)
        if len(_spaced(element)) < 80
    )
    for candidate in (", ".join(filter(None, names)), *metas, *visible):
        if candidate and not _NO_AUTHOR.match(candidate) and "://" not in candidate and len(candidate) < 200:
            return candidate
    return ""


def _lines_around(tree: HtmlElement, title: str) -> tuple[list[str], list[str]]:
    """The page's lines before its title and after; all are after when the title is not seen."""
    texts = tree.xpath("//body//text()[not(parent::script or parent::style or parent::noscript)]")
    lines = [line for text in texts if (line := " ".join(text.split()))]
    at = lines.index(title) + 1 if title in lines else 0
    return lines[:at], lines[at:]


def _signed(lines: list[str]) -> str:
    """The name behind "par" in a short line below the title."""
    for line in lines:
        found = _SIGNATURE.search(line) if len(line) < 160 else None
        if found and all(part[0].isupper() for part in found[1].split() if len(part) > 3):
            return found[1].strip()
    return ""


_HEAD_LINES = 25
_HEAD_ELEMENTS = 60
_SIGNATURE = re.compile(r"(?:^|\W)(?:[Pp]ar|PAR|[Bb]y|BY|[Pp]or)\s*:?\s+((?:[^\W\d_][\w'’.-]*\s?){2,5})(?=\s*(?:$|[|,/(–-]))")
_AUTHOR_PATHS = (
    "//*[@rel='author']",
    "//*[@itemprop='author']//*[@itemprop='name'] | //*[@itemprop='author'][not(*)]",
    "//*[contains(concat(' ', @class, ' '), ' author ')][not(contains(@class, 'box'))]"
    "[not(ancestor::*[contains(@class, 'comment')])]",
    "//*[contains(@class, 'author-name') or contains(@class, 'post-author') or contains(@class, 'posted-by')"
    " or contains(@class, 'author-meta') or contains(@class, 'byline') or contains(@class, '-author') or contains(@class, '__author')"
    " or contains(@class, 'createdby') or contains(@class, 'field--name-uid') or contains(@class, 'auteur')"
    " or contains(@class, 'signature')]"
    "[not(contains(@class, 'about') or contains(@class, 'box') or ancestor::*[contains(@class, 'comment')])]",
)


def _published(tree: HtmlElement, things: list[dict[str, Any]], story: dict[str, Any], title: str) -> str:
    pages = [thing for thing in things if "WebPage" in _types(thing)]
    marked = tree.xpath(
        "//time[@datetime][@pubdate or @itemprop='datePublished' or contains(@class, 'publi')"
        " or contains(@class, 'entry-date')]/@datetime"
    )
    return _first_date(
        story.get("datePublished"),
        *_meta(tree, "article:published_time", "og:article:published_time", "datepublished", "publish-date"),
        *tree.xpath("//*[@itemprop='datePublished']/@content | //*[@itemprop='datePublished']/@datetime"),
        story.get("dateCreated"),
        *(page.get("datePublished") for page in pages),
        *_meta(tree, "dcterms.created", "dcterms.date", "dc.date.issued", "dc.date", "date", "pubdate", "parsely-pub-date"),
        *_times_below(tree, title),
        *marked,
    )


def _times_below(tree: HtmlElement, title: str) -> Iterator[str]:
    """What `<time datetime>` says shortly after the heading with the title."""
    left = 0
    for element in tree.iter():
        if element.tag in ("h1", "h2", "h3", "div") and _spaced(element) == title:
            left = _HEAD_ELEMENTS
        elif left and element.tag == "time" and element.get("datetime"):
            yield element.get("datetime", "")
        left = max(0, left - 1)


def written_date(lines: list[str]) -> str:
    """The first date in the short ones of the lines; one behind "mis à jour" only when there is no other."""
    updated = ""
    for line in lines:
        found = _WRITTEN_DATE.search(line)
        if not found or len(line) > 160:
            continue
        if re.search(r"mise? à jour|modifi|updated", line[: found.start()], re.I):
            updated = updated or _first_date(found[1])
        elif day := _first_date(found[1]):
            return day
    return updated


def _dates_in(url: str) -> Iterator[str]:
    return ("-".join(found.groups()) for found in _DATE_IN_URL.finditer(url + "/"))


def is_byline(line: str, author: str) -> bool:
    """Whether a line has nothing but the author's name, dates, times and the words around them."""
    if len(line) > 160:
        return False
    rest = _WRITTEN_DATE.sub("", line)
    for name in author.split(", "):
        rest = rest.replace(name, "") if name else rest
    rest = _AROUND_DATES.sub("", rest)
    words = re.findall(r"[^\W\d_]+", rest)
    return rest != line and (len("".join(words)) <= 3 or (len(words) <= 6 and is_name(" ".join(words))))


def is_name(text: str) -> bool:
    """Whether a text may be a person's name: two to six words, each with a capital, short particles aside."""
    words = text.split()
    capital = all(word[0].isupper() or len(word) <= 3 for word in words)
    return 2 <= len(words) <= 6 and capital and not re.search(r"[\d.,;:!?«»]", text)


_AROUND_DATES = re.compile(
    r"\b(?:publié|posté|écrit|modifié|mise?|à jour|par|le|à|at|by|on|por|em|published|updated|posted|heures?|min(?:utes?)?|h"
    r"|gmt|utc|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|rédaction|la|lu|fois|vues?|lecture|de|read)\b",
    re.I,
)


def _first_date(*written: Any) -> str:
    latest = (date.today() + timedelta(days=2)).isoformat()
    for value in written:
        day = _date(_text(value)) if value else None
        if day and 1900 <= day.year and day.isoformat()[:10] <= latest:
            return day.isoformat()
    return ""


def _date(written: str) -> date | None:
    """As `parse_date` reads it, or in Portuguese, Spanish or Arabic."""
    try:
        return parse_date(written)
    except (BadInput, ValueError, OverflowError):
        if not re.search(r"[^\W\d_]{3}", written) or len(written) > 60:
            return None
    import dateparser

    found = dateparser.parse(written, languages=["pt", "es", "ar"], settings={"REQUIRE_PARTS": ["day", "month", "year"]})
    return found.date() if found else None


def _address(tree: HtmlElement, url: str) -> str:
    for given in [*tree.xpath("//link[@rel='canonical']/@href"), *_meta(tree, "og:url")]:
        absolute = urljoin(url, given.strip()) if given.strip() else ""
        if re.match(r"https?://[^/\s]+", absolute) and not re.search(r"\s", absolute):
            return absolute
    return url


def _meta(tree: HtmlElement, *names: str) -> Iterator[str]:
    """The contents of meta elements by name, in the order of the names."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        if content := " ".join((element.get("content") or "").split()):
            found.setdefault(name.strip().lower(), content)
    return (found[name] for name in names if name in found)


def _things(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """The objects of the page's JSON-LD, those of its graphs too. Damaged blocks are passed over."""
    for script in tree.xpath("//script[contains(@type, 'ld+json')]/text()"):
        if len(script) > _MAX_JSON:
            continue
        try:
            waiting = [json.loads(script.strip().rstrip(";"), strict=False)]
        except (ValueError, RecursionError):
            continue
        while waiting:
            thing = waiting.pop(0)
            if isinstance(thing, list):
                waiting += thing
            elif isinstance(thing, dict):
                yield thing
                waiting += [thing[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if isinstance(thing.get(key), dict | list)]


def _types(thing: dict[str, Any]) -> list[str]:
    kinds = thing.get("@type")
    return [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name")
    if isinstance(value, list):
        value = value[0] if value else ""
    if not isinstance(value, str):
        return ""
    if "<" in value or "&" in value:
        from html import unescape

        value = re.sub(r"<[^<>]{1,200}>", " ", unescape(value))
    return value.strip() if "\n" in value.strip() else " ".join(value.split())


def _parts(thing: dict[str, Any]) -> list[dict[str, Any]]:
    parts = thing.get("hasPart")
    return [part for part in (parts if isinstance(parts, list) else [parts]) if isinstance(part, dict)]


def _is_false(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def _spaced(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", re.sub(r"\.(?:com|net|org|info|fr|ml|bf|sn|ci|ne)\b", "", text.lower()))
