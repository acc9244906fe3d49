"""FAISS indexes of vectors: one by one while they are few, otherwise in lists of near ones.

Both kinds are indexes of the inner product with ids. In lists (the inverted file of Jégou, Douze and Schmid, "Product
quantization for nearest neighbor search", 2011, with 8-bit scalar codes) a vector takes a byte a dimension, and the
result is approximate: the caller scores it again with the vectors themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard

import faiss
import numpy as np
from numpy.typing import NDArray

from kibaru.arrays import Ids, Vector, Vectors

Kind = faiss.IndexIDMap2 | faiss.IndexIVFScalarQuantizer
"""The two kinds of index."""

FLAT_MOST = 30_000
"""Vectors up to which a query is compared with each: exact, and quick enough."""

PROBED = 96
"""Lists that are searched for one query; docs/benchmarks.md has the recall."""

_LISTS = 2.0
"""Lists, as a multiple of the square root of the number of vectors: balances searching in lists and choosing them."""

_GROWTH = 2.0
"""The lists are made again when they hold so many times more vectors than they were made for."""

_TRAINING = 40
"""Vectors a list that k-means learns from; FAISS warns below 39."""

_ROUNDS = 10
"""Rounds of k-means; later ones change little."""


def build(count: int, dimension: int, sample: Callable[[int], Vectors], batches: Iterable[tuple[Ids, Vectors]]) -> Kind:
    """Make and fill an index.

    Args:
        count: The number of vectors, which decides on the kind.
        dimension: Numbers in one vector.
        sample: Gives about as many of the vectors as it is asked for, at random; lists are made for them.
        batches: The ids and vectors.
    """
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
    """Whether an index may continue with `count` vectors; otherwise another kind or other lists are due."""
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
    index: Kind, query: Vector, limit: int, selector: faiss.IDSelector | None, share: float
) -> tuple[Ids, Vector]:
    """Find the vectors nearest to a query.

    Args:
        index: Where to search.
        query: Shape (dimension,).
        limit: The number of results at most.
        selector: Which ids may be in the result; None for all.
        share: About what share of all vectors the selector lets pass; the smaller, the more lists are searched.

    Returns:
        Ids and scores, both of shape (n,), the highest score first.
    """
    if isinstance(index, faiss.IndexIDMap2):
        parameters: faiss.SearchParameters = faiss.SearchParameters()
    else:
        probed = math.ceil(PROBED / share) if share else index.nlist
        parameters = faiss.SearchParametersIVF()
        parameters.nprobe = min(probed, index.nlist)
    if selector is not None:
        parameters.sel = selector
    scores, ids = index.search(query[None, :], limit, params=parameters)
    return ids[0][ids[0] != -1], scores[0][ids[0] != -1]


def vectors_of(index: Kind, ids: Ids) -> Vectors:
    """The vectors of these ids, shape (n, dimension), out of an exact index. Raises KeyError when it lacks one."""
    if not len(ids):  # FAISS reconstructs no empty batch
        return np.zeros((0, index.d), np.float32)
    try:
        vectors: Vectors = index.reconstruct_batch(ids)
    except RuntimeError as error:
        raise KeyError(str(error)) from None
    return vectors


def ids_of(index: Kind) -> Ids:
    """The ids of all vectors, in no particular order."""
    if isinstance(index, faiss.IndexIDMap2):
        known: Any = index  # FAISS's type stubs lack much of what is used here
        found: Ids = faiss.vector_to_array(known.id_map)
        return found
    return np.concatenate([np.zeros(0, np.int64), *(ids for ids, _, _ in _filled_lists(index))])


def differing(index: Kind, look_up: Callable[[Ids], tuple[Ids, Vectors]]) -> list[int]:
    """Ids of the vectors that are not those of the database, apart from rounding.

    Args:
        index: The index to check.
        look_up: Gives for some ids, in ascending order, those the database has, shape (n,), and their vectors, shape
            (n, dimension).
    """
    if isinstance(index, faiss.IndexIDMap2):
        ids, vectors = look_up(np.sort(ids_of(index)))
        same = (vectors_of(index, ids) == vectors).all(axis=1)
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
    """Ids (n,), codes (n, bytes) and centre (dimension,) of each list that is not empty."""
    lists = index.invlists
    for number in range(index.nlist):
        if size := lists.list_size(number):
            ids = faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
            codes = faiss.rev_swig_ptr(lists.get_codes(number), size * index.code_size)
            yield ids, codes.reshape(size, -1).copy(), index.quantizer.reconstruct(number)


def size_of_lists(index: Kind) -> int:
    """Bytes of the lists at the end of the file, which are mapped into memory; 0 when all of the file is loaded."""
    return 0 if isinstance(index, faiss.IndexIDMap2) else int(index.ntotal * (index.code_size + 8))


def open_lists(path: str) -> faiss.Index:
    """Load an index whose lists stay in the file. It can only be searched. Raises RuntimeError when it is damaged."""
    index = faiss.read_index(path, faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
    if isinstance(index, faiss.IndexIVF) and index.invlists is not None:
        lists: Any = faiss.downcast_InvertedLists(index.invlists)
        lists.prefetch_nthread = 0  # starting threads costs more than it saves
    return index
