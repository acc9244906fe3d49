"""Posts as a WordPress REST API gives them: JSON to articles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.sources.markup import as_text, plain, text_of_html
from kibaru.types import Article


@dataclass(frozen=True, slots=True)
class Post:
    """A post as the API gave it.

    Attributes:
        changed: Date and time of the last change, in the site's own time.
        version: Changes when the post changes.
        article: The post as an article, None where it gives none.
        why: Why it gives no article, empty when it does.
    """

    key: str
    url: str
    changed: str
    version: str
    article: Article | None
    why: str


def posts_in(data: bytes) -> list[Post]:
    """Parse a response of the API into posts. Run it in the sandbox.

    Raises:
        BadInput: It is no list of posts.
    """
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
    """The author's name: sites that hide their users send an error in its place, but an SEO plugin may name them."""
    embedded = post.get("_embedded")
    authors = embedded.get("author") if isinstance(embedded, dict) else None
    for author in authors if isinstance(authors, list) else []:
        if isinstance(author, dict) and isinstance(author.get("name"), str):
            return plain(author["name"])
    head = post.get("yoast_head_json")
    return plain(as_text(head.get("author"))) if isinstance(head, dict) else ""


def _time(written: Any) -> str:
    """A date and time as WordPress writes it, in the site's own time; empty for anything else."""
    try:
        time = datetime.fromisoformat(as_text(written)[:40]).replace(tzinfo=None)
    except ValueError:
        return ""
    return time.isoformat(timespec="seconds") if time.year > 1900 else ""


def _rendered(field: Any) -> str:
    return as_text(field.get("rendered") if isinstance(field, dict) else field)
