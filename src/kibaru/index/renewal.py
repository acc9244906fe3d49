"""Making snapshots: the first, empty one of a generation, and the next one when much has changed since the last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import faiss
import numpy as np
from filelock import FileLock

from kibaru.arrays import Ids, Vectors
from kibaru.errors import IndexUnusable
from kibaru.index import faiss_index
from kibaru.index.faiss_index import Kind
from kibaru.index.snapshots import (
    SnapshotManifest,
    SnapshotState,
    folder_of,
    make_folder,
    read_manifest,
    read_snapshot,
    write_snapshot,
)
from kibaru.storage.passages import PassageTable
from kibaru.storage.vectors import VectorTable
from kibaru.types import GenerationRow

_TOLERATED_SHARE = 0.1
"""Share of a snapshot's passages that may come or go before it is renewed."""

_TOLERATED_MOST = 20_000
"""Passages that may come or go at most, so that searching them one by one and loading them stay quick."""

_AT_ONCE = 10_000
"""Vectors loaded together from the database."""


def create_snapshot(archive: Path, generation: GenerationRow) -> None:
    """Write the empty snapshot of a new generation below the folder of the archive."""
    make_folder(archive, generation)
    empty = faiss_index.build(0, generation.dimension, _no_sample, ())
    write_snapshot(folder_of(archive, generation), generation, empty, SnapshotState(0, 0, 0))


def is_outdated(archive: Path, passages: PassageTable) -> bool:
    """Whether so much changed since the snapshot that it should be renewed. Loads no vectors."""
    manifest = read_manifest(folder_of(archive, passages.generation), passages.generation)
    changes = passages.last_id() - manifest.last_passage
    changes += passages.last_removal() - manifest.last_removed
    return changes > tolerated_changes(manifest.passages)


def tolerated_changes(passages: int) -> float:
    """How many passages may come or go before a snapshot of so many `passages` is renewed."""
    return min(_TOLERATED_SHARE * passages, _TOLERATED_MOST)


def renew_snapshot(archive: Path, passages: PassageTable, vectors: VectorTable) -> None:
    """Write a snapshot of the present state, in the kind of index that its size calls for.

    The former snapshot is continued where it is whole and of the right kind; otherwise the database is the source.
    A process that comes while another one does this waits, and then has nothing left to do.
    """
    generation, store = passages.generation, passages.store
    folder = folder_of(archive, generation)
    with FileLock(folder / "snapshot.lock", mode=0o600), store.reading():
        state = SnapshotState(store.count_articles(), passages.last_id(), passages.last_removal())
        index = None
        with suppress(IndexUnusable):
            manifest, former = read_snapshot(folder, generation, to_change=True)
            if (manifest.last_passage, manifest.last_removed) == (state.last_passage, state.last_removed):
                return
            index = _continued(manifest, former, passages, vectors)
        count = passages.count()
        if index is None or index.ntotal != count:
            index = faiss_index.build(
                count, generation.dimension, lambda size: _sample(passages, vectors, size), batches(vectors, 0)
            )
        write_snapshot(folder, generation, index, state)


def batches(vectors: VectorTable, last_id: int) -> Iterator[tuple[Ids, Vectors]]:
    """Ids and vectors of the passages with an id above `last_id`, in order, _AT_ONCE at a time."""
    while True:
        ids, found = vectors.after(last_id, _AT_ONCE)
        if not len(ids):
            return
        yield ids, found
        last_id = int(ids[-1])


def _continued(manifest: SnapshotManifest, index: Kind, passages: PassageTable, vectors: VectorTable) -> Kind | None:
    """A snapshot brought up to date; None when another kind of index or other lists are due."""
    if not faiss_index.suits(index, passages.count()):
        return None
    for ids, found in batches(vectors, manifest.last_passage):
        index.add_with_ids(found, ids)
    removed = [id for _, id in passages.removed_after(manifest.last_removed)]
    index.remove_ids(faiss.IDSelectorBatch(np.array(removed, np.int64)))
    return index


def _sample(passages: PassageTable, vectors: VectorTable, size: int) -> Vectors:
    """About `size` vectors, chosen at random but always the same ones."""
    chance = size / max(1, passages.count())
    ids = np.flatnonzero(np.random.default_rng(0).random(passages.last_id()) < chance) + 1
    return vectors.get(ids.tolist())[1]


def _no_sample(_: int) -> Vectors:
    raise AssertionError("an empty index learns from nothing")
