"""Choosing what to quote of a passage: the sentences that answer, with enough around them to stand alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kibaru.answering.passages import ScoredPassage
from kibaru.search.query import Query
from kibaru.search.question_types import answer_types_in
from kibaru.text.stems import stems
from kibaru.types import Article, Span

QUOTE_LENGTH = 550
"""Characters that a quote of several sentences has at most."""

ENOUGH_LENGTH = 225
"""Characters from which on a quote may stop growing."""

ENOUGH = 0.8
"""Probability of holding the answer from which on a quote may stop growing."""

WORTH = 0.05
"""Probability of holding the answer from which on the rest of a passage is worth a quote of its own."""

FEATURES = ("nearness", "keywords", "asked", "opening")
"""What speaks for a sentence:

- nearness: its cosine to the question;
- keywords: its share of the question's IDF, without the words of title and heading, which the whole passage is about;
- asked: the number of the types of answer asked for that it has;
- opening: 1 when it opens the article, else 0.
"""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of an article, quoted exactly: `article.text[start:end]`.

    Attributes:
        article: The article quoted.
        start: Where the quote begins in the article's text.
        end: Where it ends, exclusive.
        highlight: The span of the article's text, inside the quote, that answers best.
        also_in: Near-duplicates of the article, which have the story too.
    """

    article: Article
    start: int
    end: int
    highlight: Span
    also_in: tuple[Article, ...] = ()

    @property
    def text(self) -> str:
        """The words quoted."""
        return self.article.text[self.start : self.end]

    @property
    def page(self) -> int | None:
        """The page, from 1, on which the highlight begins; None for an article without pages."""
        return bisect_right(self.article.pages, self.highlight.start) or None


def sentence_features(query: Query, passage: ScoredPassage) -> NDArray[np.float64]:
    """The FEATURES of the n sentences of a passage (n, 4).

    Their weights are in `calibration.json`, fitted by `benchmarks/calibrate.py`.
    """
    article, language = passage.article, passage.article.language
    context = stems(f"{article.title} {passage.hit.passage.heading}", language)
    words = set(query.stems_in(language)) - set(context)
    rows = []
    for (start, end), cosine in zip(passage.sentences, passage.cosines, strict=True):
        text = article.text[start:end]
        answer_types = answer_types_in(text, query.text)
        keywords = keyword_share(words, text, language, query.idf)
        rows.append([cosine, keywords, len(query.asked_for & answer_types), start == 0])
    return np.array(rows, np.float64)


def keyword_share(words: Set[str], text: str, language: str | None, idf: Mapping[str, float]) -> float:
    """The share (0…1) of the words' IDF that a text has: 0 for none of them, 1 for all that are not commonplace.

    Args:
        words: Stems of `language`.
        text: Where they are looked for.
        language: The language of the text.
        idf: The inverse document frequency of each stem.
    """
    total = sum(idf.get(word, 0.0) for word in words)
    if not total:
        return 0.0
    return sum(idf.get(word, 0.0) for word in words & set(stems(text, language))) / total


def choose_quote(passage: ScoredPassage, scores: NDArray[np.float64]) -> Quote:
    """Quote the best sentence of a passage, with neighbours until that is enough.

    Args:
        passage: A passage of n sentences.
        scores: What speaks for each sentence, in log odds (n,).
    """
    return _grown(passage, _probabilities(scores), range(len(passage.sentences)))


def further_quote(quote: Quote, passage: ScoredPassage, scores: NDArray[np.float64]) -> Quote | None:
    """Quote the best of the sentences before or after a quote of the passage.

    Args:
        quote: What is quoted of the passage already.
        passage: A passage of n sentences.
        scores: What speaks for each sentence, in log odds (n,).

    Returns:
        A quote that does not overlap the other, or None when the rest hardly ever holds the answer.
    """
    probabilities = _probabilities(scores)
    sentences = passage.sentences
    before = range(sum(end <= quote.start for _, end in sentences))
    after = range(sum(start < quote.end for start, _ in sentences), len(sentences))
    part = max(before, after, key=lambda part: probabilities[part].max(initial=0.0))
    if probabilities[[*before, *after]].sum() < WORTH:
        return None
    return _grown(passage, probabilities, part)


def _probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The softmax of the scores (n,): for each sentence, the probability that it has the answer, if one of them has."""
    odds = np.exp(scores - scores.max())
    probabilities: NDArray[np.float64] = odds / odds.sum()
    return probabilities


def _grown(passage: ScoredPassage, probabilities: NDArray[np.float64], part: range) -> Quote:
    """The best sentence of a part of the passage, with the more probable neighbour added until that is enough."""
    sentences = passage.sentences
    best = first = last = part[int(probabilities[part].argmax())]
    while True:
        length = sentences[last].end - sentences[first].start
        neighbours = [
            (probabilities[added], low, high)
            for added, low, high in ((last + 1, first, last + 1), (first - 1, first - 1, last))
            if added in part and sentences[high].end - sentences[low].start <= QUOTE_LENGTH
        ]
        is_enough = length >= ENOUGH_LENGTH and probabilities[first : last + 1].sum() >= ENOUGH
        if is_enough or not neighbours:
            return Quote(passage.article, sentences[first].start, sentences[last].end, sentences[best])
        _, first, last = max(neighbours)
