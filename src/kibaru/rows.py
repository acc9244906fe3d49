"""What the database keeps beside articles, a row each: generations of the index, passages, earlier editions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Generation:
    """One complete built index. `chunking` and `stemming` are the versions of the code that built it."""

    id: int
    model: str
    dimension: int
    chunking: int
    stemming: int


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """A passage as it goes into the index: offsets, heading, the key of its vector, and its stems."""

    start: int
    end: int
    heading: str
    key: bytes
    title_stems: str
    body_stems: str


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage as it comes out of the index."""

    id: int
    article_id: str
    start: int
    end: int
    heading: str


@dataclass(frozen=True, slots=True)
class Edition:
    """What an article said until `replaced` (ISO date and time, UTC), when it got another title or text."""

    title: str
    text: str
    published: str | None
    modified: str | None
    replaced: str
