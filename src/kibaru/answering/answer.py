"""From the hits of a question to an Answer: quotes with a confidence, or a refusal with leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np

from kibaru.answering.confidence import Calibration, Signals, measure_signals
from kibaru.answering.passages import ScoredPassage, Sources, score_sentences
from kibaru.answering.quotes import FEATURES, Quote, choose_quote, further_quote, sentence_features
from kibaru.search.hits import Hit, SearchResults
from kibaru.search.query import Query
from kibaru.storage.duplicates import links_of
from kibaru.types import Article

MAX_QUOTES = 10
"""The most quotes that surfaces offer for one question."""

LEADS = 3
"""Articles that a refusal names."""

WORTH_QUOTING = 0.5
"""Share of the best score that a hit needs to be quoted, when more than _FIRST quotes are wanted."""

_FIRST = 3
"""Passages whose sentences are compared with the question, at most; confidence and order rest on them."""

_CLOSE = 0.6
"""Share of the best score that a passage needs to be one of the _FIRST."""

_SENTENCE_WEIGHT = 2.5
"""Weight of the cosine of a passage's best sentence, beside its fused score, in the order of the first passages: it
outweighs keywords that mislead."""

Duplicates = Mapping[str, set[str]]
"""For each article that has near-duplicates, by its id: the ids of these."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the articles say to a question: quotes, or a refusal.

    Attributes:
        question: The question as it was asked, on one line.
        confidence: Probability (0…1) that the quotes answer the question.
        quotes: The quotes, best first; empty in a refusal.
        leads: In a refusal, the articles that come nearest, best first; else empty.
        hits: All passages found, best first.
        signals: What the confidence was computed from; None without hits.
        is_sure: Whether the confidence is high. When it is not, readers are told that the quotes may help.
    """

    question: str
    confidence: float
    quotes: list[Quote]
    leads: list[Article]
    hits: list[Hit]
    signals: Signals | None = None
    is_sure: bool = True

    @property
    def is_refusal(self) -> bool:
        """Whether there is no quote."""
        return not self.quotes

    @property
    def has_more(self) -> bool:
        """Whether more than these quotes may be had by asking for MAX_QUOTES."""
        best = max((hit.score for hit in self.hits), default=0.0)
        further = self.hits[len(self.quotes) : MAX_QUOTES]
        return any(hit.score >= WORTH_QUOTING * best for hit in further)


def answer(
    sources: Sources, calibration: Calibration, results: SearchResults, *, quotes: int, threshold: float
) -> Answer:
    """Quote the best hits when the confidence is high enough, else refuse.

    Args:
        sources: Where articles and vectors of sentences come from.
        calibration: How to compute confidence and choose quotes, for the model of the index.
        results: The question with its hits.
        quotes: The most quotes to give.
        threshold: The lowest confidence (0…1) at which the question is answered.
    """
    query, hits = results.query, results.hits
    if not hits:
        return Answer(query.asked, 0.0, [], [], [])
    duplicates = links_of(sources.store, {hit.passage.article_id for hit in hits})
    distinct = _deduplicated(hits, duplicates)
    passages = _first_passages(sources, results, distinct)
    first = [passage.hit for passage in passages]
    ordered = first + [hit for hit in hits if hit not in first]
    signals = measure_signals(query, distinct, passages, calibration)
    confidence = calibration.probability(signals)
    if confidence < threshold:
        return Answer(query.asked, confidence, [], _leads(sources, first + distinct), ordered, signals)
    if quotes > _FIRST:
        further = _scoring(WORTH_QUOTING * distinct[0].score, distinct[len(passages) : quotes])
        passages += score_sentences(sources, results.embedding, further)
    chosen, rest = _quotes(sources, calibration, query, passages[:quotes], duplicates)
    chosen[len(first) : len(first)] = rest
    is_sure = confidence >= max(calibration.sure, threshold)
    return Answer(query.asked, confidence, chosen[:quotes], [], ordered, signals, is_sure)


def _deduplicated(hits: list[Hit], duplicates: Duplicates) -> list[Hit]:
    """The hits without those of articles that are near-duplicates of an article before them."""
    kept, left_out = list[Hit](), set[str]()
    for hit in hits:
        if hit.passage.article_id not in left_out:
            kept.append(hit)
            left_out |= duplicates.get(hit.passage.article_id, set())
    return kept


def _scoring(least: float, hits: list[Hit]) -> list[Hit]:
    """The hits before the first one that scores below `least`."""
    return list(takewhile(lambda hit: hit.score >= least, hits))


def _first_passages(sources: Sources, results: SearchResults, hits: list[Hit]) -> list[ScoredPassage]:
    """The first passages with their sentences, in the order of their score and their best sentence together."""
    close = _scoring(_CLOSE * hits[0].score, hits[:_FIRST])
    passages = score_sentences(sources, results.embedding, close)
    if results.query.timing.is_set:  # versions of a story have nearly the same sentences: the date must decide
        return passages
    return sorted(passages, key=lambda each: each.hit.score + _SENTENCE_WEIGHT * each.best_cosine, reverse=True)


def _leads(sources: Sources, hits: list[Hit]) -> list[Article]:
    """The first LEADS articles among the hits."""
    ids = list(dict.fromkeys(hit.passage.article_id for hit in hits))[:LEADS]
    return [article for id in ids if (article := sources.store.article(id))]


def _quotes(
    sources: Sources, calibration: Calibration, query: Query, passages: list[ScoredPassage], duplicates: Duplicates
) -> tuple[list[Quote], list[Quote]]:
    """A quote of each passage, with the near-duplicates of its article; and one more of the first passage or none.

    The rest of the best passage is more likely to answer than hits that score much lower.
    """
    weights = np.array([calibration.quoting[name] for name in FEATURES])
    quotes, rest = list[Quote](), list[Quote]()
    for passage in passages:
        scores = sentence_features(query, passage) @ weights
        also_in = tuple(sources.store.articles_of(sorted(duplicates.get(passage.article.id, ()))))
        quotes.append(replace(choose_quote(passage, scores), also_in=also_in))
        if passage is passages[0] and (further := further_quote(quotes[0], passage, scores)):
            rest.append(replace(further, also_in=also_in))
    return quotes, rest
