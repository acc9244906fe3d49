"""One generation of the index: what the rest of Kibaru adds articles to, removes them from and searches in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kibaru.arrays import Vector, Vectors
from kibaru.index.keywords import KeywordIndex
from kibaru.index.renewal import create_snapshot, is_outdated, renew_snapshot
from kibaru.index.vector_index import VectorIndex
from kibaru.storage.generations import current_generation, make_current, new_generation
from kibaru.storage.passages import PassageTable
from kibaru.storage.store import Store
from kibaru.storage.vectors import SentenceTable, VectorTable
from kibaru.text.chunking import CHUNKING
from kibaru.text.stems import STEMMING
from kibaru.types import Article, Filters, GenerationRow, IndexedPassage

if TYPE_CHECKING:
    from kibaru.embedding.embedder import Embedder

NO_FILTERS = Filters()


class Generation:
    """A generation of the index, with its tables in the database and its snapshot on disk.

    `open` and `catch_up` come before `search_dense`, `vectors_of` and `count`. What searches is called inside
    `store.reading()`, what changes the generation inside `store.writing()`.

    Attributes:
        store: The archive's database.
        archive: The folder of the archive.
        row: Its number, model and versions.
        passages: The table of its passages.
        vectors: The vectors of its passages.
        sentences: The sentences of its passages.
    """

    def __init__(self, store: Store, archive: Path, row: GenerationRow) -> None:
        self.store, self.archive, self.row = store, archive, row
        self.passages = PassageTable(store, row)
        self.vectors = VectorTable(store, row)
        self.sentences = SentenceTable(store, row)
        self._keywords = KeywordIndex(self.passages)
        self._index: VectorIndex | None = None

    @classmethod
    def current(cls, store: Store, archive: Path) -> Generation | None:
        """The generation that is served; None when nothing was built yet."""
        row = current_generation(store)
        return cls(store, archive, row) if row else None

    @classmethod
    def create(cls, store: Store, archive: Path, embedder: Embedder, *, above: int = 0) -> Generation:
        """Make a new, empty generation for a model; its number is higher than `above`."""
        dimension = embedder.dimension
        with store.writing():
            row = new_generation(store, embedder.identity, dimension, CHUNKING, STEMMING, above=above)
            create_snapshot(archive, row)
        return cls(store, archive, row)

    def make_current(self) -> None:
        """Switch to this generation: from this commit on it answers questions."""
        make_current(self.store, self.row)

    def is_of_this_version(self) -> bool:
        """Whether it was built by code that chunks and stems as this Kibaru does."""
        return (self.row.chunking, self.row.stemming) == (CHUNKING, STEMMING)

    # Changing

    def add(self, article: Article, passages: Sequence[IndexedPassage]) -> None:
        """Index an article, in place of what was indexed under its id; the vectors of its passages are stored."""
        self.passages.put(article, passages)

    def remove(self, article_id: str) -> None:
        """Remove an article."""
        self.passages.delete(article_id)

    def is_outdated(self) -> bool:
        """Whether so much changed since the snapshot that it should be renewed. Loads no vectors."""
        return is_outdated(self.archive, self.passages)

    def renew(self) -> None:
        """Write a snapshot of the present state."""
        renew_snapshot(self.archive, self.passages, self.vectors)

    # Searching

    def open(self) -> None:
        """Load the latest snapshot. Raises IndexUnusable when it is missing or damaged."""
        self._index = VectorIndex(self.passages, self.vectors, self.archive)

    def is_superseded(self) -> bool:
        """Whether another process has written a later snapshot, so that opening it saves work."""
        return self._opened.is_superseded()

    def catch_up(self) -> None:
        """Take in what changed in the database. Raises IndexUnusable when it does not go with the vectors."""
        self._opened.catch_up()

    def count(self) -> int:
        """The number of passages in the loaded snapshot, with the changes since that `catch_up` has seen."""
        return len(self._opened)

    def search_dense(self, query: Vector, limit: int, filters: Filters = NO_FILTERS) -> list[tuple[int, float]]:
        """Find the passages nearest to a query.

        Args:
            query: Shape (dimension,), of length 1.
            limit: The number of passages at most.
            filters: Which articles may be in the result.

        Returns:
            Passage ids with their cosine to the query, the highest first.
        """
        return self._opened.search(query, limit, filters)

    def search_keywords(
        self, frequencies: Mapping[str, int], limit: int, filters: Filters = NO_FILTERS
    ) -> list[tuple[int, float]]:
        """Find the passages with any of these stems.

        Args:
            frequencies: In how many passages each stem is, see `frequencies`.
            limit: The number of passages at most.
            filters: Which articles may be in the result.

        Returns:
            Passage ids with their BM25 score, the highest first.
        """
        return self._keywords.search(frequencies, limit, filters)

    def frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        """In how many passages each of these stems is, about; stems that are in none are left out."""
        return self._keywords.frequencies(stems)

    def vectors_of(self, ids: Sequence[int]) -> Vectors:
        """The vectors of passages, shape (len(ids), dimension). Raises IndexUnusable when one is missing."""
        return self._opened.vectors(ids)

    @property
    def _opened(self) -> VectorIndex:
        assert self._index is not None, "open() comes first"
        return self._index
