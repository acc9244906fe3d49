"""From a question to the passages most likely to answer it: vectors and keywords, fused."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kibaru.index.generation import Generation
from kibaru.search.accents import with_accents
from kibaru.search.dates import Timing
from kibaru.search.names import missing, names
from kibaru.search.question_types import is_subject
from kibaru.search.recency import timely, within
from kibaru.text.languages import is_little_read
from kibaru.text.stems import question_stems
from kibaru.types import Filters, StoredPassage

CANDIDATES = 100
"""Passages taken from each ranking."""

OF_A_PERIOD = 20
"""More of them out of the days a question names, lest those of other days leave them no place."""

DENSE_WEIGHT = 0.75
"""Share of the corrected cosine in the fused score. On eval/dev, 0.65 to 0.85 are within 0.001 MRR."""

LITTLE_READ_WEIGHT = 0.5
"""The same for a question in a language the model hardly knows, where names tell more: of the sample articles among
those of eval/dev, MRR rose from 0.43 to 0.56 in Bambara and from 0.68 to 0.88 in Wolof; 0.3 to 0.6 are much alike."""

HUBNESS = 0.3
NEIGHBOURS = 10
"""Some passages are near to every question ("hubs": Radovanović, Nanopoulos and Ivanović, JMLR 2010). As in CSLS
(Conneau et al., arXiv 1710.04087), a passage's mean cosine to its NEIGHBOURS is taken off its cosine, weighted with
HUBNESS; here the neighbours are sought among the candidates, so that nothing needs keeping. On eval/dev MRR rose from
0.902 to 0.913 and the share of first passages with the answer from 85.2 to 87.3 %; weights of 0.2 to 0.5 and 5 to 30
neighbours all bring more than half of that."""

SECOND = 0.2
"""Share of its second passage's score that an article gets beside its first's when a reader names a subject: what it is
about, several passages tell. Chosen on the tuning half of eval/dev's headlines, where 0.1 to 0.3 were tried; see
docs/quality.md. For questions, which one passage answers, it loses."""

NAMED = 0.3
"""More for a passage with a name of the question, of two words or more, as a whole: models know few of the people here.
Of questions in plain words about the samples, among the articles of eval/dev, MRR rose from 0.82 to 0.85, and that of
eval/dev stayed; 0.1 to 0.5 were tried."""

WORDED = 20
"""Passages with a question's words, the best first, that are read for how these are spelt and for whole names."""

PER_ARTICLE = 2
"""Passages of one article among the hits before other articles have had their turn."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its scores: `dense` its cosine, `corrected` the same less its hubness, `keyword` its BM25 (0
    without a shared word), `score` that and the corrected cosine to the question's rare words fused.

    `score` is between 0 and 1, more for one of the time asked about, and compares the hits of one question only.
    """

    passage: StoredPassage
    dense: float
    corrected: float
    keyword: float
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of a question, the best first, and `rarity`: the inverse document frequency of each of its stems.
    `question` is how it was read, with the accents its reader left out, and `embedded` (d,) its vector; `is_timed` when
    it is about a time, which the scores heed."""

    hits: list[Hit]
    rarity: dict[str, float]
    question: str
    embedded: NDArray[np.float32]
    is_timed: bool = False


def retrieve(
    generation: Generation,
    question: str,
    read: Callable[[str], Future[NDArray[np.float32]]],
    filters: Filters,
    limit: int,
    timing: Timing = Timing(),  # noqa: B008  # frozen
) -> Found:
    """The `limit` passages that fit the question best; call inside `store.reading()`, after `generation.catch_up`.

    `read` begins to do what `Embedder.embed_query_pairs` does of one question; while the model reads it, its words are
    looked up. Where these are spelt with accents, and the question has none at all, it is read with them instead. Its
    vector says how near the passages are, and the one in which its rare words count for more, in which
    order they come. The latter's corrected cosines and the BM25 scores are each scaled to 0…1 over their best
    CANDIDATES and added with DENSE_WEIGHT (the convex combination of Bruch, Gai and Ingber, arXiv 2210.11934). A
    passage found by one ranking alone gets its true cosine, and 0 for keywords beyond the candidates.
    """
    store, passages, total = generation.store, generation.passages, generation.count()
    reading = read(question)
    stems = question_stems(question, store.known_languages())
    counts = generation.frequencies(stems)
    rarity = _rarity(stems, counts, total)
    words = {stem: counts.get(stem, 0) for stem, weight in rarity.items() if weight > 0}
    keyword = dict(generation.search_keywords(words, CANDIDATES, filters))
    least = min(keyword.values(), default=0.0) if len(keyword) == CANDIDATES else 0.0
    full = [name for name in names(question) if " " in name]
    texts = passages.texts(list(keyword)[:WORDED]) if full or question.isascii() else {}
    named = [id for id, text in texts.items() if missing(full, [text]) < 1] if full else []
    if (respelt := with_accents(question, texts.values())) != question:
        question, reading = respelt, read(respelt)
    weight = LITTLE_READ_WEIGHT if is_little_read(question) else DENSE_WEIGHT
    embedded, by_rarity = reading.result()[0]
    nearest = dict(generation.search_dense(by_rarity, CANDIDATES, filters))
    if timing.period and (then := within(filters, timing.period)):
        nearest |= dict(generation.search_dense(by_rarity, OF_A_PERIOD, then))
        keyword |= dict(generation.search_keywords(words, OF_A_PERIOD, then))
    ids = sorted(nearest.keys() | keyword.keys())
    candidates = generation.vectors_of(ids)
    hubness = HUBNESS * _hubness(candidates)
    dense, ranking = candidates @ embedded, candidates @ by_rarity - hubness
    bm25 = np.array([keyword.get(id, 0.0) for id in ids])
    scores = weight * _scaled(ranking, ranking[np.isin(ids, list(nearest))].min(initial=np.inf))
    scores += (1 - weight) * _scaled(bm25, least)
    if named:
        scores = (scores + NAMED * np.isin(ids, named)) / (1 + NAMED)
    by_id = {passage.id: passage for passage in passages.get(ids)}
    values = zip(*(column.tolist() for column in (dense, dense - hubness, bm25, scores)), strict=True)
    hits = [Hit(by_id[id], *row) for id, row in zip(ids, values, strict=True)]
    is_timed = timing.period is not None or timing.now
    if is_timed:
        hits = timely(hits, store.published({hit.passage.article_id for hit in hits}), timing)
    if is_subject(question):
        hits = _by_subject(hits)
    hits.sort(key=lambda hit: (-hit.score, hit.passage.id))
    return Found(_diversified(hits)[:limit], rarity, question, embedded, is_timed)


def _by_subject(hits: list[Hit]) -> list[Hit]:
    """The hits with scores that heed the second passage of their articles too."""
    scores = defaultdict[str, list[float]](list)
    for hit in hits:
        scores[hit.passage.article_id].append(hit.score)
    second = {article: sorted([0.0, *own])[-2] for article, own in scores.items()}
    return [replace(hit, score=(hit.score + SECOND * second[hit.passage.article_id]) / (1 + SECOND)) for hit in hits]


def _rarity(stems: list[str], counts: dict[str, int], passages: int) -> dict[str, float]:
    """How rare each stem is: BM25's inverse document frequency, 0 for stems in half of the passages or more."""
    return {
        stem: max(0.0, math.log((passages - df + 0.5) / (df + 0.5)))
        for stem in stems
        for df in [min(counts.get(stem, 0), passages)]
    }


def _hubness(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean cosine of each of these unit vectors (n, d) to its NEIGHBOURS among the others (n,)."""
    neighbours = min(NEIGHBOURS, len(vectors) - 1)
    if neighbours < 1:
        return np.zeros(len(vectors), np.float32)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    nearest: NDArray[np.float32] = np.partition(cosines, -neighbours, axis=1)[:, -neighbours:]
    return np.asarray(nearest.mean(axis=1), np.float32)


def _scaled(scores: NDArray[np.floating[Any]], low: float) -> NDArray[np.float64]:
    """The scores (n,) from 0 for `low` and what is below it to 1 for the highest."""
    above = np.maximum(np.asarray(scores, np.float64) - low, 0)
    scaled: NDArray[np.float64] = above / max(above.max(initial=0), 1e-9)
    return scaled


def _diversified(hits: list[Hit]) -> list[Hit]:
    """The same hits, those beyond PER_ARTICLE of an article moved behind all others."""
    seen, first, later = Counter[str](), list[Hit](), list[Hit]()
    for hit in hits:
        seen[hit.passage.article_id] += 1
        (first if seen[hit.passage.article_id] <= PER_ARTICLE else later).append(hit)
    return first + later
