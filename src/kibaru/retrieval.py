"""From a question to the passages most likely to answer it: vectors and keywords, fused."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kibaru.languages import question_stems
from kibaru.store import Filters, Store, StoredPassage
from kibaru.vectors import VectorIndex

CANDIDATES = 100
"""Passages taken from each ranking."""

DENSE_WEIGHT = 0.7
"""Share of the cosine in the fused score. On eval/dev, 0.5 to 0.7 are within 0.006 MRR; `benchmarks/quality.py`."""

PER_ARTICLE = 2
"""Passages of one article among the hits before other articles have had their turn."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its scores: `dense` its cosine, `keyword` its BM25 (0 without a shared word), `score` both fused.

    `score` is between 0 and 1 and compares the hits of one question only.
    """

    passage: StoredPassage
    dense: float
    keyword: float
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of a question, the best first, and `rarity`: the inverse document frequency of each of its stems."""

    hits: list[Hit]
    rarity: dict[str, float]


def retrieve(
    store: Store, vectors: VectorIndex, question: str, embedded: NDArray[np.float32], filters: Filters, limit: int
) -> Found:
    """The `limit` passages that fit the question best; call inside `store.reading()`, after `vectors.catch_up`.

    Dense and BM25 scores are each scaled to 0…1 over their best CANDIDATES and added with DENSE_WEIGHT (the convex
    combination of Bruch, Gai and Ingber, arXiv 2210.11934). A passage found by one ranking alone gets its true cosine,
    and 0 for keywords beyond the candidates.
    """
    g, total = vectors.generation.id, len(vectors)
    rarity = _rarity(store, g, question_stems(question, store.languages()), total)
    among = store.passage_ids(g, filters) if filters else None
    dense = dict(vectors.search(embedded, CANDIDATES, among))
    words = [stem for stem, weight in rarity.items() if weight > 0]
    keyword = dict(store.search_keywords(g, words, CANDIDATES, filters))
    scale_dense = _scale(dense.values(), 0.0 if not dense else min(dense.values()))
    scale_keyword = _scale(keyword.values(), min(keyword.values(), default=0.0) if len(keyword) == CANDIDATES else 0.0)
    for id in keyword.keys() - dense.keys():
        dense[id] = float(vectors.vector(id) @ embedded)
    scores = {
        id: DENSE_WEIGHT * scale_dense(cosine) + (1 - DENSE_WEIGHT) * scale_keyword(keyword.get(id, 0.0))
        for id, cosine in dense.items()
    }
    passages = {passage.id: passage for passage in store.passages(g, scores)}
    ranked = sorted(scores, key=lambda id: (-scores[id], id))
    hits = [Hit(passages[id], dense[id], keyword.get(id, 0.0), scores[id]) for id in ranked]
    told_once = _told_once(hits, store.alike({hit.passage.article_id for hit in hits}))
    return Found(_diversified(told_once)[:limit], rarity)


def _rarity(store: Store, g: int, stems: list[str], passages: int) -> dict[str, float]:
    """How rare each stem is: BM25's inverse document frequency, 0 for stems in half of the passages or more."""
    frequencies = store.frequencies(g, stems)
    return {
        stem: max(0.0, math.log((passages - df + 0.5) / (df + 0.5)))
        for stem in stems
        for df in [frequencies.get(stem, 0)]
    }


def _scale(scores: Iterable[float], low: float):  # type: ignore[no-untyped-def]
    high = max(scores, default=0.0)
    return lambda score: max(0.0, score - low) / max(high - low, 1e-9)


def _told_once(hits: list[Hit], alike: dict[str, set[str]]) -> list[Hit]:
    """The hits without those of articles that tell the same as one before them."""
    kept, told = list[Hit](), set[str]()
    for hit in hits:
        if hit.passage.article_id not in told:
            kept.append(hit)
            told |= alike.get(hit.passage.article_id, set())
    return kept


def _diversified(hits: list[Hit]) -> list[Hit]:
    """The same hits, those beyond PER_ARTICLE of an article moved behind all others."""
    seen, first, later = Counter[str](), list[Hit](), list[Hit]()
    for hit in hits:
        seen[hit.passage.article_id] += 1
        (first if seen[hit.passage.article_id] <= PER_ARTICLE else later).append(hit)
    return first + later
