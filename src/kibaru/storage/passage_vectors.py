"""The vectors of passages, as the database keeps them: by the key of the words that were embedded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kibaru.errors import IndexUnusable
from kibaru.storage.store import Store


def put_vectors(store: Store, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
    """Keep vectors, in half precision: it changes a cosine by less than 0.0005 and halves the database."""
    rows = [(key, vector.tobytes()) for key, vector in zip(keys, vectors.astype("<f2"), strict=True)]
    store.connection.executemany("insert or replace into vectors (key, vector) values (?, ?)", rows)


def known_vectors(store: Store, keys: Iterable[bytes]) -> set[bytes]:
    """Those of `keys` that have a vector."""
    return {row[0] for row in store.rows_in("select key from vectors where key", keys)}


def vectors_after(
    store: Store, g: int, last: int, dimension: int, limit: int = -1
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ids (n,) and vectors (n, dimension) of the first passages with an id above `last`, by id; -1 is no limit.

    Raises IndexUnusable when a passage has no vector, or one of another dimension.
    """
    query = f"""
        select p.id, v.vector from passages_{g} as p left join vectors as v on v.key = p.key
        where p.id > ? order by p.id limit ?
    """
    rows = store.connection.execute(query, [last, limit]).fetchall()
    if any(vector is None or len(vector) != 2 * dimension for _, vector in rows):
        raise IndexUnusable(f"The index in {store.path.parent} lacks vectors: run 'kibaru rebuild'.")
    return _arrays(rows, dimension)


def vectors_of(
    store: Store, g: int, ids: Iterable[int], dimension: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ids (n,) and vectors (n, dimension) of those of these passages that have one, by id."""
    query = f"""select p.id, v.vector from passages_{g} as p join vectors as v on v.key = p.key
        where length(v.vector) = {2 * dimension} and p.id"""
    return _arrays(sorted(store.rows_in(query, ids)), dimension)


def _arrays(rows: Sequence[tuple[int, bytes]], dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    vectors = np.frombuffer(b"".join(vector for _, vector in rows), "<f2").astype(np.float32)
    return np.array([id for id, _ in rows], np.int64), vectors.reshape(-1, dimension)
