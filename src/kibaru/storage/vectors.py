"""Vectors of passages and of their sentences, as the database keeps them: by the key of the text that was embedded.

Generations share them. A key is made of the model and the text, so a rebuild computes only what changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kibaru.arrays import Ids, Vectors
from kibaru.errors import IndexUnusable
from kibaru.storage.passages import PassageTable
from kibaru.storage.store import Store
from kibaru.types import GenerationRow, Span

_AT_ONCE = 1_000
"""Passages whose sentences are checked together."""


class VectorTable:
    """The vectors of passages, looked up by the passages of one generation."""

    def __init__(self, store: Store, generation: GenerationRow) -> None:
        self.store = store
        self.generation = generation

    def put(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        """Store vectors in half precision, which changes a cosine by less than 0.0005 and halves the database.

        Args:
            keys: A key for each vector; a key that is there gets the new vector.
            vectors: Shape (n, dimension).
        """
        rows = [(key, vector.tobytes()) for key, vector in zip(keys, vectors.astype("<f2"), strict=True)]
        self.store.connection.executemany("insert or replace into vectors (key, vector) values (?, ?)", rows)

    def known(self, keys: Iterable[bytes]) -> set[bytes]:
        """Those of `keys` that have a vector."""
        return {row[0] for row in self.store.rows_in("select key from vectors where key", keys)}

    def get(self, ids: Iterable[int]) -> tuple[Ids, Vectors]:
        """The vectors of the passages with these ids, as far as they have one of the right dimension.

        Returns:
            Ids in ascending order, shape (n,), and their vectors, shape (n, dimension).
        """
        query = f"""select p.id, v.vector from passages_{self.generation.id} as p join vectors as v on v.key = p.key
            where length(v.vector) = {2 * self.generation.dimension} and p.id"""
        return self._arrays(sorted(self.store.rows_in(query, ids)))

    def after(self, last_id: int, limit: int = -1) -> tuple[Ids, Vectors]:
        """The vectors of the first passages with an id above `last_id`.

        Args:
            last_id: Passages up to this id are left out.
            limit: The number of passages at most; -1 for all.

        Returns:
            Ids in ascending order, shape (n,), and their vectors, shape (n, dimension).

        Raises:
            IndexUnusable: A passage has no vector, or one of another dimension.
        """
        query = f"""
            select p.id, v.vector from passages_{self.generation.id} as p left join vectors as v on v.key = p.key
            where p.id > ? order by p.id limit ?
        """
        rows = self.store.connection.execute(query, [last_id, limit]).fetchall()
        if any(vector is None or len(vector) != 2 * self.generation.dimension for _, vector in rows):
            raise IndexUnusable(f"The index in {self.store.path.parent} lacks vectors: run 'kibaru rebuild'.")
        return self._arrays(rows)

    def delete(self, keys: Iterable[bytes]) -> None:
        """Delete vectors, so that they are computed again."""
        self.store.connection.executemany("delete from vectors where key = ?", [[key] for key in keys])

    def _arrays(self, rows: Sequence[tuple[int, bytes]]) -> tuple[Ids, Vectors]:
        vectors = np.frombuffer(b"".join(vector for _, vector in rows), "<f2").astype(np.float32)
        return np.array([id for id, _ in rows], np.int64), vectors.reshape(-1, self.generation.dimension)


class SentenceTable:
    """Where the sentences of passages are, and their vectors, looked up by the passages of one generation."""

    def __init__(self, store: Store, generation: GenerationRow) -> None:
        self.store = store
        self.generation = generation

    def put(self, keys: Sequence[bytes], sentences: Sequence[tuple[Sequence[Span], Vectors]]) -> None:
        """Store sentences; each vector has 8 bits a number, which changes a cosine by less than 0.001.

        Args:
            keys: The key of each passage; a key that is there gets the new sentences.
            sentences: For each passage the spans of its sentences, counted from its start, and their vectors, shape
                (sentences, dimension).
        """
        rows = [
            (key, np.array(spans, "<i4").tobytes(), np.rint(vectors / np.abs(vectors).max(1, keepdims=True) * 127))
            for key, (spans, vectors) in zip(keys, sentences, strict=True)
        ]
        self.store.connection.executemany(
            "insert or replace into sentences values (?, ?, ?)",
            [(key, spans, directions.astype("i1").tobytes()) for key, spans, directions in rows],
        )

    def get(self, ids: Iterable[int]) -> dict[int, tuple[list[Span], Vectors]]:
        """The sentences of the passages with these ids, as far as they are stored and not damaged.

        Returns:
            By passage id the spans of the sentences, counted from the start of the article, and their vectors, shape
            (sentences, dimension).
        """
        dimension, found = self.generation.dimension, {}
        query = f"""select p.id, p.start, p."end", s.spans, s.vectors from passages_{self.generation.id} as p
            join sentences as s on s.key = p.key
            where length(s.spans) % 8 = 0 and 8 * length(s.vectors) = {dimension} * length(s.spans) and p.id"""
        for id, start, end, blob, directions in self.store.rows_in(query, ids):
            spans = np.frombuffer(blob, "<i4").reshape(-1, 2) + start
            if not _fill_passage(spans, start, end):
                continue
            vectors = np.frombuffer(directions, "i1").reshape(-1, dimension).astype(np.float32)
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
            found[id] = ([Span(*span) for span in spans.tolist()], vectors)
        return found

    def damaged(self) -> list[int]:
        """Ids of the passages whose stored sentences cannot be right."""
        query = f"select id from passages_{self.generation.id} where key in (select key from sentences)"
        stored = [id for (id,) in self.store.connection.execute(query)]
        parts = (stored[at : at + _AT_ONCE] for at in range(0, len(stored), _AT_ONCE))
        return [id for part in parts for id in set(part) - self.get(part).keys()]

    def delete(self, ids: Iterable[int]) -> None:
        """Delete the sentences of these passages; whoever needs them embeds them again."""
        keys = [(key,) for key in PassageTable(self.store, self.generation).keys(ids)]
        self.store.connection.executemany("delete from sentences where key = ?", keys)


def _fill_passage(spans: NDArray[np.int64], start: int, end: int) -> bool:
    """Whether these spans (n, 2) follow one another from `start` to `end`."""
    flat = spans.ravel()
    return bool(flat.size and flat[0] == start and flat[-1] == end and (flat[1:] >= flat[:-1]).all())
