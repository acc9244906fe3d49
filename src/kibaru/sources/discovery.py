"""Find the WordPress API, sitemaps and feeds of a site, and rank them by how much of its archive they give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from kibaru.errors import BadInput, KibaruError
from kibaru.ingest.sandbox import run_sandboxed
from kibaru.sources.feeds import Feed, read_feed
from kibaru.sources.http.addresses import is_same_site, parse_url
from kibaru.sources.http.client import HttpClient, Stopped, site_name
from kibaru.sources.http.public_network import ForbiddenAddress
from kibaru.sources.http.responses import Response
from kibaru.sources.markup import as_text, plain
from kibaru.sources.registry import SourceKind
from kibaru.sources.sitemaps import MAX_BYTES, Sitemap, read_sitemap
from kibaru.text.plurals import counted

_API = "https://api.w.org/"
_FEED_PATHS = ("feed/", "rss.xml", "rss", "feed.xml", "atom.xml", "index.xml")
_SITEMAP_PATHS = ("/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml", "/news-sitemap.xml")
_FEED_TYPES = ("application/rss+xml", "application/atom+xml")
_MAX_LINKS = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to follow a site.

    Attributes:
        endpoint: The URL to ask for news.
        about: What it gives, in a few words.
        has_history: Whether it lists all articles with dates, and not only the latest.
    """

    kind: SourceKind
    endpoint: str
    title: str
    about: str
    has_history: bool


@dataclass(frozen=True, slots=True)
class Links:
    """The links in a page's HTML to its site's API and feeds.

    Attributes:
        title: The site's name.
    """

    title: str = ""
    api: list[str] = field(default_factory=list)
    feeds: list[str] = field(default_factory=list)


def discover(client: HttpClient, url: str) -> list[Offer]:
    """What the site at `url` offers, the best first.

    A WordPress API is best: it has the whole history and says what changed. Next is a sitemap with dates, which has
    the history; then a feed, which has the latest articles; then a sitemap without dates.

    Args:
        url: A page of the site, a feed or a sitemap.

    Raises:
        BadInput: The site offers none of these.
        Unreachable: The site does not answer.
    """
    page = client.get(url, limit=MAX_BYTES)
    if page.is_gone:
        raise BadInput(f"{url} is no page of the site ({page.status}): give the address of its front page")
    for direct in (_feed(page), _sitemap(page)):
        if direct:
            return [direct]
    links = _links(page)
    offers = [_first(_wordpress(client, at) for at in _apis(page, links))]
    offers.append(_first(_sitemap(_try(client, at)) for at in _sitemaps(client, page, guess=not any(offers))))
    offers.append(_first(_feed(_try(client, at)) for at in _feeds(page, links, guess=not any(offers))))
    found = [offer for offer in offers if offer]
    if not found:
        raise BadInput(
            f"{site_name(url)} offers no WordPress API, feed or sitemap that may be read: "
            "give the address of one, or add its pages one by one with 'kibaru add'"
        )
    title = next((offer.title for offer in found if offer.title), links.title or site_name(url))
    named = [Offer(o.kind, o.endpoint, o.title or title, o.about, o.has_history) for o in found]
    return sorted(named, key=lambda offer: not offer.has_history)


def links_on(data: bytes, url: str) -> Links:
    """Parse the links to a site's API and feeds out of a page. Run it in the sandbox.

    Args:
        data: HTML.
        url: Where it was fetched; the links may be relative to it.
    """
    from kibaru.ingest.html.tree import parse_html

    tree = parse_html(data)
    links = Links(plain(next(iter(tree.xpath("//meta[@property='og:site_name']/@content")), "")))
    for link in tree.iter("link"):
        rel, href = link.get("rel", "").lower().split(), link.get("href", "")
        if _API in rel:
            links.api.append(href)
        elif "alternate" in rel and link.get("type", "").lower().strip() in _FEED_TYPES and not _is_of_comments(link):
            links.feeds.append(href)
    return Links(links.title, _joined(url, links.api), _joined(url, links.feeds))


def _is_of_comments(link: Any) -> bool:
    return "comment" in (link.get("title", "") + link.get("href", "")).lower()


def _links(page: Response) -> Links:
    try:
        links: Links = run_sandboxed(links_on, page.body, page.url)
    except BadInput:
        return Links()
    return links


def _apis(page: Response, links: Links) -> Iterator[str]:
    for part in page.headers.get("link", "").split(","):
        target, _, rel = part.partition(";")
        if _API in rel:
            yield from _joined(page.url, [target.strip(" <>")])
    yield from links.api
    yield from _joined(page.url, ["/wp-json/"])


def _wordpress(client: HttpClient, api: str) -> Offer | None:
    """The posts of the API at this address, if it gives any."""
    base = httpx.URL(api)
    route = base.params.get("rest_route")
    at = base.copy_set_param("rest_route", "/wp/v2/posts") if route else base.copy_with(path=f"{base.path}wp/v2/posts")
    page = _try(client, str(at.copy_merge_params({"per_page": "1", "_fields": "id,link"})))
    posts = _json(page)
    if not isinstance(posts, list) or not posts or not isinstance(posts[0], dict) or "id" not in posts[0]:
        return None
    index = _json(_try(client, str(base.copy_merge_params({"_fields": "name"}))))
    name = index.get("name") if isinstance(index, dict) else ""
    total = page.headers.get("x-wp-total", "") if page else ""
    about = counted(int(total), "post") if total.isdecimal() and total.isascii() else "posts"
    return Offer("wordpress", str(at), plain(as_text(name)), about, True)


def _feeds(page: Response, links: Links, *, guess: bool) -> Iterator[str]:
    yield from links.feeds[:_MAX_LINKS]
    if guess and not links.feeds:
        yield from _joined(page.url, _FEED_PATHS)


def _feed(page: Response | None) -> Offer | None:
    try:
        feed: Feed | None = run_sandboxed(read_feed, page.body, page.url, page.charset) if page else None
    except BadInput:
        return None
    if page is None or feed is None or not feed.entries:
        return None
    whole = sum(entry.article is not None for entry in feed.entries)
    about = f"the latest {counted(len(feed.entries), 'article')}, {whole or 'none'} of them whole"
    return Offer("feed", page.url, feed.title, about, False)


def _sitemaps(client: HttpClient, page: Response, *, guess: bool) -> Iterator[str]:
    named = [at for at in _joined(page.url, client.robots_rules(page.url).sitemaps) if is_same_site(at, page.url)]
    yield from named[:_MAX_LINKS]
    if guess and not named:
        yield from _joined(page.url, _SITEMAP_PATHS)


def _sitemap(page: Response | None) -> Offer | None:
    try:
        sitemap: Sitemap | None = run_sandboxed(read_sitemap, page.body) if page else None
    except BadInput:
        return None
    if page is None or sitemap is None or not (sitemap.pages or sitemap.sitemaps):
        return None
    listed = sitemap.pages or sitemap.sitemaps
    is_dated = any(entry.changed or entry.published for entry in listed)
    about = f"{len(listed):,} {'pages' if sitemap.pages else 'sitemaps'}, {'with' if is_dated else 'without'} dates"
    return Offer("sitemap", page.url, "", about, is_dated)


def _try(client: HttpClient, url: str) -> Response | None:
    """The response at `url`, None where the site gives no page."""
    try:
        page = client.get(url, limit=MAX_BYTES)
    except (Stopped, ForbiddenAddress):
        raise
    except KibaruError:
        return None
    return None if page.is_gone else page


def _json(page: Response | None) -> object:
    try:
        found: object = json.loads(page.body) if page else None
    except (ValueError, RecursionError):
        return None
    return found


def _first(offers: Iterator[Offer | None]) -> Offer | None:
    return next((offer for offer in offers if offer), None)


def _joined(base: str, urls: list[str] | tuple[str, ...]) -> list[str]:
    joined = []
    for url in urls:
        try:
            joined.append(str(parse_url(url, base=base)))
        except BadInput:
            continue
    return list(dict.fromkeys(joined))
