"""Crawl a site by its RSS or Atom feed, which lists the latest entries, with their whole text or without."""

from __future__ import annotations

import hashlib
import io
import re
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.ingest.sandbox import run_sandboxed
from kibaru.sources.crawl import Checkpoint, CrawlStep, ExpectedPages, ListedPage, is_known
from kibaru.sources.http.addresses import is_same_site, parse_url
from kibaru.sources.http.client import HttpClient, site_name
from kibaru.sources.http.responses import Validators
from kibaru.sources.markup import as_text, plain, text_of_html
from kibaru.sources.registry import Source, Sources
from kibaru.types import Article

_MAX_ENTRIES = 2_000
"""Feeds have 10 to 50 entries; a few are whole archives."""

_WHOLE = 800
"""Characters of text from which an entry counts as the whole article; summaries have 55 words by default."""

_BARE = re.compile(rb"&(?!(?:[a-zA-Z]\w{1,30}|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
"""An ampersand that should have been escaped, the commonest fault of feeds."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An entry of a feed.

    Attributes:
        version: Changes when the entry changes.
        published: ISO date, empty when the feed gives none.
        article: The article, where the feed has all of it.
    """

    key: str
    url: str
    version: str
    published: str
    article: Article | None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's title and its entries."""

    title: str
    entries: list[FeedEntry]


def crawl(client: HttpClient, sources: Sources, source: Source, since: str | None) -> Iterator[CrawlStep]:
    """The entries that are new or changed, as `kibaru.sources.crawl.Crawl` describes.

    Raises:
        BadInput: There is no feed any more.
    """
    known = Validators(sources.checkpoint(source, "etag"), sources.checkpoint(source, "last modified"))
    response = client.get(source.endpoint, known=known, accept="application/rss+xml, application/atom+xml, */*;q=0.8")
    if response.is_gone:
        raise BadInput(f"{site_name(source.url)} has no feed at {source.endpoint} any more: add the site anew")
    if response.is_unchanged:
        return
    feed: Feed = run_sandboxed(read_feed, response.body, response.url, response.charset)
    new = list(_new(sources, source, since, feed.entries))
    yield ExpectedPages(len(new))
    yield from new
    yield Checkpoint("etag", response.validators.etag)
    yield Checkpoint("last modified", response.validators.last_modified)


def _new(sources: Sources, source: Source, since: str | None, entries: list[FeedEntry]) -> Iterator[ListedPage]:
    for entry in entries:
        article = entry.article
        if article and article.url and not is_same_site(article.url, source.endpoint):
            article = None  # what the page itself says counts
        why = "" if article or entry.url else "the entry has no link and not the whole text"
        found = ListedPage(entry.key, entry.url, entry.version, article, why)
        too_old = since and entry.published and entry.published < since
        if not too_old and not is_known(sources, source, found):
            yield found


def read_feed(data: bytes, url: str = "", charset: str | None = None) -> Feed:
    """Parse a feed, well-formed or not. Run it in the sandbox.

    Args:
        data: RSS or Atom.
        url: Where it was fetched; links may be relative to it.
        charset: The encoding that the server declared.

    Raises:
        BadInput: It is no feed.
    """
    import feedparser

    declared = {"content-type": f"application/xml; charset={charset}"} if charset else {}
    headers = declared | {"content-location": url}
    parsed = feedparser.parse(io.BytesIO(data), response_headers=headers, sanitize_html=False)
    if parsed.bozo and (repaired := _BARE.sub(b"&amp;", data)) != data:
        parsed = feedparser.parse(io.BytesIO(repaired), response_headers=headers, sanitize_html=False)
    if not parsed.get("version") and not parsed.entries:
        raise BadInput("it is no RSS or Atom feed")
    entries = (_entry(entry, url) for entry in parsed.entries[:_MAX_ENTRIES])
    return Feed(plain(as_text(parsed.feed.get("title"))), [entry for entry in entries if entry])


def _entry(entry: Any, base: str) -> FeedEntry | None:
    link = _link(entry, base)
    published, modified = (
        _time(entry.get(name)) if name in entry else "" for name in ("published_parsed", "updated_parsed")
    )
    contents = [as_text(part.get("value")) for part in entry.get("content", []) if isinstance(part, dict)]
    html = max([*contents, as_text(entry.get("summary"))], key=len)
    title = plain(as_text(entry.get("title")))
    key = as_text(entry.get("id")) or link or _digest(title, html)
    article = None
    try:
        text = text_of_html(html)
        if len(text) >= _WHOLE or (contents and not link and text):
            article = make_article(
                title=title,
                text=text,
                url=link,
                published=published or modified,
                modified=modified,
                author=plain(as_text(entry.get("author")))[:200],
            )
    except BadInput:
        if not link:
            return None
    return FeedEntry(key[:1_000], link, _digest(title, modified or html), (published or modified)[:10], article)


def _link(entry: Any, base: str) -> str:
    """The entry's own address: FeedBurner's original link where there is one."""
    for written in (entry.get("feedburner_origlink"), entry.get("link")):
        try:
            if as_text(written):
                return str(parse_url(as_text(written).replace("&amp;", "&"), base=base))
        except BadInput:
            continue
    return ""


def _time(parsed: Any) -> str:
    """A time as feedparser gives it, in UTC, in ISO 8601."""
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC).isoformat(timespec="seconds") if parsed else ""
    except (ValueError, OverflowError, OSError, TypeError):
        return ""


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
