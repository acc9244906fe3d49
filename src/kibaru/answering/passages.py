"""The passages found for a question, down to the cosines of their sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kibaru.embedding.embedder import Embedder
from kibaru.index.generation import Generation
from kibaru.search.hits import Hit
from kibaru.storage.store import Store
from kibaru.text.chunking import sentences_of, text_of
from kibaru.types import Article, Span, StoredPassage


@dataclass(frozen=True, slots=True)
class Sources:
    """Where articles and vectors of sentences come from. Use it inside `store.reading()`.

    Attributes:
        generation: The generation of the index that the hits are from.
        embedder: Embeds sentences whose vectors the index lacks.
    """

    generation: Generation
    embedder: Embedder

    @property
    def store(self) -> Store:
        """The database."""
        return self.generation.store


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A hit with its sentences.

    Attributes:
        hit: The hit.
        article: Its article.
        sentences: The passage's n sentences, as spans of the article's text.
        cosines: Their cosines to the question (n,).
    """

    hit: Hit
    article: Article
    sentences: list[Span]
    cosines: NDArray[np.float32]

    @property
    def best_cosine(self) -> float:
        """The cosine of the sentence nearest to the question."""
        return float(self.cosines.max())


def score_sentences(sources: Sources, embedding: NDArray[np.float32], hits: list[Hit]) -> list[ScoredPassage]:
    """Compare the sentences of hits with the question.

    Args:
        sources: Where the sentences come from.
        embedding: The unit vector of the question (d,).
        hits: The hits, whose order is kept.
    """
    store = sources.store
    articles = {a.id: a for a in store.articles_of({hit.passage.article_id for hit in hits})}
    kept = sources.generation.sentences.get([hit.passage.id for hit in hits])
    passages = []
    for hit in hits:
        article = articles[hit.passage.article_id]
        spans, vectors = kept.get(hit.passage.id) or _embedded_now(sources.embedder, article, hit.passage)
        passages.append(ScoredPassage(hit, article, spans, vectors @ embedding))
    return passages


def _embedded_now(
    embedder: Embedder, article: Article, passage: StoredPassage
) -> tuple[list[Span], NDArray[np.float32]]:
    """A passage's sentences and their vectors (n, d), where the index lacks them: not every model gives them."""
    spans = sentences_of(article.text, passage.start, passage.end, article.language)
    text = text_of(article, passage)
    shift = len(text) - passage.end
    return spans, embedder.embed_sentences(text, [Span(start + shift, end + shift) for start, end in spans])
