"""A question and its hits to an Answer: quotes with a confidence, or a refusal with leads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile

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

WORTH_QUOTING = 0.5
"""Whoever asks for more than _READ quotes gets those of further hits too, down to this share of the best score."""

_READ = 3
_CLOSE = 0.8
"""Sentences are compared in the first _READ hits (or as many as may be quoted) that score at least _CLOSE of the best:
reading hits further behind changed no figure on eval/dev, and doubled the time."""

_SENTENCE_WEIGHT = 0.5
"""Of a passage's best sentence against its fused score. Reranking so raised MRR on eval/dev by 0.006 and the share of
first passages with the answer by 1.5 points; weights of 0.25 and 1 brought 0.004 and -0.001."""

_BESIDE = 0.03
"""A passage is quoted beside the first when its best sentence is at most so much further from the question."""


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
    best = found.hits[0].score
    close = list(takewhile(lambda hit: hit.score >= _CLOSE * best, found.hits[:_READ]))
    read = _reranked(_read(store, embedder, embedded, close))
    hits = [passage.hit for passage in read] + found.hits[len(read) :]
    signals = _signals(question, found, read, calibration)
    confidence = calibration.probability(signals)
    if confidence < threshold:
        ids = list(dict.fromkeys(hit.passage.article_id for hit in hits))[:LEADS]
        leads = [article for id in ids if (article := store.article(id))]
        return Answer(question, confidence, [], leads, hits, signals)
    if quotes > _READ:
        further = list(takewhile(lambda hit: hit.score >= WORTH_QUOTING * best, hits[len(read) : quotes]))
        read += _read(store, embedder, embedded, further)
    else:
        read = [p for p in read[:quotes] if p is read[0] or p.nearest >= read[0].nearest - _BESIDE]
    chosen = [choose_quote(question, p.article, p.sentences, p.cosines, found.rarity) for p in read]
    alike = store.alike(quote.article.id for quote in chosen)
    chosen = [
        replace(quote, also_in=tuple(filter(None, map(store.article, sorted(alike.get(quote.article.id, ()))))))
        for quote in chosen
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
    if not hits:
        return []
    articles = [article for hit in hits if (article := store.article(hit.passage.article_id))]
    sentences = [
        sentences_of(article.text, hit.passage.start, hit.passage.end, article.language)
        for article, hit in zip(articles, hits, strict=True)
    ]
    texts = [a.text[start:end] for a, spans in zip(articles, sentences, strict=True) for start, end in spans]
    cosines = np.split(embedder.embed_passages(texts) @ question, np.cumsum([len(spans) for spans in sentences])[:-1])
    return [_Read(*each) for each in zip(hits, articles, sentences, cosines, strict=True)]


def _reranked(read: list[_Read]) -> list[_Read]:
    """The passages in the order of their score and their best sentence together."""

    def score(passage: _Read) -> float:
        return passage.hit.score + _SENTENCE_WEIGHT * passage.nearest / COSINE_RANGE

    return sorted(read, key=score, reverse=True)


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
        sentence=max(passage.nearest for passage in read),
        margin=calibration.margin(nearest, others),
        foreign=float(foreign),
        keywords=0.0 if foreign else keyword_share(passage, first.article.language, found.rarity),
    )
