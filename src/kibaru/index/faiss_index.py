"""How vectors are searched: one by one while they are few, else in lists of near ones; their number decides.

Both kinds are FAISS indexes of the inner product with ids. In lists (the inverted file of Jégou, Douze and Schmid,
"Product quantization for nearest neighbor search", 2011, with 8-bit scalar codes) a vector takes a byte a dimension,
and what is found is nearly right: whoever searches scores it again with the vectors themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard

import faiss
import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]
Kind = faiss.IndexIDMap2 | faiss.IndexIVFScalarQuantizer

FLAT_MOST = 30_000
"""Vectors up to which each is compared: exact, in about 2 ms, out of 46 MB of memory (with 384 dimensions)."""

PROBED = 96
"""Lists looked into, 15 % of them at 100,000 vectors and 5 % at a million; docs/performance.md has what that finds."""

_LISTS = 2.0
"""Times the square root of the count: half as many cost twice the time in the lists, twice as many cost it in
choosing lists and, when the lists are made, four times the k-means."""

_GROWTH = 2.0
"""The lists are made anew when so many times more vectors are in them than they were made for."""

_TRAINING = 40
_ROUNDS = 10
"""Vectors a list that k-means learns from, and its rounds: FAISS warns below 39, and later rounds change little."""


def build(count: int, dimension: int, sample: Callable[[int], Vectors], batches: Iterable[tuple[Ids, Vectors]]) -> Kind:
    """An index of the kind for `count` vectors, filled with `batches`; `sample(n)` gives about n of them, at random."""
    index: Kind = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
    if count > FLAT_MOST:
        index = _empty_lists(count, dimension, sample)
    for ids, vectors in batches:
        index.add_with_ids(vectors, ids)
    return index


def _empty_lists(count: int, dimension: int, sample: Callable[[int], Vectors]) -> faiss.IndexIVFScalarQuantizer:
    lists = _lists(count)
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension), dimension, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.niter = _ROUNDS
    index.train(sample(lists * _TRAINING))
    return index


def _lists(count: int) -> int:
    return round(_LISTS * math.sqrt(count))


def suits(index: Kind, count: int) -> bool:
    """Whether an index may go on with `count` vectors, or another kind or other lists are due."""
    if isinstance(index, faiss.IndexIDMap2):
        return count <= FLAT_MOST
    return bool(count > FLAT_MOST / 2 and count < _GROWTH * (index.nlist / _LISTS) ** 2)


def is_exact(index: Kind) -> bool:
    """Whether its scores are the cosines themselves."""
    return isinstance(index, faiss.IndexIDMap2)


def is_of_a_kind(index: faiss.Index, dimension: int) -> TypeGuard[Kind]:
    """Whether an index read from a file is one that `build` makes."""
    return isinstance(index, faiss.IndexIDMap2 | faiss.IndexIVFScalarQuantizer) and index.d == dimension


def search(
    index: Kind, question: Vectors, limit: int, selector: faiss.IDSelector | None, share: float
) -> tuple[Ids, Vectors]:
    """Ids and scores of the nearest to a vector (d,), the best first; `selector` lets about `share` of all pass, and
    as many more lists are looked into."""
    if isinstance(index, faiss.IndexIDMap2):
        parameters: faiss.SearchParameters = faiss.SearchParameters()
    else:
        probed = math.ceil(PROBED / share) if share else index.nlist
        parameters = faiss.SearchParametersIVF()
        parameters.nprobe = min(probed, index.nlist)
    if selector is not None:
        parameters.sel = selector
    scores, ids = index.search(question[None, :], limit, params=parameters)
    return ids[0][ids[0] != -1], scores[0][ids[0] != -1]


def kept(index: Kind, ids: Ids) -> Vectors:
    """The vectors (n, d) of these ids, of which an exact index has all of itself. Raises KeyError when it lacks one."""
    if not len(ids):  # FAISS reconstructs no empty batch
        return np.zeros((0, index.d), np.float32)
    try:
        vectors: Vectors = index.reconstruct_batch(ids)
    except RuntimeError as error:
        raise KeyError(str(error)) from None
    return vectors


def ids_of(index: Kind) -> Ids:
    """The ids of all there is, in no particular order."""
    if isinstance(index, faiss.IndexIDMap2):
        known: Any = index  # FAISS's type stubs lack much of what is used here
        found: Ids = faiss.vector_to_array(known.id_map)
        return found
    return np.concatenate([np.zeros(0, np.int64), *(ids for ids, _, _ in _filled_lists(index))])


def differing(index: Kind, look_up: Callable[[Ids], tuple[Ids, Vectors]]) -> list[int]:
    """Ids of which the index has another vector than `look_up` says, which gives ids (n,) and vectors (n, d) of those
    it knows, the ids in order. What rounding may make of a vector is no difference."""
    if isinstance(index, faiss.IndexIDMap2):
        ids, vectors = look_up(np.sort(ids_of(index)))
        same = (kept(index, ids) == vectors).all(axis=1)
        return [int(id) for id in ids[~same]]
    found = list[int]()
    for ids, codes, centre in _filled_lists(index):
        known, vectors = look_up(np.sort(ids))
        if not len(known):
            continue
        order = np.argsort(ids)
        there = codes[order[np.searchsorted(ids[order], known)]].astype(np.int16)
        expected = index.sq.compute_codes(vectors - centre).astype(np.int16)
        found += [int(id) for id in known[(np.abs(there - expected) > 1).any(axis=1)]]
    return found


def _filled_lists(index: Any) -> Iterator[tuple[Ids, NDArray[np.uint8], Vectors]]:
    """Ids (n,), codes (n, bytes) and centre (d,) of each list that has any."""
    lists = index.invlists
    for number in range(index.nlist):
        if size := lists.list_size(number):
            ids = faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
            codes = faiss.rev_swig_ptr(lists.get_codes(number), size * index.code_size)
            yield ids, codes.reshape(size, -1).copy(), index.quantizer.reconstruct(number)


def size_of_lists(index: Kind) -> int:
    """Bytes that the lists take at the end of the file, which are mapped into memory and not read; 0 when all is."""
    return 0 if isinstance(index, faiss.IndexIDMap2) else int(index.ntotal * (index.code_size + 8))


def open_lists(path: str) -> faiss.Index:
    """An index whose lists stay in the file, for reading. Raises RuntimeError."""
    index = faiss.read_index(path, faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
    if isinstance(index, faiss.IndexIVF) and index.invlists is not None:
        lists: Any = faiss.downcast_InvertedLists(index.invlists)
        lists.prefetch_nthread = 0  # starting threads costs more than it saves
    return index
