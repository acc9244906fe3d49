"""Windows as batches of tensors, in an order that the seed decides."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from corpus import Corpus
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor
from torch import Tensor
from windows import Recipe, Window, draw, draw_crossed

from kibaru.reading.pairs import Batch, Pair, make_batch, make_pair

Item = tuple[Pair, tuple[int, int]]
"""A pair, and the positions of the first and last token of its answer: 0 where it has none."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Windows of about one length, and where the answer of each begins and ends: 0 where it has none."""

    batch: Batch
    start: Tensor
    end: Tensor

    @property
    def answers(self) -> Tensor:
        """1 for each window that answers, else 0."""
        return (self.start > 0).float()


class Words:
    """The packaged model's vocabulary and its embeddings of words, which stay on disk."""

    def __init__(self, folder: Path) -> None:
        """Open those of the model unpacked in `folder`."""
        from kibaru.embedding.openvino_encoder import VOCABULARY, mapped_tensor  # the one reader of this file's layout

        self.vocabulary = SentencePieceProcessor(model_proto=(folder / VOCABULARY).read_bytes())
        self._table = mapped_tensor(folder / "model.safetensors", "embeddings.word_embeddings.weight")

    def embeddings(self, ids: NDArray[np.int64]) -> Tensor:
        """The embeddings of tokens (rows, length), in 32 bits (rows, length, hidden)."""
        return torch.from_numpy(np.asarray(self._table[ids], np.float32))


def tensors(words: Words, batch: Batch) -> list[Tensor]:
    """What the reader takes: embeddings, kinds, lengths and bodies."""
    return [words.embeddings(batch.ids), *map(torch.from_numpy, (batch.kinds, batch.lengths, batch.body))]


def encoded(words: Words, window: Window) -> Item | None:
    """A window's tokens and the positions of its answer's first and last; None where the answer was cut off."""
    pair = make_pair(words.vocabulary, window.question, (window.title, window.heading), window.body)
    span = pair.positions(*window.answer) if window.answer else (0, 0)
    return (pair, span) if span and len(pair.offsets) else None


def collate(items: Sequence[Item]) -> Lesson:
    """The batch of these windows, padded to the longest."""
    return Lesson(
        make_batch([pair for pair, _ in items]),
        torch.tensor([start for _, (start, _) in items]),
        torch.tensor([end for _, (_, end) in items]),
    )


def epoch(
    words: Words, corpora: Sequence[Corpus], xquad: dict[str, Corpus], recipe: Recipe, most: int, seed: str
) -> list[Lesson]:
    """One pass over the questions in batches of about `most` tokens; the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311  # the same on every machine
    windows = [w for corpus in corpora for w in draw(corpus, recipe, rng)] + list(draw_crossed(xquad, recipe, rng))
    items = [item for window in windows if (item := encoded(words, window))]
    rng.shuffle(items)
    items.sort(key=lambda item: len(item[0].ids) + rng.uniform(-6, 6))
    groups: list[list[Item]] = [[]]
    for item in items:
        if (len(groups[-1]) + 1) * len(item[0].ids) > most and groups[-1]:
            groups.append([])
        groups[-1].append(item)
    rng.shuffle(groups)
    return [collate(group) for group in groups]


def steps(
    words: Words,
    corpora: Sequence[tuple[int, Corpus]],
    xquad: dict[str, Corpus],
    recipe: Recipe,
    options: dict[str, Any],
    done: int,
) -> Iterator[Lesson]:
    """The batches of training after the first `done`; each corpus is used from its own epoch on."""
    seen, number = 0, 0
    while True:
        used = [corpus for first, corpus in corpora if number >= first]
        lessons = epoch(words, used, xquad, recipe, int(options["tokens"]), f"{options['seed']}/{number}")
        yield from lessons[max(0, done - seen) :]
        seen, number = seen + len(lessons), number + 1
