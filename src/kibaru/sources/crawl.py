"""The steps of a crawl: what the kinds of sources (WordPress, feed, sitemap) yield to a sync."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from kibaru.sources.http.client import HttpClient
from kibaru.sources.http.responses import NO_VALIDATORS, Validators
from kibaru.sources.registry import Source, Sources
from kibaru.types import Article


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page or post that the source lists. With neither `article` nor `why`, it is still to be fetched.

    Attributes:
        key: Identifies it within the source.
        version: Changes when the page changes.
        article: Its article, where the list has all of it or once it was fetched.
        why: Why it gives no article.
        listed: URL of the sitemap that lists it.
        validators: What makes the next request for it conditional.
        fetch_problem: Why fetching failed, where that decides what the sync does next.
    """

    key: str
    url: str
    version: str
    article: Article | None = None
    why: str = ""
    listed: str = ""
    validators: Validators = NO_VALIDATORS
    fetch_problem: Literal["", "gone", "unreachable"] = ""


@dataclass(frozen=True, slots=True)
class ExpectedPages:
    """About how many more pages follow than were announced before: for a progress bar."""

    pages: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the next sync goes on: to be stored under `name` once every page before it is safe."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The keys of all pages on the list at `url`: to be stored once every page before it is safe."""

    url: str
    keys: frozenset[str]


CrawlStep = ListedPage | ExpectedPages | Checkpoint | Listing
Crawl = Callable[[HttpClient, Sources, Source, str | None], Iterator[CrawlStep]]
"""A function from client, registry, source and first day of publication (ISO date, None for all) to the steps."""


def is_known(sources: Sources, source: Source, found: ListedPage) -> bool:
    """Whether this version of a page was dealt with before.

    Args:
        found: The page as the source lists it now.
    """
    seen = sources.page(source, found.key)
    return seen is not None and seen.version == found.version and seen.state != "gone"
