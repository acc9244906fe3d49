"""One score out of two rankings: cosines adjusted for hubness, and BM25.

Some passages are near to every question: "hubs" (Radovanović, Nanopoulos and Ivanović, JMLR 2010). As in CSLS (Conneau
et al., arXiv 1710.04087), a passage's cosine is lowered by its mean cosine to its nearest neighbours. Here these are
sought among the candidates, so that nothing needs to be stored.

The adjusted cosines and the BM25 scores are each scaled to 0…1 and added with a weight: the convex combination of
Bruch, Gai and Ingber (arXiv 2210.11934).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kibaru.search.candidates import Candidates
from kibaru.search.hits import Hit
from kibaru.search.query import Query
from kibaru.text.languages import is_low_resource

DENSE_WEIGHT = 0.75
"""Share of the cosine in the fused score (0…1); the rest is the keywords'."""

LOW_RESOURCE_DENSE_WEIGHT = 0.5
"""Share of the cosine for a question in a language the model hardly knows: there, shared names are the better sign."""

HUBNESS_WEIGHT = 0.3
"""Share of a passage's hubness that is taken off its cosine."""

NEIGHBOURS = 10
"""Nearest candidates whose mean cosine is a passage's hubness."""

NAME_BONUS = 0.3
"""Added to the score (before it is scaled back to 0…1) of a passage with a full name of the question: models know few
of the people in the news here."""

SECOND_PASSAGE_WEIGHT = 0.2
"""Weight of an article's second-best passage beside its best, when a reader names a subject: several passages of an
article about it fit. A question is answered by one passage, so there this would do harm."""


def dense_weight(query: Query) -> float:
    """The share of the cosine in the fused score, by the question's language."""
    return LOW_RESOURCE_DENSE_WEIGHT if is_low_resource(query.language) else DENSE_WEIGHT


def score_columns(
    candidates: Candidates, embeddings: NDArray[np.float32], weight: float, named: Iterable[int]
) -> list[tuple[float, float, float, float]]:
    """The scores of each candidate in order: cosine, hubness-adjusted cosine, BM25 and fused score, as in Hit.

    Args:
        candidates: The passages to score.
        embeddings: Two unit vectors of the question (2, d). The first gives the cosines that are reported; the
            second, in which rare words count for more, gives those that the order goes by.
        weight: Share of the cosine in the fused score.
        named: Ids of the passages with a full name of the question.
    """
    plain, weighted = embeddings
    hubness = HUBNESS_WEIGHT * _hubness(candidates.vectors)
    cosine, ranking = candidates.vectors @ plain, candidates.vectors @ weighted - hubness
    fused = weight * _scaled(ranking, ranking[candidates.is_near].min(initial=np.inf))
    fused += (1 - weight) * _scaled(candidates.bm25, candidates.bm25_floor)
    if named := list(named):
        fused = (fused + NAME_BONUS * np.isin(candidates.ids, named)) / (1 + NAME_BONUS)
    columns = (cosine, cosine - hubness, candidates.bm25, fused)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def boost_second_passages(hits: list[Hit]) -> list[Hit]:
    """The hits with the score of their article's second-best passage added to theirs, for a query that is a subject."""
    scores = defaultdict[str, list[float]](list)
    for hit in hits:
        scores[hit.passage.article_id].append(hit.score)
    second = {article: sorted([0.0, *own])[-2] for article, own in scores.items()}
    weight = SECOND_PASSAGE_WEIGHT
    return [replace(hit, score=(hit.score + weight * second[hit.passage.article_id]) / (1 + weight)) for hit in hits]


def _hubness(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean cosine (n,) of each of these unit vectors (n, d) to its NEIGHBOURS among the others."""
    neighbours = min(NEIGHBOURS, len(vectors) - 1)
    if neighbours < 1:
        return np.zeros(len(vectors), np.float32)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    nearest: NDArray[np.float32] = np.partition(cosines, -neighbours, axis=1)[:, -neighbours:]
    return np.asarray(nearest.mean(axis=1), np.float32)


def _scaled(scores: NDArray[np.floating[Any]], low: float) -> NDArray[np.float64]:
    """The scores (n,) scaled linearly: `low` and everything below it to 0, the highest to 1."""
    above = np.maximum(np.asarray(scores, np.float64) - low, 0)
    scaled: NDArray[np.float64] = above / max(above.max(initial=0), 1e-9)
    return scaled
