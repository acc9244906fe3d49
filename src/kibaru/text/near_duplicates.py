"""Near-duplicates: the same agency story on several sites, under other headlines, shortened or touched up."""

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
"""Words in a row that are compared."""

SAME = 0.6
"""Articles tell the same when at least this share of the shorter one's shingles stand in the other: of copies with
every twentieth word changed all are recognised, with every tenth 87 %. With 0.5 those would be 99 %, but two pairs of
encyclopedia articles on roads and languages would be taken for one (`benchmarks/sameness.py` on eval/dev)."""

_PERMUTATIONS = 192
_ROWS = 3
"""Of the signature in one band: two texts with a Jaccard similarity of s share one of the 64 bands with a probability
of 1 - (1 - s³)⁶⁴, which is 0.01 at 0.05, 0.90 at 0.33 (a copy of a third) and 0.9998 at 0.5 (Leskovec, Rajaraman and
Ullman, Mining of Massive Datasets, 3.4). What shares a band is then compared shingle by shingle."""

_FEWEST = 20
"""Shingles below which a text is too short to say that it is another's copy."""

_NO_INTEGRALS = ModuleType("scipy.integrate")
"""Takes half a second to import, for an index of datasketch's that is not used here."""

_NO_INTEGRALS.quad = None  # type: ignore[attr-defined]


def bands(text: str) -> list[int]:
    """Signed 64-bit numbers, one of which two texts that tell the same have in common, almost certainly."""
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
    """Every SHINGLE words in a row, without case and punctuation."""
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}


def tell_the_same(text: str, other: str) -> bool:
    """Whether one text is, for the most part, in the other."""
    first, second = shingles(text), shingles(other)
    shorter = min(len(first), len(second))
    return shorter >= _FEWEST and len(first & second) >= SAME * shorter
