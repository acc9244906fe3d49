"""A question and its hits to an Answer: quotes with a confidence, or a refusal with leads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from kibaru.answering.confidence import Calibration, Signals
from kibaru.answering.quotes import FEATURES, Quote, choose_quote, features, keyword_share, rest_of
from kibaru.embedding.embedder import Embedder
from kibaru.errors import BadInput
from kibaru.index.generation import Generation
from kibaru.search.hybrid import Found, Hit
from kibaru.search.names import missing, names
from kibaru.search.question_types import asked_for
from kibaru.storage.duplicates import links_of
from kibaru.storage.store import Store
from kibaru.text.chunking import sentences_of, text_of
from kibaru.text.cleaning import clean
from kibaru.text.languages import detect_language
from kibaru.text.stems import stems
from kibaru.types import Article, Span, StoredPassage

MAX_QUESTION = 2_000
MAX_QUOTES = 10
LEADS = 3

WORTH_QUOTING = 0.5
"""Whoever asks for more than _READ quotes gets those of further hits too, down to this share of the best score."""

_READ = 3
_CLOSE = 0.6
"""The first _READ hits (or as many as may be quoted) that score at least _CLOSE of the best are read, and quoted: on
eval/dev two of them on average, which hold the answer as often, within half a point, as three would."""

_SENTENCE_WEIGHT = 2.5
"""Of the cosine of a passage's best sentence against its fused score. It brings the right article first for three more
of the forty English questions about the samples, whose keywords mislead; on eval/dev, all French, it changes nothing
that can be told from chance."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the articles say to a question, `quotes` in order; or a refusal: no quotes, and `leads`, the articles that
    come nearest. `confidence` (0…1) is the probability that the quotes answer; when it is middling, `is_sure` is false
    and readers are told that the quotes may help. `hits` are what all come from."""

    question: str
    confidence: float
    quotes: list[Quote]
    leads: list[Article]
    hits: list[Hit]
    signals: Signals | None = None
    is_sure: bool = True

    @property
    def is_refusal(self) -> bool:
        return not self.quotes

    @property
    def has_more(self) -> bool:
        """Whether more than these quotes may be had by asking for MAX_QUOTES."""
        best = max((hit.score for hit in self.hits), default=0.0)
        further = self.hits[len(self.quotes) : MAX_QUOTES]
        return any(hit.score >= WORTH_QUOTING * best for hit in further)


def checked_question(question: str) -> str:
    """The question on one line, cleaned. Raises BadInput when nothing is left or it is too long."""
    question = " ".join(clean(question).split())
    if question.isupper():  # the model has read few capitals: hit@1 on the samples rose from 0.80 with this
        question = question.capitalize()
    if not any(map(str.isalnum, question)):
        raise BadInput("The question is empty: ask in a few words, for example 'Qui a gagné la finale ?'.")
    if len(question) > MAX_QUESTION:
        raise BadInput(f"The question has {len(question):,} characters: ask in {MAX_QUESTION:,} or fewer.")
    return question


def answer(
    generation: Generation,
    embedder: Embedder,
    calibration: Calibration,
    question: str,
    found: Found,
    *,
    quotes: int,
    threshold: float,
) -> Answer:
    """Quote the best hits in `generation` when their confidence reaches `threshold`, else refuse; call inside
    `store.reading()`."""
    if not found.hits:
        return Answer(question, 0.0, [], [], [])
    store = generation.store
    alike = links_of(store, {hit.passage.article_id for hit in found.hits})
    distinct = _told_once(found.hits, alike)
    best = distinct[0].score
    close = list(takewhile(lambda hit: hit.score >= _CLOSE * best, distinct[:_READ]))
    read = read_hits(generation, embedder, found.embedded, close)
    if not found.is_timed:  # editions of a story tell nearly the same: their sentences would outweigh the time
        read = _reranked(read)
    first = [reading.hit for reading in read]
    hits = first + [hit for hit in found.hits if hit not in first]
    signals = _signals(question, distinct, read, found.rarity, calibration)
    confidence = calibration.probability(signals)
    if confidence < threshold:
        ids = list(dict.fromkeys(hit.passage.article_id for hit in first + distinct))[:LEADS]
        leads = [article for id in ids if (article := store.article(id))]
        return Answer(question, confidence, [], leads, hits, signals)
    if quotes > _READ:
        further = list(takewhile(lambda hit: hit.score >= WORTH_QUOTING * best, distinct[len(read) : quotes]))
        read += read_hits(generation, embedder, found.embedded, further)
    is_sure = confidence >= max(calibration.sure, threshold)
    chosen, rest = _chosen(store, calibration, question, read[:quotes], found.rarity, alike)
    chosen[len(first) : len(first)] = rest
    return Answer(question, confidence, chosen[:quotes], [], hits, signals, is_sure)


def _told_once(hits: list[Hit], alike: dict[str, set[str]]) -> list[Hit]:
    """The hits without those of articles that tell the same as one before them."""
    kept, told = list[Hit](), set[str]()
    for hit in hits:
        if hit.passage.article_id not in told:
            kept.append(hit)
            told |= alike.get(hit.passage.article_id, set())
    return kept


def _chosen(
    store: Store,
    calibration: Calibration,
    question: str,
    read: list[Reading],
    rarity: dict[str, float],
    alike: dict[str, set[str]],
) -> tuple[list[Quote], list[Quote]]:
    """A quote of each passage, with the articles that tell the same; and what is left of the first passage, if that may
    answer: it does more often than passages that are not close."""
    weights = np.array([calibration.quoting[name] for name in FEATURES])
    quotes, rest = list[Quote](), list[Quote]()
    for p in read:
        scores = features(question, p.article, p.hit.passage.heading, p.sentences, p.cosines, rarity) @ weights
        also_in = tuple(store.articles_of(sorted(alike.get(p.article.id, ()))))
        quotes.append(replace(choose_quote(p.article, p.sentences, scores), also_in=also_in))
        if p is read[0] and (left := rest_of(quotes[0], p.article, p.sentences, scores)):
            rest.append(replace(left, also_in=also_in))
    return quotes, rest


@dataclass(frozen=True, slots=True)
class Reading:
    """A hit with its article, the passage's sentences, and their cosines (n,) to the question."""

    hit: Hit
    article: Article
    sentences: list[Span]
    cosines: NDArray[np.float32]

    @property
    def nearest(self) -> float:
        """The cosine of the best sentence."""
        return float(self.cosines.max())


def read_hits(
    generation: Generation, embedder: Embedder, question: NDArray[np.float32], hits: list[Hit]
) -> list[Reading]:
    """The hits in `generation` with their sentences, and the cosines of these to the vector (d,) of the question."""
    articles = {a.id: a for a in generation.store.articles_of({hit.passage.article_id for hit in hits})}
    kept = generation.sentences.get([hit.passage.id for hit in hits])
    read = []
    for hit in hits:
        article = articles[hit.passage.article_id]
        spans, vectors = kept.get(hit.passage.id) or _read_anew(embedder, article, hit.passage)
        read.append(Reading(hit, article, spans, vectors @ question))
    return read


def _read_anew(embedder: Embedder, article: Article, passage: StoredPassage) -> tuple[list[Span], NDArray[np.float32]]:
    """A passage's sentences with their vectors, where the index does not keep these: it is of another model, or old."""
    spans = sentences_of(article.text, passage.start, passage.end, article.language)
    text = text_of(article, passage)
    shift = len(text) - passage.end
    return spans, embedder.embed_sentences(text, [Span(start + shift, end + shift) for start, end in spans])


def _reranked(read: list[Reading]) -> list[Reading]:
    """The passages in the order of their score and their best sentence together."""

    def score(passage: Reading) -> float:
        return passage.hit.score + _SENTENCE_WEIGHT * passage.nearest

    return sorted(read, key=score, reverse=True)


def _signals(
    question: str, hits: list[Hit], read: list[Reading], rarity: dict[str, float], calibration: Calibration
) -> Signals:
    best = dict[str, float]()
    for hit in hits:
        best[hit.passage.article_id] = max(hit.corrected, best.get(hit.passage.article_id, -1.0))
    nearest, *others = sorted(best.values(), reverse=True)
    first, texts = read[0].article, [text_of(passage.article, passage.hit.passage) for passage in read]
    words = set(stems(question, first.language))
    return Signals(
        passage=max(hit.dense for hit in hits),
        corrected=nearest,
        sentence=max(passage.nearest for passage in read),
        margin=calibration.margin(nearest, others),
        foreign=float(detect_language(question) != first.language),
        keywords=keyword_share(words, texts[0], first.language, rarity),
        unnamed=missing(names(question), texts),
        asked=float(len(asked_for(question))),
    )
