"""Packs as batches of tensors, in an order that the seed decides."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from corpus import Corpus
from kibaru.reading.pairs import Packed, PassageTokens, pack, passage_tokens, question_tokens
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor
from torch import Tensor
from windows import Pack, Recipe, draw, draw_crossed

Row = tuple[PassageTokens, list[NDArray[np.int64]], list[tuple[int, int]]]
"""A passage, its questions, and the positions of the first and last token of each answer: 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Packs of about one length, and for each question where its answer begins and ends: 0 where it has none."""

    packed: Packed
    start: Tensor
    end: Tensor

    @property
    def answers(self) -> Tensor:
        """1 for each question that has an answer, else 0."""
        return (self.start > 0).float()


class Words:
    """The packaged model's vocabulary and its embeddings of words, which stay on disk."""

    def __init__(self, folder: Path) -> None:
        """Open those of the model unpacked in `folder`."""
        from kibaru.bert import VOCABULARY, _mapped  # the one reader of this file's layout

        self.vocabulary = SentencePieceProcessor(model_proto=(folder / VOCABULARY).read_bytes())
        self._table = _mapped(folder / "model.safetensors", "embeddings.word_embeddings.weight")

    def embeddings(self, ids: NDArray[np.int64]) -> Tensor:
        """The embeddings of tokens (rows, length), in 32 bits (rows, length, hidden)."""
        return torch.from_numpy(np.asarray(self._table[ids], np.float32))


def encoded(words: Words, pack: Pack) -> Row | None:
    """A pack's tokens; None where nothing is left. Questions whose answer was cut off are left out."""
    passage = passage_tokens(words.vocabulary, (pack.title, pack.heading), pack.body)
    questions, spans = [], []
    for question, answer in pack.questions:
        span = passage.positions(*answer) if answer else (0, 0)
        if span:
            questions.append(question_tokens(words.vocabulary, question))
            spans.append(span)
    return (passage, questions, spans) if questions else None


def size(row: Row) -> int:
    """Tokens of a row."""
    return len(row[0].ids) + sum(map(len, row[1]))


def collate(rows: list[Row]) -> Batch:
    """The batch of these rows, padded to the longest."""
    spans = [span for _, _, spans in rows for span in spans]
    return Batch(
        pack([(passage, questions) for passage, questions, _ in rows]),
        torch.tensor([start for start, _ in spans]),
        torch.tensor([end for _, end in spans]),
    )


def epoch(words: Words, corpora: list[Corpus], xquad: dict[str, Corpus], recipe: Recipe, most: int, seed: str) -> list[Batch]:
    """One pass over the passages in batches of about `most` tokens; the same for the same seed."""
    rng = random.Random(seed)
    packs = [p for corpus in corpora for p in draw(corpus, recipe, rng)] + list(draw_crossed(xquad, recipe, rng))
    rows = [row for pack in packs if (row := encoded(words, pack))]
    rng.shuffle(rows)
    rows.sort(key=lambda row: size(row) + rng.uniform(-12, 12))
    groups: list[list[Row]] = [[]]
    for row in rows:
        if (len(groups[-1]) + 1) * size(row) > most and groups[-1]:
            groups.append([])
        groups[-1].append(row)
    rng.shuffle(groups)
    return [collate(group) for group in groups]


def steps(
    words: Words, corpora: list[tuple[int, Corpus]], xquad: dict[str, Corpus], recipe: Recipe, options: dict[str, Any], done: int
) -> Iterator[Batch]:
    """The batches of training after the first `done`; each corpus is used from its own epoch on."""
    seen, number = 0, 0
    while True:
        used = [corpus for first, corpus in corpora if number >= first]
        batches = epoch(words, used, xquad, recipe, int(options["tokens"]), f"{options['seed']}/{number}")
        yield from batches[max(0, done - seen) :]
        seen, number = seen + len(batches), number + 1
