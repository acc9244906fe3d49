"""The vectors of a generation, to search: a snapshot on disk, and what the database has gained and lost since.

The database holds every vector, so a snapshot can always be made anew; it exists so that opening a large archive need
not read them all. A snapshot never changes. What came after it is kept beside it in memory, and what went is passed
over, until there is so much of either that `renew` makes the next one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import faiss
import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from kibaru.errors import IndexUnusable
from kibaru.index import faiss_index
from kibaru.index.faiss_index import Ids, Kind, Vectors
from kibaru.index.snapshots import (
    Manifest,
    check_rest,
    folder_of,
    make_folder,
    read_manifest,
    read_snapshot,
    unusable,
    write_snapshot,
)
from kibaru.storage import passages
from kibaru.storage.passage_vectors import vectors_after, vectors_of
from kibaru.storage.store import Store
from kibaru.types import Filters, Generation

OUTDATED_SHARE = 0.1
OUTDATED_MOST = 20_000
"""A snapshot is replaced once the changes since are a tenth of its passages, or so many: compared one by one these
take 1 ms, and reading them from the database takes a fifth of a second when an archive is opened."""

_SPARE = 1.5
"""Of lists, so many times the passages wanted are scored again: what rounding put just behind is among them."""

_AT_ONCE = 10_000
_WIDE = 10
"""How many times the passages wanted are looked at before the passages that pass a filter are listed: enough where a
tenth of all pass."""


class VectorIndex:
    """A snapshot with the changes since, kept in step with the database by `catch_up`.

    Methods that take a store are called inside `store.reading()`.
    """

    def __init__(self, folder: Path, generation: Generation, manifest: Manifest, snapshot: Kind) -> None:
        self.generation = generation
        self._folder = folder
        self._manifest = manifest
        self._snapshot = snapshot
        self._later = faiss.IndexIDMap2(faiss.IndexFlatIP(generation.dimension))
        self._gone = np.zeros(0, np.int64)
        self._without_gone: faiss.IDSelector | None = None
        self._last_passage, self._last_removed = manifest.last_passage, manifest.last_removed
        self._is_compared = False

    @classmethod
    def open(cls, archive: Path, generation: Generation) -> VectorIndex:
        """The snapshot of `generation`. Raises IndexUnusable when it is not whole."""
        folder = folder_of(archive, generation)
        return cls(folder, generation, *read_snapshot(folder, generation))

    def __len__(self) -> int:
        return int(self._snapshot.ntotal - len(self._gone) + self._later.ntotal)

    def catch_up(self, store: Store) -> None:
        """Take in what changed in the database.

        Raises IndexUnusable when vectors and database disagree; passages are counted once, as that reads them all.
        """
        g = self.generation
        for ids, vectors in _batches(store, g, self._last_passage):
            self._later.add_with_ids(vectors, ids)
            self._last_passage = int(ids[-1])
        if removed := passages.removed_after(store, g.id, self._last_removed):
            ids = np.array([id for _, id in removed], np.int64)
            self._later.remove_ids(faiss.IDSelectorBatch(ids))
            self._gone = np.concatenate([self._gone, ids[ids <= self._manifest.last_passage]])
            self._without_gone = faiss.IDSelectorNot(faiss.IDSelectorBatch(self._gone)) if len(self._gone) else None
            self._last_removed = removed[-1][0]
        if not self._is_compared and len(self) != passages.count_passages(store, g.id):
            raise unusable(self._folder, "its vectors and its database disagree")
        self._is_compared = True

    def search(
        self,
        store: Store,
        question: NDArray[np.float32],
        limit: int,
        filters: Filters = Filters(),  # noqa: B008  # frozen
    ) -> list[tuple[int, float]]:
        """Passage ids with their cosine to `question` (d,), the best first, of articles that pass `filters`."""
        wanted = limit if faiss_index.is_exact(self._snapshot) else math.ceil(_SPARE * limit)
        among = None
        if filters:
            ids, scores = self._candidates(question, _WIDE * limit)
            passing = np.isin(ids, passages.passing(store, self.generation.id, ids.tolist(), filters))
            if passing.sum() >= wanted or len(ids) == len(self):
                return self._scored(store, question, ids[passing][:wanted], scores[passing][:wanted], limit)
            among = passages.passage_ids(store, self.generation.id, filters)
        return self._scored(store, question, *self._candidates(question, wanted, among), limit)

    def _candidates(
        self, question: NDArray[np.float32], limit: int, among: NDArray[np.int64] | None = None
    ) -> tuple[Ids, Vectors]:
        """Ids and scores of the nearest, the best first, in the snapshot and beside it; only `among` where given."""
        chosen = None if among is None else faiss.IDSelectorBatch(among)
        here = chosen or self._without_gone
        share = 1.0 if among is None else len(among) / max(1, len(self))
        found = [faiss_index.search(self._snapshot, question, limit, here, share)]
        if self._later.ntotal:
            found.append(faiss_index.search(self._later, question, limit, chosen, share))
        ids, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        best = np.argsort(-scores, kind="stable")[:limit]
        return ids[best], scores[best]

    def _scored(
        self, store: Store, question: NDArray[np.float32], ids: Ids, scores: Vectors, limit: int
    ) -> list[tuple[int, float]]:
        """The best candidates with their true cosines, which a snapshot in lists knows roughly."""
        if not faiss_index.is_exact(self._snapshot):
            ids, vectors = vectors_of(store, self.generation.id, ids.tolist(), self.generation.dimension)
            scores = vectors @ question
            best = np.argsort(-scores, kind="stable")[:limit]
            ids, scores = ids[best], scores[best]
        return list(zip(ids.tolist(), scores.tolist(), strict=True))

    def vectors(self, store: Store, ids: Sequence[int]) -> Vectors:
        """The unit vectors (n, d) of passages. Raises IndexUnusable when one has none."""
        wanted = np.array(ids, np.int64)
        if faiss_index.is_exact(self._snapshot):  # a tenth of what the database takes
            vectors = np.empty((len(ids), self.generation.dimension), np.float32)
            early = wanted <= self._manifest.last_passage
            with suppress(KeyError):
                vectors[early] = faiss_index.kept(self._snapshot, wanted[early])
                vectors[~early] = faiss_index.kept(self._later, wanted[~early])
                return vectors
        else:
            found, vectors = vectors_of(store, self.generation.id, ids, self.generation.dimension)
            if len(found) == len(ids):
                return np.asarray(vectors[np.searchsorted(found, wanted)])
        raise unusable(self._folder, "its vectors and its database disagree")

    def ids(self) -> set[int]:
        """The passages whose vectors these are."""
        there = set(faiss_index.ids_of(self._snapshot).tolist()) - set(self._gone.tolist())
        return there | set(faiss_index.ids_of(self._later).tolist())

    def differing(self, store: Store) -> list[int]:
        """Ids whose vector in the snapshot is not that of the database. Raises IndexUnusable when the file is damaged
        where opening it does not look."""
        check_rest(self._folder, self._manifest)
        g = self.generation
        return faiss_index.differing(self._snapshot, lambda ids: vectors_of(store, g.id, ids.tolist(), g.dimension))

    def is_overtaken(self) -> bool:
        """Whether so much came after the snapshot that another process has made the next one."""
        if self._later.ntotal + len(self._gone) <= _bearable(self._manifest.passages):
            return False
        return read_manifest(self._folder, self.generation).file != self._manifest.file


def create(archive: Path, generation: Generation) -> None:
    """Save the empty snapshot of a new generation below the archive's folder."""
    make_folder(archive, generation)
    empty = faiss_index.build(0, generation.dimension, _no_sample, ())
    write_snapshot(folder_of(archive, generation), generation, empty, articles=0, last_passage=0, last_removed=0)


def is_outdated(store: Store, archive: Path, generation: Generation) -> bool:
    """Whether so much came after the snapshot that it should be renewed. Reads no vectors."""
    manifest = read_manifest(folder_of(archive, generation), generation)
    changes = passages.last_passage(store, generation.id) - manifest.last_passage
    changes += passages.last_removed(store, generation.id) - manifest.last_removed
    return changes > _bearable(manifest.passages)


def _bearable(passages: int) -> float:
    return min(OUTDATED_SHARE * passages, OUTDATED_MOST)


def renew(store: Store, archive: Path, generation: Generation) -> None:
    """Make a snapshot of the present state, of the kind that its size calls for.

    It is made out of the former one where that is whole and of this kind, else out of the database. Whoever comes while
    another process does it waits, and has nothing left to do.
    """
    folder, g = folder_of(archive, generation), generation.id
    with FileLock(folder / "snapshot.lock", mode=0o600), store.reading():
        last_passage, last_removed = passages.last_passage(store, g), passages.last_removed(store, g)
        index = None
        with suppress(IndexUnusable):
            manifest, former = read_snapshot(folder, generation, to_change=True)
            if (manifest.last_passage, manifest.last_removed) == (last_passage, last_removed):
                return
            index = _continued(store, generation, manifest, former)
        count = passages.count_passages(store, g)
        if index is None or index.ntotal != count:
            index = faiss_index.build(
                count, generation.dimension, lambda n: _sample(store, generation, n), _batches(store, generation, 0)
            )
        write_snapshot(
            folder, generation, index,
            articles=store.count_articles(), last_passage=last_passage, last_removed=last_removed,
        )  # fmt: skip


def _continued(store: Store, generation: Generation, manifest: Manifest, index: Kind) -> Kind | None:
    """A snapshot brought up to date, unless another kind or other lists are due."""
    if not faiss_index.suits(index, passages.count_passages(store, generation.id)):
        return None
    for ids, vectors in _batches(store, generation, manifest.last_passage):
        index.add_with_ids(vectors, ids)
    removed = [id for _, id in passages.removed_after(store, generation.id, manifest.last_removed)]
    index.remove_ids(faiss.IDSelectorBatch(np.array(removed, np.int64)))
    return index


def _batches(store: Store, generation: Generation, last: int) -> Iterator[tuple[Ids, Vectors]]:
    """Ids and vectors of the passages above the id `last`, some at a time."""
    while True:
        ids, vectors = vectors_after(store, generation.id, last, generation.dimension, _AT_ONCE)
        if not len(ids):
            return
        yield ids, vectors
        last = int(ids[-1])


def _sample(store: Store, generation: Generation, size: int) -> Vectors:
    """About `size` vectors (n, d), at random but always the same ones."""
    last = passages.last_passage(store, generation.id)
    chance = size / max(1, passages.count_passages(store, generation.id))
    ids = np.flatnonzero(np.random.default_rng(0).random(last) < chance) + 1
    return vectors_of(store, generation.id, ids.tolist(), generation.dimension)[1]


def _no_sample(_: int) -> Vectors:
    raise AssertionError("an empty index learns from nothing")
