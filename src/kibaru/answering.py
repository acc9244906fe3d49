"""A question and its hits to an Answer: quotes with a confidence, or a refusal with leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kibaru.articles import Article, clean
from kibaru.confidence import Calibration, Signals
from kibaru.embedding import Embedder
from kibaru.errors import BadInput
from kibaru.languages import detect_language
from kibaru.passages import sentences_of
from kibaru.quoting import Quote, choose_quote, keyword_share
from kibaru.retrieval import Found, Hit
from kibaru.sentences import Span
from kibaru.store import Store

MAX_QUESTION = 2_000
MAX_QUOTES = 10
LEADS = 3

_QUOTED_PASSAGES = 3
_WORTH_QUOTING = 0.5
"""A hit scoring below half of the best one (which scores near 1) is not quoted beside it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the articles say to a question, `quotes` in order; or a refusal: no quotes, and `leads`, the articles that
    come nearest. `confidence` (0…1) is the probability that the quotes answer; `hits` are what both come from."""

    question: str
    confidence: float
    quotes: list[Quote]
    leads: list[Article]
    hits: list[Hit]
    signals: Signals | None = None

    @property
    def is_refusal(self) -> bool:
        return not self.quotes


def checked_question(question: str) -> str:
    """The question on one line, cleaned. Raises BadInput when nothing is left or it is too long."""
    question = " ".join(clean(question).split())
    if not any(map(str.isalnum, question)):
        raise BadInput("The question is empty: ask in a few words, for example 'Qui a gagné la finale ?'.")
    if len(question) > MAX_QUESTION:
        raise BadInput(f"The question has {len(question):,} characters: ask in {MAX_QUESTION:,} or fewer.")
    return question


def answer(
    store: Store,
    embedder: Embedder,
    calibration: Calibration,
    question: str,
    embedded: NDArray[np.float32],
    found: Found,
    *,
    quotes: int,
    threshold: float,
) -> Answer:
    """Quote the best hits when their confidence reaches `threshold`, else refuse; call inside `store.reading()`."""
    if not found.hits:
        return Answer(question, 0.0, [], [], [])
    articles = {id: a for id in dict.fromkeys(h.passage.article_id for h in found.hits) if (a := store.article(id))}
    passages = [
        _Read.of(articles[hit.passage.article_id], hit) for hit in found.hits[: max(quotes, _QUOTED_PASSAGES)]
    ]
    texts = [p.article.text[start:end] for p in passages for start, end in p.sentences]
    cosines = np.split(embedder.embed_passages(texts) @ embedded, np.cumsum([len(p.sentences) for p in passages])[:-1])
    signals = _signals(question, found, passages[0], max(float(c.max()) for c in cosines[:_QUOTED_PASSAGES]), calibration)
    confidence = calibration.probability(signals)
    if confidence < threshold:
        return Answer(question, confidence, [], list(articles.values())[:LEADS], found.hits, signals)
    chosen = [
        choose_quote(p.article, p.sentences, c, found.rarity)
        for p, c in zip(passages[:quotes], cosines, strict=False)
        if p.hit.score >= _WORTH_QUOTING * found.hits[0].score
    ]
    return Answer(question, confidence, chosen, [], found.hits, signals)


@dataclass(frozen=True, slots=True)
class _Read:
    """A hit with its article and the passage's sentences."""

    article: Article
    hit: Hit
    sentences: list[Span]

    @classmethod
    def of(cls, article: Article, hit: Hit) -> _Read:
        sentences = sentences_of(article.text, hit.passage.start, hit.passage.end, article.language)
        return cls(article, hit, sentences)


def _signals(question: str, found: Found, first: _Read, sentence: float, calibration: Calibration) -> Signals:
    own = first.hit.passage.article_id
    best = dict[str, float]()
    for hit in found.hits:
        best[hit.passage.article_id] = max(hit.dense, best.get(hit.passage.article_id, -1.0))
    others = sorted((cosine for id, cosine in best.items() if id != own), reverse=True)
    foreign = detect_language(question) != first.article.language
    passage = f"{first.article.title} {first.hit.passage.heading} " + first.article.text[
        first.hit.passage.start : first.hit.passage.end
    ]
    return Signals(
        passage=best[own],
        sentence=sentence,
        margin=calibration.margin(best[own], others),
        foreign=float(foreign),
        keywords=0.0 if foreign else keyword_share(passage, first.article.language, found.rarity),
    )
