"""The vectors of a generation, to search: a snapshot on disk, and what the database has gained and lost since.

The database holds every vector, so a snapshot can always be made again; it exists so that opening a large archive need
not load them all. A snapshot never changes. Vectors added after it are kept beside it in memory, and removed ones are
skipped, until there are so many of either that `kibaru.index.renewal` makes the next snapshot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import faiss
import numpy as np

from kibaru.arrays import Ids, Vector, Vectors
from kibaru.index import faiss_index
from kibaru.index.renewal import batches, tolerated_changes
from kibaru.index.snapshots import check_rest, folder_of, read_manifest, read_snapshot, unusable
from kibaru.storage.passages import PassageTable
from kibaru.storage.vectors import VectorTable
from kibaru.types import Filters

_SPARE = 1.5
"""An index of lists is asked for so many times the passages wanted, since its scores are rounded: all of them are
scored again with the true vectors."""

_WIDE = 10
"""How many times the passages wanted are searched, in the hope that enough of them pass a filter, before the passages
that pass are listed: enough where a tenth of all pass."""


class VectorIndex:
    """A snapshot with the changes since, kept in step with the database by `catch_up`.

    Its methods are called inside `store.reading()`.
    """

    def __init__(self, passages: PassageTable, vectors: VectorTable, archive: Path) -> None:
        """Open the snapshot of a generation.

        Args:
            passages: The passages of the generation.
            vectors: Their vectors.
            archive: The folder of the archive.

        Raises:
            IndexUnusable: The snapshot is missing or damaged.
        """
        self.generation = passages.generation
        self._passages, self._vectors = passages, vectors
        self._folder = folder_of(archive, self.generation)
        self._manifest, self._snapshot = read_snapshot(self._folder, self.generation)
        self._later = faiss.IndexIDMap2(faiss.IndexFlatIP(self.generation.dimension))
        self._gone = np.zeros(0, np.int64)
        self._without_gone: faiss.IDSelector | None = None
        self._last_passage, self._last_removed = self._manifest.last_passage, self._manifest.last_removed
        self._is_compared = False

    def __len__(self) -> int:
        return int(self._snapshot.ntotal - len(self._gone) + self._later.ntotal)

    def catch_up(self) -> None:
        """Take in what changed in the database since the last call.

        The first call also counts the passages in the database, which takes long in a large archive.

        Raises:
            IndexUnusable: Vectors and database disagree.
        """
        for ids, vectors in batches(self._vectors, self._last_passage):
            self._later.add_with_ids(vectors, ids)
            self._last_passage = int(ids[-1])
        if removed := self._passages.removed_after(self._last_removed):
            ids = np.array([id for _, id in removed], np.int64)
            self._later.remove_ids(faiss.IDSelectorBatch(ids))
            self._gone = np.concatenate([self._gone, ids[ids <= self._manifest.last_passage]])
            self._without_gone = faiss.IDSelectorNot(faiss.IDSelectorBatch(self._gone)) if len(self._gone) else None
            self._last_removed = removed[-1][0]
        if not self._is_compared and len(self) != self._passages.count():
            raise unusable(self._folder, "its vectors and its database disagree")
        self._is_compared = True

    def search(self, query: Vector, limit: int, filters: Filters = Filters()) -> list[tuple[int, float]]:  # noqa: B008
        """Find the passages nearest to a query.

        Args:
            query: Shape (dimension,), of length 1.
            limit: The number of passages at most.
            filters: Which articles may be in the result.

        Returns:
            Passage ids with their cosine to the query, the highest first.
        """
        wanted = limit if faiss_index.is_exact(self._snapshot) else math.ceil(_SPARE * limit)
        among = None
        if filters:
            ids, scores = self._candidates(query, _WIDE * limit)
            passing = np.isin(ids, self._passages.passing(ids.tolist(), filters))
            if passing.sum() >= wanted or len(ids) == len(self):
                return self._scored(query, ids[passing][:wanted], scores[passing][:wanted], limit)
            among = self._passages.ids(filters)
        return self._scored(query, *self._candidates(query, wanted, among), limit)

    def _candidates(self, query: Vector, limit: int, among: Ids | None = None) -> tuple[Ids, Vector]:
        """Ids and scores of the nearest in the snapshot and beside it, the best first; only `among` where given."""
        chosen = None if among is None else faiss.IDSelectorBatch(among)
        here = chosen or self._without_gone
        share = 1.0 if among is None else len(among) / max(1, len(self))
        found = [faiss_index.search(self._snapshot, query, limit, here, share)]
        if self._later.ntotal:
            found.append(faiss_index.search(self._later, query, limit, chosen, share))
        ids, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        best = np.argsort(-scores, kind="stable")[:limit]
        return ids[best], scores[best]

    def _scored(self, query: Vector, ids: Ids, scores: Vector, limit: int) -> list[tuple[int, float]]:
        """The best candidates with their true cosines; a snapshot in lists has only rounded ones."""
        if not faiss_index.is_exact(self._snapshot):
            ids, vectors = self._vectors.get(ids.tolist())
            scores = vectors @ query
            best = np.argsort(-scores, kind="stable")[:limit]
            ids, scores = ids[best], scores[best]
        return list(zip(ids.tolist(), scores.tolist(), strict=True))

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The vectors of passages, shape (len(ids), dimension). Raises IndexUnusable when one is missing."""
        wanted = np.array(ids, np.int64)
        if faiss_index.is_exact(self._snapshot):  # much quicker than the database
            vectors = np.empty((len(ids), self.generation.dimension), np.float32)
            early = wanted <= self._manifest.last_passage
            with suppress(KeyError):
                vectors[early] = faiss_index.vectors_of(self._snapshot, wanted[early])
                vectors[~early] = faiss_index.vectors_of(self._later, wanted[~early])
                return vectors
        else:
            found, vectors = self._vectors.get(ids)
            if len(found) == len(ids):
                return np.asarray(vectors[np.searchsorted(found, wanted)])
        raise unusable(self._folder, "its vectors and its database disagree")

    def ids(self) -> set[int]:
        """The ids of the passages that have a vector here."""
        there = set(faiss_index.ids_of(self._snapshot).tolist()) - set(self._gone.tolist())
        return there | set(faiss_index.ids_of(self._later).tolist())

    def differing(self) -> list[int]:
        """Ids of the passages whose vector in the snapshot is not that of the database; reads all of the snapshot.

        Raises:
            IndexUnusable: The file is damaged in a part that is not checked when it is opened.
        """
        check_rest(self._folder, self._manifest)
        return faiss_index.differing(self._snapshot, lambda ids: self._vectors.get(ids.tolist()))

    def is_superseded(self) -> bool:
        """Whether another process has made the next snapshot, so that opening it saves work."""
        if self._later.ntotal + len(self._gone) <= tolerated_changes(self._manifest.passages):
            return False
        return read_manifest(self._folder, self.generation).file != self._manifest.file
