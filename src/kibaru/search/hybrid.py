"""Hybrid search: from a question to the passages most likely to answer it, by vectors and by keywords."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kibaru.search.candidates import Candidates, Scope, gather, inverse_document_frequencies, rank_by_keywords
from kibaru.search.fusion import boost_second_passages, dense_weight, score_columns
from kibaru.search.hits import Hit, SearchResults
from kibaru.search.names import share_missing
from kibaru.search.query import Query
from kibaru.search.recency import boost_by_date

INSPECTED = 20
"""Best passages by keywords whose text is searched, for the spelling of the question's words and for full names."""

HITS_PER_ARTICLE = 2
"""Hits of one article that come before hits of other articles; further ones are moved to the end."""

Embed = Callable[[str], Future[NDArray[np.float32]]]
"""Starts to embed a question; the result is what `Embedder.embed_query_pairs` gives for it alone: (1, 2, d)."""


def search(scope: Scope, query: Query, embed: Embed, limit: int) -> SearchResults:
    """Find the passages that fit a question best.

    The question is embedded while its words are looked up. When the passages found by these spell its words with
    accents that it lacks, it is embedded again, with accents.

    Args:
        scope: What is searched.
        query: The question, as `analyse` returns it.
        embed: Starts to embed a text.
        limit: The most hits to return.
    """
    embedding = embed(query.text)
    counts = scope.frequencies(query)
    query = replace(query, idf=inverse_document_frequencies(counts, scope.generation.count()))
    keywords = rank_by_keywords(scope, counts, query.idf)
    texts = _inspected_texts(scope, query, list(keywords.scores))
    named = [id for id, text in texts.items() if _has_full_name(query, text)]
    restored = query.with_accents_of(texts.values())
    if restored is not query:
        query, embedding = restored, embed(restored.text)
    weight = dense_weight(query)  # detects the language, while the model is still busy
    embeddings = embedding.result()[0]
    candidates = gather(scope, keywords, embeddings[1], query.timing.period)
    scores = score_columns(candidates, embeddings, weight, named)
    hits = _boosted(scope, query, _hits(scope, candidates, scores))
    return SearchResults(query, _diversified(hits)[:limit], embeddings[0])


def _inspected_texts(scope: Scope, query: Query, ids: list[int]) -> Mapping[int, str]:
    """The texts of the best passages by keywords; none when the question has accents and no full name."""
    return scope.texts(ids[:INSPECTED]) if query.full_names or query.text.isascii() else {}


def _has_full_name(query: Query, text: str) -> bool:
    return bool(query.full_names) and share_missing(query.full_names, [text]) < 1


def _hits(scope: Scope, candidates: Candidates, scores: list[tuple[float, float, float, float]]) -> list[Hit]:
    passages = scope.passages(candidates.ids)
    return [Hit(passages[id], *row) for id, row in zip(candidates.ids, scores, strict=True)]


def _boosted(scope: Scope, query: Query, hits: list[Hit]) -> list[Hit]:
    """The hits, best first, with their scores raised where the kind of question calls for it."""
    if query.timing.is_set:
        hits = boost_by_date(hits, scope.dates({hit.passage.article_id for hit in hits}), query.timing)
    if query.is_subject:
        hits = boost_second_passages(hits)
    return sorted(hits, key=lambda hit: (-hit.score, hit.passage.id))


def _diversified(hits: list[Hit]) -> list[Hit]:
    """The hits, with those beyond HITS_PER_ARTICLE of an article moved behind all others."""
    seen, first, later = Counter[str](), list[Hit](), list[Hit]()
    for hit in hits:
        seen[hit.passage.article_id] += 1
        (first if seen[hit.passage.article_id] <= HITS_PER_ARTICLE else later).append(hit)
    return first + later
