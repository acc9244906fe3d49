"""Near-duplicates: the same agency story on several sites, under other headlines, shortened or edited a little.

Candidates are found with MinHash and locality-sensitive hashing, then compared shingle by shingle.
"""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from kibaru.importing import imported_without

if TYPE_CHECKING:
    from datasketch import MinHash

SHINGLE = 4
"""Consecutive words in a shingle."""

CONTAINMENT = 0.6
"""Share of the shorter text's shingles that the other text has, from which on the two are near-duplicates. A lower one
takes articles written after one pattern for copies."""

_PERMUTATIONS = 192
"""Numbers in a MinHash signature."""

_ROWS = 3
"""Numbers of the signature in one band. Two texts with a Jaccard similarity of s share one of the 64 bands with a
probability of 1 - (1 - s³)⁶⁴: 0.01 at s = 0.05, 0.90 at 0.33 (a copy of a third), 0.9998 at 0.5 (Leskovec, Rajaraman
and Ullman, Mining of Massive Datasets, 3.4)."""

_FEWEST = 20
"""Shingles below which a text is too short to be called a near-duplicate."""

_NO_INTEGRALS = ModuleType("scipy.integrate")
"""Stands in for a module that takes half a second to import and that datasketch needs only for an index not used
here."""

_NO_INTEGRALS.quad = None  # type: ignore[attr-defined]


def bands(text: str) -> list[int]:
    """The bands of a text's MinHash signature: near-duplicates almost certainly have one in common.

    Returns:
        Signed 64-bit numbers; none for a text that is too short.
    """
    words = shingles(text)
    if len(words) < _FEWEST:
        return []
    signature = _empty_signature().copy()
    signature.update_batch([shingle.encode() for shingle in words])
    rows = signature.hashvalues.reshape(-1, _ROWS).astype(np.uint64)
    numbers = np.arange(len(rows), dtype=np.uint64)
    mixed = numbers
    for column in rows.T:
        mixed = (mixed * np.uint64(0x9E3779B97F4A7C15)) ^ column
    return [int(band) for band in mixed.astype(np.int64)]


@cache
def _empty_signature() -> MinHash:
    datasketch = imported_without("scipy.integrate", "datasketch", _NO_INTEGRALS)
    return datasketch.MinHash(num_perm=_PERMUTATIONS, seed=1)


def shingles(text: str) -> set[str]:
    """All runs of SHINGLE consecutive words, in lower case and without punctuation."""
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}


def are_near_duplicates(text: str, other: str) -> bool:
    """Whether most of the shorter text is in the other."""
    first, second = shingles(text), shingles(other)
    shorter = min(len(first), len(second))
    return shorter >= _FEWEST and len(first & second) >= CONTAINMENT * shorter
