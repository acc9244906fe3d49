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
from kibaru.quoting import COSINE_RANGE, Quote, choose_quote, keyword_share
from kibaru.retrieval import Found, Hit
from kibaru.sentences import Span
from kibaru.store import Store

MAX_QUESTION = 2_000
MAX_QUOTES = 10
LEADS = 3

_RERANKED = 3
_SENTENCE_WEIGHT = 0.5
"""Of a passage's best sentence against its fused score. Reranking so raised MRR on eval/dev by 0.006 and the share of
first passages with the answer by 1.5 points; weights of 0.25 and 1 brought 0.004 and -0.001."""

_BESIDE = 0.03
"""A passage is quoted beside the first when its best sentence is at most so much further from the question. On eval/dev
this shows 1.6 quotes a question and loses 2 points of answers in the first three against showing 2.1."""


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
    if (
        question.isupper()
    ):  # capitals are rare in what the model has read: hit@1 on the samples rose from 0.80 with this
        question = question.capitalize()
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
    read = _reranked(_read(store, embedder, embedded, found.hits[: max(quotes, _RERANKED)]))
    hits = [passage.hit for passage in read] + found.hits[len(read) :]
    signals = _signals(question, found, read, calibration)
    confidence = calibration.probability(signals)
    if confidence < threshold:
        ids = list(dict.fromkeys(hit.passage.article_id for hit in hits))[:LEADS]
        leads = [article for id in ids if (article := store.article(id))]
        return Answer(question, confidence, [], leads, hits, signals)
    chosen = [
        choose_quote(question, passage.article, passage.sentences, passage.cosines, found.rarity)
        for passage in read[:quotes]
        if passage is read[0] or passage.nearest >= read[0].nearest - _BESIDE
    ]
    return Answer(question, confidence, chosen, [], hits, signals)


@dataclass(frozen=True, slots=True)
class _Read:
    """A hit with its article, the passage's sentences, and their cosines (n,) to the question."""

    hit: Hit
    article: Article
    sentences: list[Span]
    cosines: NDArray[np.float32]

    @property
    def nearest(self) -> float:
        """The cosine of the best sentence."""
        return float(self.cosines.max())


def _read(store: Store, embedder: Embedder, question: NDArray[np.float32], hits: list[Hit]) -> list[_Read]:
    articles = [article for hit in hits if (article := store.article(hit.passage.article_id))]
    sentences = [
        sentences_of(article.text, hit.passage.start, hit.passage.end, article.language)
        for article, hit in zip(articles, hits, strict=True)
    ]
    texts = [a.text[start:end] for a, spans in zip(articles, sentences, strict=True) for start, end in spans]
    cosines = np.split(embedder.embed_passages(texts) @ question, np.cumsum([len(spans) for spans in sentences])[:-1])
    return [_Read(*each) for each in zip(hits, articles, sentences, cosines, strict=True)]


def _reranked(read: list[_Read]) -> list[_Read]:
    """The first _RERANKED in the order of their score and their best sentence together, then the others."""

    def score(passage: _Read) -> float:
        return passage.hit.score + _SENTENCE_WEIGHT * passage.nearest / COSINE_RANGE

    return sorted(read[:_RERANKED], key=score, reverse=True) + read[_RERANKED:]


def _signals(question: str, found: Found, read: list[_Read], calibration: Calibration) -> Signals:
    best = dict[str, float]()
    for hit in found.hits:
        best[hit.passage.article_id] = max(hit.dense, best.get(hit.passage.article_id, -1.0))
    nearest, *others = sorted(best.values(), reverse=True)
    first = read[0]
    foreign = detect_language(question) != first.article.language
    passage = (
        f"{first.article.title} {first.hit.passage.heading} "
        + first.article.text[first.hit.passage.start : first.hit.passage.end]
    )
    return Signals(
        passage=nearest,
        sentence=max(passage.nearest for passage in read[:_RERANKED]),
        margin=calibration.margin(nearest, others),
        foreign=float(foreign),
        keywords=0.0 if foreign else keyword_share(passage, first.article.language, found.rarity),
    )
