"""Choosing what to quote: in a passage, the sentences that answer, with enough around them to stand alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kibaru.search.question_types import asked_for, found_in
from kibaru.text.stems import stems
from kibaru.types import Article, Span

QUOTE_LENGTH = 550
ENOUGH_LENGTH = 225
ENOUGH = 0.8
"""A quote takes in neighbouring sentences until it has ENOUGH_LENGTH characters and holds the answer with a probability
of ENOUGH, as far as QUOTE_LENGTH allows: it is short where the sentence is clear and long where it is not. Up to 450
characters whatever the probability, as many first quotes held the answer, and half of them were longer than 346."""

WORTH = 0.05
"""What is left of a passage is worth a quote of its own from this probability on."""

FEATURES = ("nearness", "keywords", "asked", "opening")
"""What speaks for a sentence: its cosine to the question, its share of the question's rare words that are not in the
title, which all of the article is about, how many of the kinds of things the question asks for it has, and whether it
opens the article."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim span of an article, `article.text[start:end]`; `highlight` is the span in it that answers best.
    `also_in` are the articles that tell the same as this one."""

    article: Article
    start: int
    end: int
    highlight: Span
    also_in: tuple[Article, ...] = ()

    @property
    def text(self) -> str:
        return self.article.text[self.start : self.end]

    @property
    def page(self) -> int | None:
        """The page of a paged document on which the words that answer begin, from 1."""
        return bisect_right(self.article.pages, self.highlight.start) or None


def features(
    question: str,
    article: Article,
    heading: str,
    sentences: list[Span],
    cosines: NDArray[np.float32],
    rarity: dict[str, float],
) -> NDArray[np.float64]:
    """FEATURES of the sentences (n, 4) of a passage under `heading`, given their `cosines` (n,) to the question and how
    rare its stems are; `calibration.json` has their weights, fitted by `benchmarks/calibrate.py`."""
    asked, language = asked_for(question), article.language
    words = set(stems(question, language)) - set(stems(f"{article.title} {heading}", language))
    rows = []
    for (start, end), cosine in zip(sentences, cosines, strict=True):
        text = article.text[start:end]
        found = found_in(text, question)
        keywords = keyword_share(words, text, language, rarity)
        rows.append([cosine, keywords, len(asked & found), start == 0])
    return np.array(rows, np.float64)


def choose_quote(article: Article, sentences: list[Span], scores: NDArray[np.float64]) -> Quote:
    """The best of a passage's `sentences` by their `scores` (n,), which are log odds, with the better of its neighbours
    again and again until that is enough."""
    return _grown(article, sentences, _likely(scores), range(len(sentences)))


def rest_of(quote: Quote, article: Article, sentences: list[Span], scores: NDArray[np.float64]) -> Quote | None:
    """The best of the sentences before or after a `quote` of the passage, grown likewise; None when not WORTH it."""
    likely = _likely(scores)
    before = range(sum(end <= quote.start for _, end in sentences))
    after = range(sum(start < quote.end for start, _ in sentences), len(sentences))
    part = max(before, after, key=lambda part: likely[part].max(initial=0.0))
    return _grown(article, sentences, likely, part) if likely[[*before, *after]].sum() >= WORTH else None


def _likely(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each sentence to hold the answer, were it in one of them (n,): as the weights were fitted."""
    odds = np.exp(scores - scores.max())
    likely: NDArray[np.float64] = odds / odds.sum()
    return likely


def _grown(article: Article, sentences: list[Span], likely: NDArray[np.float64], part: range) -> Quote:
    best = first = last = part[int(likely[part].argmax())]
    while True:
        length = sentences[last].end - sentences[first].start
        neighbours = [
            (likely[added], low, high)
            for added, low, high in ((last + 1, first, last + 1), (first - 1, first - 1, last))
            if added in part and sentences[high].end - sentences[low].start <= QUOTE_LENGTH
        ]
        if not neighbours or (length >= ENOUGH_LENGTH and likely[first : last + 1].sum() >= ENOUGH):
            return Quote(article, sentences[first].start, sentences[last].end, sentences[best])
        _, first, last = max(neighbours)


def keyword_share(words: Set[str], text: str, language: str | None, rarity: dict[str, float]) -> float:
    """Which share of the rarity of `words`, stems of `language`, stands in `text`: 0 none of them, 1 all that are not
    commonplace."""
    total = sum(rarity.get(word, 0.0) for word in words)
    if not total:
        return 0.0
    return sum(rarity.get(word, 0.0) for word in words & set(stems(text, language))) / total
