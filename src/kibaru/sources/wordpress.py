"""A WordPress site by its REST API: every post, the earliest changed first, and from there on what changed.

Posts are asked for by the time they were changed, beginning a second before the last one that is safe: whatever is
changed or deleted during the walk, no post slips from one page of results to another unseen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.ingest.sandbox import run_sandboxed
from kibaru.sources.crawl import Checkpoint, CrawlStep, ExpectedPages, ListedPage, is_known
from kibaru.sources.http.addresses import is_same_site
from kibaru.sources.http.client import HttpClient, Refused, site_name
from kibaru.sources.http.responses import Validators
from kibaru.sources.markup import as_text, plain, text_of_html
from kibaru.sources.registry import Source, Sources
from kibaru.types import Article

_PER_PAGE = (100, 50, 20, 10)
"""WordPress gives 100 at most; some sites are set to give less."""

_MAX_ANSWERS = 20_000
"""Pages of posts in one walk: two million posts."""

_FIELDS = "id,link,date,modified,modified_gmt,title,content,_links.author,_embedded.author,yoast_head_json.author"


@dataclass(frozen=True, slots=True)
class Post:
    """A post as the API gave it: `changed` in the site's own time, and its article, or why there is none."""

    key: str
    url: str
    changed: str
    version: str
    article: Article | None
    why: str


def crawl(client: HttpClient, sources: Sources, source: Source, since: str | None) -> Iterator[CrawlStep]:
    """The posts changed since the last walk; see `kibaru.sources.crawl`."""
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
    """Keys of the posts that the API has no more. They are only looked for when it has fewer than it should."""
    since = sources.checkpoint(source, "since")
    counts = sources.counts(source)
    asked = {"per_page": _per_page(sources, source), "orderby": "id", "order": "desc", "_fields": "id"}
    page = client.get(_url(source, since, asked), known=Validators(sources.checkpoint(source, "total etag")))
    total = _number(page.headers.get("x-wp-total", ""))  # WordPress tells it with 304 too
    if total is not None and total < counts.kept + counts.failed:
        listed = _all_keys(client, sources, source, since)
        for seen in (*sources.pages_in_state(source, "kept"), *sources.pages_in_state(source, "failed")):
            if seen.key not in listed:
                yield seen.key
    if page.validators.etag:
        sources.set_checkpoint(source, "total etag", page.validators.etag)


def posts_in(data: bytes) -> list[Post]:
    """The posts in an answer of the API. Raises BadInput when it is none."""
    try:
        posts = json.loads(data)
    except (ValueError, RecursionError):  # what is no JSON is no list either
        posts = None
    if not isinstance(posts, list):
        raise BadInput("the site's WordPress API answers what is no list of posts")
    return [_post(post) for post in posts if isinstance(post, dict) and isinstance(post.get("id"), int)]


def _post(post: dict[str, Any]) -> Post:
    key, url, changed = str(post["id"]), as_text(post.get("link")), _time(post.get("modified"))
    version = as_text(post.get("modified_gmt"))[:40] or changed
    try:
        content = post.get("content")
        if isinstance(content, dict) and content.get("protected"):
            raise BadInput("it is protected by a password")
        text = text_of_html(_rendered(content))
        if not text:
            raise BadInput("the post has no text")
        article = make_article(
            title=plain(_rendered(post.get("title"))),
            text=text,
            url=url,
            published=_time(post.get("date")),
            modified=changed,
            author=_author(post),
        )
    except BadInput as error:
        return Post(key, url, changed, version, None, str(error))
    return Post(key, url, changed, version, article, "")


def _author(post: dict[str, Any]) -> str:
    """Sites that hide who may log in answer with an error in place of the author; an SEO plugin often tells still."""
    embedded = post.get("_embedded")
    authors = embedded.get("author") if isinstance(embedded, dict) else None
    for author in authors if isinstance(authors, list) else []:
        if isinstance(author, dict) and isinstance(author.get("name"), str):
            return plain(author["name"])
    head = post.get("yoast_head_json")
    return plain(as_text(head.get("author"))) if isinstance(head, dict) else ""


def _crawl_by_page(client: HttpClient, sources: Sources, source: Source, since: str | None) -> Iterator[CrawlStep]:
    """All posts, the latest changed first, down to a page of known ones when the last such walk came to its end."""
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
    """Posts, of as many as were asked for at once, with the request and the ETag of what was answered."""

    posts: list[Post]
    asked: int
    url: str
    etag: str
    total: int = 0


def _ask(client: HttpClient, sources: Sources, source: Source, since: str | None, asked: dict[str, Any]) -> _Answer:
    """A page of posts; none when it is unchanged since it was last asked for, or lies behind the last."""
    per_page = _per_page(sources, source)
    always = {"per_page": per_page, "orderby": "modified", "_embed": "author", "_fields": _FIELDS}
    url = _url(source, since, always | asked)
    known, _, etag = sources.checkpoint(source, "answer").partition(" ")
    try:
        page = client.get(url, known=Validators(etag if known == url else ""))
    except Refused:
        if asked["page"] > 1:
            return _Answer([], per_page, url, "")
        smaller = [count for count in _PER_PAGE if count < per_page]
        if not smaller:
            raise
        sources.set_checkpoint(source, "per page", str(smaller[0]))
        return _ask(client, sources, source, since, asked)
    if page.is_gone:
        raise BadInput(
            f"{site_name(source.url)} has no WordPress API any more: remove the source and add the site anew"
        )
    posts: list[Post] = [] if page.is_unchanged else run_sandboxed(posts_in, page.body)
    return _Answer(posts, per_page, url, page.validators.etag, _number(page.headers.get("x-wp-total", "")) or 0)


def _all_keys(client: HttpClient, sources: Sources, source: Source, since: str) -> set[str]:
    """The keys of all posts there are."""
    per_page, keys = _per_page(sources, source), set[str]()
    for number in range(1, _MAX_ANSWERS):
        asked = {"per_page": per_page, "orderby": "id", "order": "asc", "_fields": "id", "page": number}
        try:
            page = client.get(_url(source, since, asked))
            ids = {str(post["id"]) for post in json.loads(page.body or b"[]")}
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
    """The endpoint with parameters; it has some itself where the site has no pretty addresses (`?rest_route=`)."""
    asked = {name: str(value) for name, value in parameters.items() if value != ""}
    asked |= {"after": f"{since}T00:00:00"} if since else {}
    return str(httpx.URL(source.endpoint).copy_merge_params(asked))


def _number(header: str) -> int | None:
    return int(header) if header.isascii() and header.isdecimal() and len(header) < 10 else None


def _second_before(changed: str) -> str:
    return (datetime.fromisoformat(changed) - timedelta(seconds=1)).isoformat(timespec="seconds")


def _time(written: Any) -> str:
    """A date and time as WordPress writes it, in the site's own time; empty when it is none."""
    try:
        time = datetime.fromisoformat(as_text(written)[:40]).replace(tzinfo=None)
    except ValueError:
        return ""
    return time.isoformat(timespec="seconds") if time.year > 1900 else ""


def _rendered(field: Any) -> str:
    return as_text(field.get("rendered") if isinstance(field, dict) else field)
