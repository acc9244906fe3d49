"""An archive of any size that looks to Kibaru like one of real articles: vectors, words and lengths.

**Vectors.** Each is a mixture around real ones: a real passage's vector, drawn towards one of its nearest neighbours,
plus normal noise with the covariance of the differences between real neighbours, brought to length 1 and stored in half
precision as Kibaru does. `likeness` says how near the cosines come to those of the real vectors.

**Texts.** Words are drawn independently with the frequencies they have in the real articles; a tail of made-up words
that falls off as Zipf's law has it stands for the names that new articles bring. Sentences have 18 words, passages 115,
articles seven passages, as the real ones have on average. Real questions then meet words as frequent as in real news.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

import prepared  # noqa: F401
from kibaru.index.embedding_queue import vector_key
from kibaru.index.generation import Generation
from kibaru.ingest.article import make_article
from kibaru.storage.duplicates import put_bands
from kibaru.text.chunking import embedded_text
from kibaru.text.stems import stems
from kibaru.types import Article, IndexedPassage, Span

PASSAGES = 7
"""In an article."""

_SENTENCE, _SENTENCES = 18, 6
_TITLE = 8
_BANDS = 64
_NEW_WORDS = 300_000
_NEW_SHARE = 0.07
"""Of the words of a text are of the made-up tail: of two halves of eval/dev, so many of one are not in the other."""

_NEIGHBOURS = 10
_TOWARDS = 0.5
_NOISE = 0.65
"""Of the covariance of real neighbours' differences, and how far at most a vector is drawn towards a neighbour:
set by `likeness`."""

_AT_ONCE = 1_000
_FIRST_DAY = date(2005, 1, 1)
_DAYS = 7_600
_SYLLABLES = tuple("ba ké di so mou na ko ra fi ta gué lo sé ya dou bi ma ngo wa ti lé ka sou fa ni do".split())  # noqa: SIM905


@dataclass(frozen=True)
class Words:
    """A vocabulary with the stem of each word, and the summed probabilities from which words are drawn."""

    words: NDArray[np.object_]
    stems: NDArray[np.object_]
    summed: NDArray[np.float64]

    def draw(self, random: np.random.Generator, count: int) -> NDArray[np.int64]:
        return np.minimum(np.searchsorted(self.summed, random.random(count)), len(self.words) - 1)


def words_like(texts: Sequence[str]) -> Words:
    """The words of real texts as frequent as they are, and the tail."""
    counts = Counter(word for text in texts for word in text.lower().split() if word.isalpha())
    real = [word for word, _ in counts.most_common()]
    frequencies = np.array([counts[word] for word in real], np.float64)
    made_up = [_name(at) for at in range(_NEW_WORDS)]
    tail = 1 / np.arange(len(real), len(real) + _NEW_WORDS)
    shares = np.concatenate([frequencies / frequencies.sum() * (1 - _NEW_SHARE), tail / tail.sum() * _NEW_SHARE])
    words = real + made_up
    return Words(
        np.array(words, object),
        np.array([" ".join(stems(word, "fr")) for word in words], object),
        np.cumsum(shares),
    )


def _name(at: int) -> str:
    letters = ""
    at += len(_SYLLABLES)
    while at:
        at, rest = divmod(at, len(_SYLLABLES))
        letters += _SYLLABLES[rest]
    return letters


class Vectors:
    """Draws vectors around real ones (n, d)."""

    def __init__(self, real: NDArray[np.float32]) -> None:
        self._real = real
        cosines = real @ real.T
        np.fill_diagonal(cosines, -1)
        self._near = np.argsort(-cosines, axis=1)[:, :_NEIGHBOURS]
        differences = (real - real[self._near[:, 0]]) / np.sqrt(2)
        values, directions = np.linalg.eigh(np.cov(differences.T))
        self._noise = (directions * np.sqrt(np.maximum(values, 0) * _NOISE)).T.astype(np.float32)

    def draw(self, random: np.random.Generator, count: int) -> NDArray[np.float32]:
        """`count` unit vectors (count, d)."""
        base = random.integers(len(self._real), size=count)
        other = self._near[base, random.integers(_NEIGHBOURS, size=count)]
        towards = (_TOWARDS * random.random((count, 1))).astype(np.float32)
        drawn = (1 - towards) * self._real[base] + towards * self._real[other]
        drawn += random.standard_normal((count, len(self._noise)), np.float32) @ self._noise
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        found: NDArray[np.float32] = drawn.astype("<f2").astype(np.float32)
        return found


def likeness(real: NDArray[np.float32], drawn: NDArray[np.float32], questions: NDArray[np.float32]) -> dict[str, str]:
    """Cosines of real vectors, and of as many drawn ones: between any two, to the nearest neighbour and to the tenth,
    and of real questions to the nearest; the 5th, 50th and 95th percentile of each."""

    def percentiles(cosines: NDArray[np.float32]) -> str:
        return " ".join(f"{value:.3f}" for value in np.percentile(cosines, [5, 50, 95]))

    found = {}
    for name, vectors in {"real": real, "drawn": drawn[: len(real)]}.items():
        cosines = vectors @ vectors.T
        found[f"{name}: any two"] = percentiles(cosines[np.triu_indices(len(vectors), 1)])
        np.fill_diagonal(cosines, -1)
        ranked = -np.sort(-cosines, axis=1)
        found[f"{name}: nearest"] = percentiles(ranked[:, 0])
        found[f"{name}: tenth"] = percentiles(ranked[:, 9])
        found[f"{name}: question to nearest"] = percentiles((questions @ vectors.T).max(axis=1))
    return found


def articles(words: Words, random: np.random.Generator, first: int, count: int) -> Iterator[Article]:
    """`count` articles of PASSAGES passages, a line each."""
    for number in range(first, first + count):
        drawn = words.words[words.draw(random, _TITLE + PASSAGES * _SENTENCES * _SENTENCE)]
        title, body = drawn[:_TITLE], drawn[_TITLE:].reshape(PASSAGES, _SENTENCES, _SENTENCE)
        lines = (" ".join(" ".join(sentence).capitalize() + "." for sentence in passage) for passage in body)
        day = _FIRST_DAY + timedelta(days=int(random.integers(_DAYS)))
        yield make_article(
            title=" ".join(title).capitalize(), text="\n".join(lines), language="fr" if number % 10 else "en",
            url=f"https://journal.example/{number}", published=day.isoformat(),
        )  # fmt: skip


def fill(generation: Generation, words: Words, vectors: Vectors, first: int, count: int) -> None:
    """Put `count` articles into an archive by its own functions, as `Kibaru.add` does it.

    Left out is what costs the same in an archive of any size: cutting into sentences, embedding, and comparing with
    articles that tell the same, whose bands are random here.
    """
    store, random = generation.store, np.random.default_rng(first)
    stem_of = dict(zip(words.words, words.stems, strict=True))
    for at in range(first, first + count, _AT_ONCE):
        batch = list(articles(words, random, at, min(_AT_ONCE, first + count - at)))
        drawn = iter(vectors.draw(random, PASSAGES * len(batch)))
        with store.writing():
            for article in batch:
                passages = list(_passages(article, generation.row.model, stem_of))
                store.put_article(article)
                put_bands(store, article.id, random.integers(-(2**63), 2**63, _BANDS).tolist())
                own = np.array([next(drawn) for _ in passages])
                generation.vectors.put([p.key for p in passages], own)
                kept = [
                    _sentences(article.text[p.start : p.end], v, random) for p, v in zip(passages, own, strict=True)
                ]
                generation.sentences.put([p.key for p in passages], kept)
                generation.add(article, passages)


def _sentences(
    line: str, passage: NDArray[np.float32], random: np.random.Generator
) -> tuple[list[Span], NDArray[np.float32]]:
    """Where the sentences of a passage are, with vectors near that of the passage."""
    spans = [Span(*found.span()) for found in re.finditer(r"[^ .][^.]*\.", line)]
    vectors = passage + 0.02 * random.standard_normal((len(spans), len(passage)), np.float32)
    return spans, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _passages(article: Article, model: str, stem_of: dict[str, str]) -> Iterator[IndexedPassage]:
    start = 0
    title = " ".join(stem_of[word] for word in article.title.lower().split())
    for line in article.text.split("\n"):
        body = " ".join(stem_of[word] for word in line.lower().replace(".", "").split())
        key = vector_key(model, embedded_text(article.title, "", line))
        yield IndexedPassage(start, start + len(line), "", key, title, body)
        start += len(line) + 1
