"""The passages worth scoring for a question: the nearest by vectors and the best by keywords."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kibaru.index.generation import Generation
from kibaru.search.dates import Period
from kibaru.search.query import Query
from kibaru.search.recency import narrowed_to
from kibaru.types import Filters, StoredPassage

CANDIDATES = 100
"""Passages taken from each ranking."""

PERIOD_CANDIDATES = 20
"""Passages taken from each ranking in addition, out of the days that a question names: other days would crowd them
out."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is searched. Use it inside `store.reading()`, after `generation.catch_up`.

    Attributes:
        generation: The generation of the index that is searched.
        filters: The articles that may be found.
    """

    generation: Generation
    filters: Filters

    def frequencies(self, query: Query) -> dict[str, int]:
        """The number of passages that have each of the query's stems, in any language of the archive."""
        stems = query.stems_in_each(self.generation.store.known_languages())
        counts = self.generation.frequencies(stems)
        return {stem: counts.get(stem, 0) for stem in stems}

    def by_keywords(self, words: dict[str, int], limit: int, filters: Filters) -> dict[int, float]:
        """The BM25 scores of the best passages, by passage id, best first; `words` are stems with their frequencies."""
        return dict(self.generation.search_keywords(words, limit, filters))

    def by_vector(self, embedding: NDArray[np.float32], limit: int, filters: Filters) -> dict[int, float]:
        """The cosines of the nearest passages to a vector (d,), by passage id, best first."""
        return dict(self.generation.search_dense(embedding, limit, filters))

    def texts(self, ids: list[int]) -> dict[int, str]:
        """The texts of passages, by id."""
        return self.generation.passages.texts(ids)

    def passages(self, ids: list[int]) -> dict[int, StoredPassage]:
        """Passages by id."""
        return {passage.id: passage for passage in self.generation.passages.get(ids)}

    def dates(self, article_ids: set[str]) -> Mapping[str, str | None]:
        """The ISO dates on which articles were published, by article id."""
        return self.generation.store.published(article_ids)


@dataclass(frozen=True, slots=True)
class KeywordRanking:
    """The passages that share words with a question.

    Attributes:
        words: The stems searched for, with the number of passages that have each.
        scores: BM25 scores by passage id, best first.
        floor: The BM25 score that no passage left out exceeds: 0 when none was left out.
    """

    words: dict[str, int]
    scores: dict[int, float]
    floor: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """The n passages to score.

    Attributes:
        ids: Passage ids, ascending.
        vectors: Their unit vectors (n, d).
        bm25: Their BM25 scores (n,), 0 for those that the keyword ranking lacks.
        bm25_floor: See `KeywordRanking.floor`.
        is_near: Which of them the vector ranking found (n,).
    """

    ids: list[int]
    vectors: NDArray[np.float32]
    bm25: NDArray[np.float64]
    bm25_floor: float
    is_near: NDArray[np.bool_]


def inverse_document_frequencies(counts: Mapping[str, int], passages: int) -> dict[str, float]:
    """The IDF of each stem as in BM25, 0 for stems in half of the passages or more.

    Args:
        counts: In how many passages each stem stands; counts may be estimates.
        passages: The number of all passages.
    """
    return {
        stem: max(0.0, math.log((passages - count + 0.5) / (count + 0.5)))
        for stem, count in ((stem, min(count, passages)) for stem, count in counts.items())
    }


def rank_by_keywords(scope: Scope, counts: Mapping[str, int], idf: Mapping[str, float]) -> KeywordRanking:
    """The best CANDIDATES passages by BM25, for the stems that are not commonplace."""
    words = {stem: count for stem, count in counts.items() if idf[stem] > 0}
    scores = scope.by_keywords(words, CANDIDATES, scope.filters)
    floor = min(scores.values(), default=0.0) if len(scores) == CANDIDATES else 0.0
    return KeywordRanking(words, scores, floor)


def gather(scope: Scope, keywords: KeywordRanking, embedding: NDArray[np.float32], period: Period | None) -> Candidates:
    """The union of the keyword ranking and the nearest passages, with some more of the period asked about.

    Args:
        scope: What is searched.
        keywords: The keyword ranking.
        embedding: The unit vector (d,) that the vector ranking goes by.
        period: The days that the question names.
    """
    near = scope.by_vector(embedding, CANDIDATES, scope.filters)
    bm25 = keywords.scores
    if period and (of_period := narrowed_to(scope.filters, period)):
        near |= scope.by_vector(embedding, PERIOD_CANDIDATES, of_period)
        bm25 = bm25 | scope.by_keywords(keywords.words, PERIOD_CANDIDATES, of_period)
    ids = sorted(near.keys() | bm25.keys())
    return Candidates(
        ids=ids,
        vectors=scope.generation.vectors_of(ids),
        bm25=np.array([bm25.get(id, 0.0) for id in ids]),
        bm25_floor=keywords.floor,
        is_near=np.isin(ids, list(near)),
    )
