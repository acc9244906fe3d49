"""Crawl a WordPress site by its REST API: all posts in the order of their changes, then only what changed since.

Each request asks for posts changed after a time: one second before the last change that is stored. So no post is missed
when others are changed or deleted during the crawl, as would happen with numbered pages of results.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from kibaru.errors import BadInput
from kibaru.ingest.sandbox import run_sandboxed
from kibaru.sources.crawl import Checkpoint, CrawlStep, ExpectedPages, ListedPage, is_known
from kibaru.sources.http.addresses import is_same_site
from kibaru.sources.http.client import HttpClient, Refused, site_name
from kibaru.sources.http.responses import Validators
from kibaru.sources.registry import Source, Sources
from kibaru.sources.wordpress_posts import Post, posts_in

_PER_PAGE = (100, 50, 20, 10)
"""Posts a request. WordPress gives 100 at most; some sites are set to give less."""

_MAX_ANSWERS = 20_000
"""Requests for posts in one crawl: enough for two million posts."""

_FIELDS = "id,link,date,modified,modified_gmt,title,content,_links.author,_embedded.author,yoast_head_json.author"


def crawl(client: HttpClient, sources: Sources, source: Source, since: str | None) -> Iterator[CrawlStep]:
    """The posts that changed since the last crawl, as `kibaru.sources.crawl.Crawl` describes.

    Raises:
        BadInput: There is no API any more, or it lists posts without end.
    """
    after = sources.checkpoint(source, "after")
    if sources.checkpoint(source, "paged") and after:
        yield from _crawl_by_page(client, sources, source, since)
        return
    page, total, before = 1, 0, list[Post]()
    for _ in range(_MAX_ANSWERS):
        asked = {"modified_after": after, "order": "asc", "page": page}
        answer = _ask(client, sources, source, since, asked)
        latest = max((post.changed for post in answer.posts), default="")
        if after and latest and latest <= after:  # before 5.7 WordPress does not know the parameter
            yield Checkpoint("paged", "1")
            yield from _crawl_by_page(client, sources, source, since)
            return
        if answer.total and not total:
            total = answer.total
            yield ExpectedPages(total)
        yield from _new(sources, source, answer.posts)
        if page > 1 and answer.posts == before:
            break
        before = answer.posts
        if latest and _second_before(latest) > after:  # once more at the end, so that the next sync asks the very same
            after, page = _second_before(latest), 1
            yield Checkpoint("after", after)
        elif len(answer.posts) == answer.asked:  # a whole page changed within one second, as when a site was moved
            page += 1
        else:
            if answer.etag:
                yield Checkpoint("answer", f"{answer.url} {answer.etag}")
            return
    raise BadInput(f"{site_name(source.url)} lists posts without end")


def deleted_posts(client: HttpClient, sources: Sources, source: Source) -> Iterator[str]:
    """The keys of posts that the site has deleted.

    All keys are only listed when the API counts fewer posts than are known.
    """
    since = sources.checkpoint(source, "since")
    counts = sources.counts(source)
    asked = {"per_page": _per_page(sources, source), "orderby": "id", "order": "desc", "_fields": "id"}
    response = client.get(_url(source, since, asked), known=Validators(sources.checkpoint(source, "total etag")))
    total = _number(response.headers.get("x-wp-total", ""))  # WordPress tells it with 304 too
    if total is not None and total < counts.kept + counts.failed:
        listed = _all_keys(client, sources, source, since)
        for seen in (*sources.pages_in_state(source, "kept"), *sources.pages_in_state(source, "failed")):
            if seen.key not in listed:
                yield seen.key
    if response.validators.etag:
        sources.set_checkpoint(source, "total etag", response.validators.etag)


def _crawl_by_page(client: HttpClient, sources: Sources, source: Source, since: str | None) -> Iterator[CrawlStep]:
    """All posts, the latest changed first; up to a page of known posts when the last such crawl was complete."""
    whole, before = bool(sources.checkpoint(source, "whole")), list[Post]()
    for page in range(1, _MAX_ANSWERS):
        answer = _ask(client, sources, source, since, {"order": "desc", "page": page})
        found = list(_new(sources, source, answer.posts))
        if found and page == 1:
            yield Checkpoint("whole", "")
        yield from found
        if page == 1 and not found and answer.etag:
            yield Checkpoint("answer", f"{answer.url} {answer.etag}")
        if len(answer.posts) < answer.asked or answer.posts == before or (whole and not found):
            break
        before = answer.posts
    yield Checkpoint("whole", "1")


def _new(sources: Sources, source: Source, posts: list[Post]) -> Iterator[ListedPage]:
    for post in posts:
        found = ListedPage(post.key, post.url, post.version, post.article, post.why)
        if not post.why and not is_same_site(post.url, source.endpoint):
            found = replace(found, article=None, why="it says that its address is on another site")
        if not is_known(sources, source, found):
            yield found


@dataclass(frozen=True, slots=True)
class _Answer:
    """A page of results: its posts, how many were asked for, the request's URL, and the response's ETag."""

    posts: list[Post]
    asked: int
    url: str
    etag: str
    total: int = 0


def _ask(client: HttpClient, sources: Sources, source: Source, since: str | None, asked: dict[str, Any]) -> _Answer:
    """A page of posts; no posts when it is unchanged since the last request, or beyond the last page."""
    per_page = _per_page(sources, source)
    always = {"per_page": per_page, "orderby": "modified", "_embed": "author", "_fields": _FIELDS}
    url = _url(source, since, always | asked)
    known, _, etag = sources.checkpoint(source, "answer").partition(" ")
    try:
        response = client.get(url, known=Validators(etag if known == url else ""))
    except Refused:
        if asked["page"] > 1:
            return _Answer([], per_page, url, "")
        smaller = [count for count in _PER_PAGE if count < per_page]
        if not smaller:
            raise
        sources.set_checkpoint(source, "per page", str(smaller[0]))
        return _ask(client, sources, source, since, asked)
    if response.is_gone:
        raise BadInput(
            f"{site_name(source.url)} has no WordPress API any more: remove the source and add the site anew"
        )
    posts: list[Post] = [] if response.is_unchanged else run_sandboxed(posts_in, response.body)
    return _Answer(posts, per_page, url, response.validators.etag, _number(response.headers.get("x-wp-total", "")) or 0)


def _all_keys(client: HttpClient, sources: Sources, source: Source, since: str) -> set[str]:
    """The keys of all posts of the site."""
    per_page, keys = _per_page(sources, source), set[str]()
    for number in range(1, _MAX_ANSWERS):
        asked = {"per_page": per_page, "orderby": "id", "order": "asc", "_fields": "id", "page": number}
        try:
            response = client.get(_url(source, since, asked))
            ids = {str(post["id"]) for post in json.loads(response.body or b"[]")}
        except Refused:
            break
        except (ValueError, TypeError, KeyError, RecursionError):
            raise BadInput(f"{site_name(source.url)} answers what is no list of posts") from None
        if ids <= keys:
            break
        keys |= ids
    return keys


def _per_page(sources: Sources, source: Source) -> int:
    return int(sources.checkpoint(source, "per page") or _PER_PAGE[0])


def _url(source: Source, since: str | None, parameters: dict[str, Any]) -> str:
    """The endpoint with parameters added; without pretty permalinks it has one already (`?rest_route=`)."""
    asked = {name: str(value) for name, value in parameters.items() if value != ""}
    asked |= {"after": f"{since}T00:00:00"} if since else {}
    return str(httpx.URL(source.endpoint).copy_merge_params(asked))


def _number(header: str) -> int | None:
    return int(header) if header.isascii() and header.isdecimal() and len(header) < 10 else None


def _second_before(changed: str) -> str:
    return (datetime.fromisoformat(changed) - timedelta(seconds=1)).isoformat(timespec="seconds")
