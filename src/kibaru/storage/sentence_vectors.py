"""Where the sentences of passages are, and their vectors, as the database keeps them: by the key of their passage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kibaru.storage.passages import keys_of
from kibaru.storage.store import Store
from kibaru.types import Span

Vectors = NDArray[np.float32]


def put_sentences(store: Store, keys: Sequence[bytes], sentences: Sequence[tuple[Sequence[Span], Vectors]]) -> None:
    """Keep where the sentences of passages are, counted from their passage, and their unit vectors (n, dimension),
    whose directions need 8 bits a number: it changes a cosine by less than 0.001."""
    rows = [
        (key, np.array(spans, "<i4").tobytes(), np.rint(vectors / np.abs(vectors).max(1, keepdims=True) * 127))
        for key, (spans, vectors) in zip(keys, sentences, strict=True)
    ]
    store.connection.executemany(
        "insert or replace into sentences values (?, ?, ?)",
        [(key, spans, directions.astype("i1").tobytes()) for key, spans, directions in rows],
    )


def kept_sentences(store: Store, g: int, ids: Iterable[int], dimension: int) -> dict[int, tuple[list[Span], Vectors]]:
    """For those of these passages whose sentences are known and not damaged, where these are in the article, and
    their unit vectors (n, dimension)."""
    found = {}
    query = f"""select p.id, p.start, p."end", s.spans, s.vectors from passages_{g} as p
        join sentences as s on s.key = p.key
        where length(s.spans) % 8 = 0 and 8 * length(s.vectors) = {dimension} * length(s.spans) and p.id"""
    for id, start, end, blob, directions in store.rows_in(query, ids):
        spans = np.frombuffer(blob, "<i4").reshape(-1, 2) + start
        if not _are_sentences(spans, start, end):
            continue
        vectors = np.frombuffer(directions, "i1").reshape(-1, dimension).astype(np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        found[id] = ([Span(*span) for span in spans.tolist()], vectors)
    return found


def damaged_sentences(store: Store, g: int, dimension: int) -> list[int]:
    """The passages whose sentences are kept, but not so that they can be."""
    query = f"select id from passages_{g} where key in (select key from sentences)"
    kept = [id for (id,) in store.connection.execute(query)]
    parts = (kept[at : at + 1000] for at in range(0, len(kept), 1000))
    return [id for part in parts for id in set(part) - kept_sentences(store, g, part, dimension).keys()]


def drop_sentences(store: Store, g: int, ids: Iterable[int]) -> None:
    """Forget the sentences of these passages: they are read anew when they are wanted."""
    keys = [(key,) for key in keys_of(store, g, ids)]
    store.connection.executemany("delete from sentences where key = ?", keys)


def _are_sentences(spans: NDArray[np.int64], start: int, end: int) -> bool:
    """Whether these (n, 2) fill `start` to `end` one after the other."""
    flat = spans.ravel()
    return bool(flat.size and flat[0] == start and flat[-1] == end and (flat[1:] >= flat[:-1]).all())
