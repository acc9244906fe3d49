"""Choosing what to quote: in a passage, the sentences that answer, with enough around them to stand alone."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kibaru.articles import Article
from kibaru.cues import asked_for, found_in
from kibaru.languages import stems
from kibaru.sentences import Span

QUOTE_LENGTH = 450
"""A quote takes in neighbouring sentences up to this many characters. On eval/dev the answer stands in 68 % of best
sentences alone, in 80 % of quotes up to 400 characters and in 82 % up to 450, half of which are under 345."""

FEATURES = ("nearness", "keywords", "asked", "opening")
"""What speaks for a sentence: its cosine to the question, its share of the question's rare words, how many of the
kinds of things the question asks for it has, and whether it opens the article."""

_FORWARD = 0.06
"""What follows a sentence completes it a little more often than what precedes it."""


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
    question: str, article: Article, sentences: list[Span], cosines: NDArray[np.float32], rarity: dict[str, float]
) -> NDArray[np.float64]:
    """FEATURES of a passage's sentences (n, 4), given their `cosines` (n,) to the question and how rare its stems are;
    `calibration.json` has their weights, fitted by `benchmarks/calibrate.py`."""
    asked = asked_for(question)
    rows = []
    for (start, end), cosine in zip(sentences, cosines, strict=True):
        text = article.text[start:end]
        found = found_in(text, question)
        keywords = keyword_share(text, article.language, rarity)
        rows.append([cosine, keywords, len(asked & found), start == 0])
    return np.array(rows, np.float64)


def choose_quote(article: Article, sentences: list[Span], scores: NDArray[np.float64]) -> Quote:
    """The best of a passage's `sentences` by their `scores` (n,), grown by its better neighbour as long as the quote
    stays within QUOTE_LENGTH."""
    best = first = last = int(scores.argmax())
    while True:
        choices = []
        if last + 1 < len(sentences) and sentences[last + 1].end - sentences[first].start <= QUOTE_LENGTH:
            choices.append((scores[last + 1] + _FORWARD, first, last + 1))
        if first > 0 and sentences[last].end - sentences[first - 1].start <= QUOTE_LENGTH:
            choices.append((scores[first - 1], first - 1, last))
        if not choices:
            return Quote(article, sentences[first].start, sentences[last].end, sentences[best])
        _, first, last = max(choices)


def keyword_share(text: str, language: str | None, rarity: dict[str, float]) -> float:
    """Which share of the question's rarity stands in `text`: 0 none of its words, 1 all that are not commonplace."""
    total = sum(rarity.values())
    if not total:
        return 0.0
    return sum(rarity.get(stem, 0.0) for stem in set(stems(text, language))) / total
