"""The data that several packages share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple


class Span(NamedTuple):
    """A half-open range of characters: `text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """A published text. `published` and `modified` are ISO 8601 dates or dates and times; `language` is a two-letter
    code, `outlet` the newsroom's name, `pages` the offset in `text` where each page of a paged document starts."""

    id: str
    title: str
    text: str
    url: str | None = None
    published: str | None = None
    author: str | None = None
    language: str | None = None
    outlet: str | None = None
    modified: str | None = None
    pages: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """Changes when the title or the text does: hexadecimal, 32 digits."""
        return digest(self.title, self.text)


def digest(*parts: str) -> str:
    """Tells texts apart; of an article's title and text it is its `digest`."""
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()


def printable(name: str) -> str:
    """A name on one line, with nothing in it that a terminal obeys."""
    return "".join(character if character.isprintable() else "?" for character in name)


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that gave no article: where it is (a path, with the line where there is one) and why."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{printable(self.where)}: {self.why}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an article that was added. `same_title` is another article's id, perhaps an earlier version;
    `alike` are the ids of those that tell the same."""

    change: Literal["added", "updated", "unchanged"]
    article: Article
    same_title: str | None = None
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: passages in the new generation, and how many of their vectors it had to compute."""

    generation: int
    articles: int
    passages: int
    embedded: int


Progress = Callable[[int, int], None]
"""Called with the articles indexed so far and those to index in all."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles a question is about: ISO dates, both ends included, a language code, and one article left out."""

    since: str | None = None
    until: str | None = None
    language: str | None = None
    without: str | None = None

    def __bool__(self) -> bool:
        return any((self.since, self.until, self.language, self.without))


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
