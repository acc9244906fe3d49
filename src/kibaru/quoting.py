"""Choosing what to quote: in a passage, the sentences that answer, with enough around them to stand alone."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kibaru.articles import Article
from kibaru.languages import stems
from kibaru.sentences import Span

QUOTE_LENGTH = 450
"""A quote takes in neighbouring sentences up to this many characters. On eval/dev the answer stands in 66 % of best
sentences alone, in 79 % of quotes up to 400 characters and in 80 % up to 450, half of which are under 345."""

_KEYWORD_WEIGHT = 0.3
COSINE_RANGE = 0.1
"""Cosines of sentences to a question differ by about this much, keyword shares by 1."""

_NUMBER_WEIGHT = 0.3
"""For a digit in the sentence when the question asks how many or when: one point more of best sentences on eval/dev."""

_ASKS_A_NUMBER = re.compile(
    r"\b(?:combien|quand|how (?:many|much|long|old|far)|when|quantos?|quantas?|quando|сколько|когда|كم|متى)\b"
    r"|\bquel(?:le)?s? (?:\w+ )?(?:date|jour|mois|ann[ée]e|heure|prix|co[uû]t|montant|nombre|taux|[âa]ge|bilan)\b"
    r"|\b(?:what|which) (?:date|day|year|price|number|age)\b",
    re.IGNORECASE,
)

_FORWARD = 0.02
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


def choose_quote(
    question: str, article: Article, sentences: list[Span], cosines: NDArray[np.float32], rarity: dict[str, float]
) -> Quote:
    """The best of a passage's `sentences`, given their `cosines` (n,) to the question and how rare its stems are, grown
    by its better neighbour as long as the quote stays within QUOTE_LENGTH."""
    keyword = np.array([keyword_share(article.text[start:end], article.language, rarity) for start, end in sentences])
    scores = (1 - _KEYWORD_WEIGHT) * cosines / COSINE_RANGE + _KEYWORD_WEIGHT * keyword
    if _ASKS_A_NUMBER.search(question):
        scores += _NUMBER_WEIGHT * np.array([any(map(str.isdigit, article.text[a:b])) for a, b in sentences])
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
