"""Extract the metadata of a page: title, author, outlet, dates, address, language, and whether it is paywalled."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from kibaru.errors import BadInput
from kibaru.ingest.html.publication_date import (
    DATE_PATTERN,
    dates_in_url,
    first_valid_date,
    publication_date,
    visible_date,
)
from kibaru.ingest.html.structured_data import (
    json_ld_objects,
    json_ld_text,
    meta_contents,
    normalized_text,
    schema_types,
)
from kibaru.ingest.html.titles import extract_title, is_outlet_name, site_name_in_title
from kibaru.text.urls import canonical_url

ARTICLE_TYPES = re.compile(r"(?:Article|Posting|BlogPost|Report|Review|Recipe|LiveBlog)", re.I)
LISTING_TYPES = frozenset({"CollectionPage", "SearchResultsPage", "ItemList"})
_NO_AUTHOR = re.compile(r"^(?:admin\w*|administrat\w+|redac\w*|r[ée]daction|webmaster|editor|user|root|author)$", re.I)
_BY = re.compile(r"^\W*(?:(?:écrit |publié |posté |proposé )?par|written by|by|por|auteur|author)\b\s*:?\s*", re.I)
_AFTER_NAME = re.compile(rf"\W*(?:\b(?:publié|posté|le|on|à|mis à jour)\W+)*{DATE_PATTERN.pattern}.*$", re.I)
HEAD_LINES = 25
_SIGNATURE = re.compile(
    r"(?:^|\W)(?:[Pp]ar|PAR|[Bb]y|BY|[Pp]or)\s*:?\s+((?:[^\W\d_][\w'’.-]*\s?){2,5})(?=\s*(?:$|[|,/(·])|\s+(?:[–-]|le|on|em|à|at)\b|\s+[–-])"
)
_AUTHOR_PATHS = (
    "//*[@rel='author']",
    "//*[@itemprop='author']//*[@itemprop='name'] | //*[@itemprop='author'][not(*)]",
    "//*[contains(concat(' ', @class, ' '), ' author ')][not(contains(@class, 'box'))]"
    "[not(ancestor::*[contains(@class, 'comment')])]",
    "//*[contains(@class, 'author-name') or contains(@class, 'post-author') or contains(@class, 'posted-by')"
    " or contains(@class, 'author-meta') or contains(@class, 'byline') or contains(@class, '-author')"
    " or contains(@class, '__author')"
    " or contains(@class, 'createdby') or contains(@class, 'field--name-uid') or contains(@class, 'auteur')"
    " or contains(@class, 'signature')]"
    "[not(contains(@class, 'about') or contains(@class, 'box') or ancestor::*[contains(@class, 'comment')])]",
)
_AROUND_DATES = re.compile(
    r"\b(?:publiée?|postée?|écrit|rédigée?|proposé|modifiée?|avec|mise?|à jour|par|le|à|at|by|on|por|em"
    r"|published|updated|posted|heures?|h"
    r"|min(?:utes?)?|gmt|utc|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|rédaction|la|lu|fois|vues?|lecture|de|read)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """The metadata of a page. Strings are "" where it has none.

    Attributes:
        paid: Whether it declares that not all may read it.
        types: The schema.org types that it declares.
        body: The article's text, where JSON-LD repeats it.
        summary: The description for search engines and social networks.
    """

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


def extract_metadata(tree: HtmlElement, url: str = "") -> PageMetadata:
    """The metadata in JSON-LD, Open Graph, other meta elements and the visible head of the article, in this order.

    A date in the future, or one that cannot be parsed, counts as none.

    Args:
        tree: The page.
        url: Where it was fetched; the canonical address may be relative to it.
    """
    things = list(json_ld_objects(tree))
    stories = [thing for thing in things if any(map(ARTICLE_TYPES.search, schema_types(thing)))]
    story = next((thing for thing in stories if thing.get("headline")), stories[0] if stories else {})
    outlet = _outlet(tree, story, things)
    title = extract_title(tree, story, outlet)
    above, below = _lines_around(tree, title)
    return PageMetadata(
        title=title,
        author=_without(outlet, _author(tree, story, things) or _signed(below[:HEAD_LINES])),
        outlet=outlet or site_name_in_title(tree, title),
        published=publication_date(tree, things, story, title)
        or visible_date(below[:HEAD_LINES])
        or visible_date(above)
        or first_valid_date(*dates_in_url(url))
        or visible_date(below[HEAD_LINES:]),
        modified=first_valid_date(
            story.get("dateModified"),
            *meta_contents(tree, "article:modified_time", "og:updated_time", "dcterms.modified"),
        ),
        url=_address(tree, url),
        language=json_ld_text(story.get("inLanguage"))
        or tree.get("lang")
        or tree.get("{http://www.w3.org/XML/1998/namespace}lang")
        or "",
        paid=any(_is_false(part.get("isAccessibleForFree")) for part in (story, *_parts(story))),
        types=frozenset(name for thing in things for name in schema_types(thing)),
        body=max((json_ld_text(thing.get("articleBody")) for thing in stories), key=len, default=""),
        summary=json_ld_text(story.get("description"))
        or next(meta_contents(tree, "og:description", "description"), ""),
    )


def _outlet(tree: HtmlElement, story: dict[str, Any], things: list[dict[str, Any]]) -> str:
    publisher = story.get("publisher")
    named = {thing.get("@id"): thing for thing in things if thing.get("name")}
    if isinstance(publisher, dict) and not publisher.get("name"):
        publisher = named.get(publisher.get("@id"))
    name = json_ld_text(publisher.get("name") if isinstance(publisher, dict) else publisher)
    sites = (json_ld_text(thing.get("name")) for thing in things if "WebSite" in schema_types(thing))
    return name or next(meta_contents(tree, "og:site_name", "application-name", "dc.publisher"), "") or next(sites, "")


def _without(outlet: str, author: str) -> str:
    """The author without the outlet after the name ("Awa Touré, Sahel Infos")."""
    name, _, behind = author.rpartition(", ")
    return name if name and is_outlet_name(behind, outlet) else author


def _author(tree: HtmlElement, story: dict[str, Any], things: list[dict[str, Any]]) -> str:
    named = {thing.get("@id"): thing for thing in things if thing.get("name")}
    written = story.get("author") or story.get("creator") or []
    names = []
    for who in written if isinstance(written, list) else [written]:
        person = named.get(who.get("@id"), who) if isinstance(who, dict) and not who.get("name") else who
        names.append(json_ld_text(person.get("name") if isinstance(person, dict) else person))
    metas = meta_contents(
        tree, "author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author"
    )
    visible = (
        _AFTER_NAME.sub("", _BY.sub("", normalized_text(element)))
        for path in _AUTHOR_PATHS
        for element in tree.xpath(path)
        if len(normalized_text(element)) < 80
    )
    for candidate in (", ".join(filter(None, names)), *metas, *visible):
        if candidate and not _NO_AUTHOR.match(candidate) and "://" not in candidate and len(candidate) < 200:
            return candidate
    return ""


def _lines_around(tree: HtmlElement, title: str) -> tuple[list[str], list[str]]:
    """The page's lines before its title and after it; all are after it when no line is the title."""
    texts = tree.xpath("//body//text()[not(parent::script or parent::style or parent::noscript)]")
    lines = [line for text in texts if (line := " ".join(text.split()))]
    at = lines.index(title) + 1 if title in lines else 0
    return lines[:at], lines[at:]


def _signed(lines: list[str]) -> str:
    """The name after "par" in a short line below the title."""
    for line in lines:
        found = _SIGNATURE.search(line) if len(line) < 160 else None
        if found and all(part[0].isupper() for part in found[1].split() if len(part) > 3):
            return found[1].strip()
    return ""


def is_byline(line: str, author: str) -> bool:
    """Whether a line has nothing but the author's name, dates, times and the words around them."""
    if len(line) > 160:
        return False
    rest = DATE_PATTERN.sub("", line)
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


def _address(tree: HtmlElement, url: str) -> str:
    """The canonical URL; `url` where it is invalid, or the front page's, as with a misconfigured theme."""
    for given in [*tree.xpath("//link[@rel='canonical']/@href"), *meta_contents(tree, "og:url")]:
        with contextlib.suppress(BadInput, ValueError):
            address = canonical_url(urljoin(url, given.strip()))
            if urlsplit(address).path != "/" or urlsplit(address).query:
                return address
    return url


def _parts(thing: dict[str, Any]) -> list[dict[str, Any]]:
    parts = thing.get("hasPart")
    return [part for part in (parts if isinstance(parts, list) else [parts]) if isinstance(part, dict)]


def _is_false(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")
