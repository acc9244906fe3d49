"""Crawl a site by its sitemaps: plain, for news, compressed, and indexes of sitemaps."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from kibaru.errors import BadInput
from kibaru.ingest.sandbox import run_sandboxed
from kibaru.sources.crawl import Checkpoint, CrawlStep, ExpectedPages, ListedPage, Listing, is_known
from kibaru.sources.http.addresses import MAX_URL, is_same_site
from kibaru.sources.http.client import HttpClient, site_name
from kibaru.sources.http.responses import Validators, decompress
from kibaru.sources.registry import Source, Sources
from kibaru.text.dates import parse_date

MAX_BYTES = 50_000_000
MAX_URLS = 50_000
"""What the protocol (sitemaps.org) allows in one file, unpacked."""

_MAX_DEPTH = 3
_MAX_FILES = 2_000
_NO_ARTICLES = re.compile(
    r"(?:(?:wp-)?sitemap[-_](?:posts-)?)?(?:categor\w*|post_tag|tags?|tax|taxonom\w*|authors?|auteurs?|users?|images?|"
    r"videos?|attachments?|products?|pages?)(?=[-_.\d])",
    re.I,
)
"""Names of the sitemaps that WordPress and its plugins (Yoast, Rank Math) make of everything but posts."""


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """A URL in a sitemap.

    Attributes:
        changed: The time of the last change as the site wrote it, empty where it gives none.
        published: The day of publication as an ISO date, empty where the sitemap gives none.
    """

    url: str
    changed: str
    published: str


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The pages that a sitemap lists, or, of an index, the sitemaps."""

    pages: list[SitemapEntry]
    sitemaps: list[SitemapEntry]


def crawl(client: HttpClient, sources: Sources, source: Source, since: str | None) -> Iterator[CrawlStep]:
    """The pages that are new or changed, as `kibaru.sources.crawl.Crawl` describes.

    Raises:
        BadInput: There is no sitemap any more.
    """
    waiting, seen = [(source.endpoint, 0)], {source.endpoint}
    while waiting and len(seen) <= _MAX_FILES:
        url, depth = waiting.pop(0)
        etag, _, modified = sources.checkpoint(source, f"validators {url}").partition("\n")
        response = client.get(url, known=Validators(etag, modified), limit=MAX_BYTES)
        inner = sources.checkpoint(source, f"sitemaps {url}").split("\n")
        if response.is_gone and not depth:
            raise BadInput(f"{site_name(source.url)} has no sitemap at {url} any more: add the site anew")
        if not response.is_unchanged and not response.is_gone:
            sitemap: Sitemap = run_sandboxed(read_sitemap, response.body)
            new = list(_new(sources, source, since, url, sitemap.pages))
            yield ExpectedPages(len(new))
            yield from new
            inner = [listed.url for listed in sitemap.sitemaps]
            yield Listing(url, frozenset(listed.url for listed in sitemap.pages))
            yield Checkpoint(f"sitemaps {url}", "\n".join(inner))
            yield Checkpoint(f"validators {url}", f"{response.validators.etag}\n{response.validators.last_modified}")
        if response.is_gone:
            yield Listing(url, frozenset())
        inner = [next_url for next_url in inner if next_url and is_same_site(next_url, url)]
        for next_url in (list(filter(holds_articles, inner)) or inner) if depth < _MAX_DEPTH else []:
            if next_url not in seen:
                seen.add(next_url)
                waiting.append((next_url, depth + 1))


def _new(
    sources: Sources, source: Source, since: str | None, sitemap: str, pages: list[SitemapEntry]
) -> Iterator[ListedPage]:
    for page in pages:
        found = ListedPage(page.url, page.url, page.changed, listed=sitemap)
        too_old = since and (page.published or page.changed[:10] or since) < since
        if not too_old and is_same_site(page.url, source.endpoint) and not is_known(sources, source, found):
            yield found


def holds_articles(url: str) -> bool:
    """Whether a sitemap may list articles, judging by its name."""
    return _NO_ARTICLES.match(url.rsplit("/", 1)[-1]) is None


def read_sitemap(data: bytes) -> Sitemap:
    """Parse a sitemap or an index of sitemaps: XML or lines of text, compressed or not. Run it in the sandbox.

    Returns:
        The URLs, for a truncated file those before the cut.

    Raises:
        BadInput: It is no sitemap, or larger than the protocol allows.
    """
    if data.startswith(b"\x1f\x8b"):
        try:
            data = b"".join(decompress(iter([data]), MAX_BYTES + 1))
        except zlib.error:
            raise BadInput("the sitemap is damaged: it cannot be unpacked") from None
        if len(data) > MAX_BYTES:
            raise BadInput(f"the sitemap unpacks to more than {MAX_BYTES // 1_000_000} MB")
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = data.decode("utf-8-sig", "replace").split()[:MAX_URLS]
        urls = [SitemapEntry(line, "", "") for line in lines if re.match(r"https?://", line) and len(line) <= MAX_URL]
        if not urls:
            raise BadInput("it is no sitemap")
        return Sitemap(urls, [])
    return _read_xml(data)


def _read_xml(data: bytes) -> Sitemap:
    from lxml import etree

    found = Sitemap([], [])
    root, fields = "", dict[str, str]()
    events = etree.iterparse(
        io.BytesIO(data.lstrip(b" \t\r\n")),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for event, element in events:
            name = etree.QName(element).localname if isinstance(element.tag, str) else ""
            if event == "start":
                root = root or name
                if root not in ("urlset", "sitemapindex"):
                    raise BadInput("it is no sitemap")
            elif name in ("loc", "lastmod", "publication_date"):
                fields.setdefault(name, (element.text or "").strip()[: MAX_URL + 1])
            elif name in ("url", "sitemap"):
                _keep(fields, found.pages if name == "url" else found.sitemaps)
                fields = {}
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
                if len(found.pages) + len(found.sitemaps) >= MAX_URLS:
                    break
    except etree.LxmlError:
        root = root or "nothing"
    if root not in ("urlset", "sitemapindex"):
        raise BadInput("it is no sitemap")
    return found


def _keep(fields: dict[str, str], into: list[SitemapEntry]) -> None:
    url = fields.get("loc", "")
    if re.match(r"https?://", url) and len(url) <= MAX_URL and not re.search(r"\s", url):
        day = _day(fields.get("publication_date", ""))
        into.append(SitemapEntry(url, fields.get("lastmod", "")[:40], day.isoformat()[:10] if day else ""))


def _day(written: str) -> date | None:
    try:
        return parse_date(written) if written else None
    except BadInput:
        return None
