"""What a walk through a source comes past: the vocabulary between the kinds of sources and `syncing`."""

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
    """A page or post that the source lists: its `key` there, and a `version` that is another when it changed.

    Without an `article` and without a `why` the page is still to be fetched; `why` says what is wrong with it.
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
    """So many more pages than were told of before will be come past, or fewer: for a progress bar."""

    pages: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """To be noted once everything found before it is safe."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All that the list at `url` has now; to be noted once everything found before it is safe."""

    url: str
    keys: frozenset[str]


CrawlStep = ListedPage | ExpectedPages | Checkpoint | Listing
Crawl = Callable[[HttpClient, Sources, Source, str | None], Iterator[CrawlStep]]
"""What changed in a source since the last marks; the last argument is the first day of publication wanted."""


def is_known(sources: Sources, source: Source, found: ListedPage) -> bool:
    """Whether this version of a page was dealt with before."""
    seen = sources.page(source, found.key)
    return seen is not None and seen.version == found.version and seen.state != "gone"
