"""What a walk through a source comes past: the vocabulary between the kinds of sources and `syncing`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from kibaru.sources.http.client import Fetcher
from kibaru.sources.http.responses import NONE_KNOWN, Validators
from kibaru.sources.registry import Source, Sources
from kibaru.types import Article


@dataclass(frozen=True, slots=True)
class Found:
    """A page or post that the source lists: its `key` there, and a `version` that is another when it changed.

    Without an `article` and without a `why` the page is still to be fetched; `why` says what is wrong with it.
    """

    key: str
    url: str
    version: str
    article: Article | None = None
    why: str = ""
    listed: str = ""
    validators: Validators = NONE_KNOWN
    trouble: Literal["", "gone", "unreachable"] = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """So many more pages than were told of before will be come past, or fewer: for a progress bar."""

    pages: int


@dataclass(frozen=True, slots=True)
class Mark:
    """To be noted once everything found before it is safe."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All that the list at `url` has now; to be noted once everything found before it is safe."""

    url: str
    keys: frozenset[str]


Step = Found | Expected | Mark | Listing
Walk = Callable[[Fetcher, Sources, Source, str | None], Iterator[Step]]
"""What changed in a source since the last marks; the last argument is the first day of publication wanted."""


def is_known(sources: Sources, source: Source, found: Found) -> bool:
    """Whether this version of a page was dealt with before."""
    seen = sources.seen(source, found.key)
    return seen is not None and seen.version == found.version and seen.state != "gone"
