"""The dataclasses that several packages share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


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
class Preview:
    """What adding an article would do.

    Attributes:
        article: The article to add.
        passages: How many passages it would be chunked into.
        replaces: The stored article that it would replace, or None when it is new.
        same_title: The id of another stored article under the same title, if there is one.
    """

    article: Article
    passages: int
    replaces: Article | None
    same_title: str | None

    @property
    def change(self) -> Literal["new", "unchanged", "update"]:
        """What would happen to the archive."""
        if self.replaces is None:
            return "new"
        return "unchanged" if self.replaces.digest == self.article.digest else "update"


@dataclass(frozen=True, slots=True)
class GenerationRow:
    """A generation as the table `generations` describes it.

    Attributes:
        id: Its number, which names its tables and its folder.
        model: The identity of the embedding model, see `Embedder.identity`.
        dimension: Numbers in one vector.
        chunking: The version of the code that cut its articles into passages.
        stemming: The version of the code that made its stems.
    """

    id: int
    model: str
    dimension: int
    chunking: int
    stemming: int


@dataclass(frozen=True, slots=True)
class Status:
    """The state of an archive.

    Attributes:
        folder: The archive's folder.
        articles: How many articles there are.
        passages: How many passages are indexed.
        published: The first and the last date of publication (ISO), or None.
        languages: The languages of the articles, the most frequent first.
        generation: The generation of the index that is served, or None.
        model: The identity of the embedding model.
        calibrated: Whether the confidence is calibrated for the model.
        bytes: What the folder takes on disk.
        problem: None when the archive is healthy; else one line that names the command to run.
    """

    folder: Path
    articles: int
    passages: int
    published: tuple[str, str] | None
    languages: list[str]
    generation: GenerationRow | None
    model: str
    calibrated: bool
    bytes: int
    problem: str | None


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
