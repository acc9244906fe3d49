"""The dataclasses that several packages share."""

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
    """A published text.

    Attributes:
        id: Names it in the archive.
        title: Its title.
        text: Its text, of which quotes are parts.
        url: Its address.
        published: When it was published: an ISO 8601 date, or date and time.
        author: Who wrote it.
        language: A two-letter code.
        outlet: The name of the newsroom.
        modified: When it was changed last, in the form of `published`.
        pages: The offset in `text` at which each page of a paged document starts.
    """

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
    """A checksum of texts: 32 hexadecimal digits; `Article.digest` is that of title and text."""
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()


def printable(name: str) -> str:
    """A name on one line, with `?` in place of control characters, which a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in name)


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that gave no article.

    Attributes:
        where: Its path, with the number of the line where there is one.
        why: The reason, in words for an editor.
    """

    where: str
    why: str

    def __str__(self) -> str:
        return f"{printable(self.where)}: {self.why}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an article that was added.

    Attributes:
        change: Whether it was added, updated an article, or is in the archive already.
        article: The article as it is in the archive now.
        same_title: The id of another article of the same title, which may be an earlier version.
        alike: The ids of its near-duplicates.
    """

    change: Literal["added", "updated", "unchanged"]
    article: Article
    same_title: str | None = None
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did.

    Attributes:
        generation: The number of the new generation.
        articles: Articles in the archive.
        passages: Passages in the new generation.
        embedded: How many of their vectors were computed.
    """

    generation: int
    articles: int
    passages: int
    embedded: int


Progress = Callable[[int, int], None]
"""Called with the articles indexed so far and those to index in all."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles may answer a question.

    Attributes:
        since: The first day of publication (ISO date).
        until: The last day of publication (ISO date).
        language: A two-letter code.
        without: The id of an article that is left out.
    """

    since: str | None = None
    until: str | None = None
    language: str | None = None
    without: str | None = None

    def __bool__(self) -> bool:
        return any((self.since, self.until, self.language, self.without))


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """A passage as it goes into the index; `StoredPassage` is how it comes out.

    Attributes:
        start: Where it starts in the text of its article.
        end: Where it ends.
        heading: The heading above it; empty when there is none.
        key: The key of its vector.
        title_stems: The stems of the article's title and of the heading, separated by spaces.
        body_stems: The stems of the passage, separated by spaces.
    """

    start: int
    end: int
    heading: str
    key: bytes
    title_stems: str
    body_stems: str


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage as it comes out of the index; `IndexedPassage` is how it goes in.

    Attributes:
        id: Its number in the generation.
        article_id: The id of its article.
        start: Where it starts in the text of the article.
        end: Where it ends.
        heading: The heading above it; empty when there is none.
    """

    id: int
    article_id: str
    start: int
    end: int
    heading: str


@dataclass(frozen=True, slots=True)
class Edition:
    """An earlier text of an article.

    Attributes:
        title: Its title at that time.
        text: Its text at that time.
        published: See `Article`.
        modified: See `Article`.
        replaced: When it got another title or text (ISO date and time, UTC).
    """

    title: str
    text: str
    published: str | None
    modified: str | None
    replaced: str
