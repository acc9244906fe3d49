"""The packaged reader: a question and passages → what each passage says to it."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kibaru.embedding.openvino_encoder import VOCABULARY, mapped_tensor
from kibaru.reading.pairs import Batch, make_batch, make_pair
from kibaru.reading.spans import AnswerSpan, best_span
from kibaru.reading.weights import FILE, merged

_STEP = 16
"""Pairs are padded to a multiple of this many tokens: OpenVINO prepares itself anew for each length."""


@dataclass(frozen=True, slots=True)
class PassageRead:
    """What the reader says of one passage.

    Attributes:
        answers: The probability that the passage answers, as trained; not calibrated on an archive.
        logit: The same before the sigmoid.
        span: The best span of the passage's body; None where nothing of it was read.
    """

    answers: float
    logit: float
    span: AnswerSpan | None


class _Engine(Protocol):
    def __call__(self, words: NDArray[np.float32], batch: Batch) -> tuple[NDArray[np.float32], ...]: ...


class Reader:
    """The shipped reader on the packaged embedding model; several threads may call it, one at a time reads."""

    def __init__(self, folder: Path, weights: Path = FILE, engine: Literal["openvino", "torch"] | None = None) -> None:
        """Load the reader.

        Args:
            folder: Where the packaged embedding model is unpacked.
            weights: The reader's file.
            engine: What runs it; OpenVINO where it is installed, when not given.

        Raises:
            OSError: A file is missing.
            ValueError: A file is damaged, or of another layout.
        """
        from sentencepiece import SentencePieceProcessor

        self._vocabulary = SentencePieceProcessor(model_proto=(folder / VOCABULARY).read_bytes())
        self._table = mapped_tensor(folder / "model.safetensors", "embeddings.word_embeddings.weight")
        self._reading = threading.Lock()
        chosen = engine or ("openvino" if find_spec("openvino") else "torch")
        self._engine = (_openvino if chosen == "openvino" else _torch)(weights, folder)

    def read(self, question: str, passages: Sequence[tuple[Sequence[str], str]]) -> list[PassageRead]:
        """Read a question beside each of several passages.

        Args:
            question: As it is asked.
            passages: Of each its headings (the article's title, the section's heading) and its body.

        Returns:
            What the reader says of each, in their order.
        """
        if not passages:
            return []
        pairs = [make_pair(self._vocabulary, question, headings, body) for headings, body in passages]
        longest = max(len(pair.ids) for pair in pairs)
        batch = make_batch(pairs, -(-longest // _STEP) * _STEP)
        words = np.asarray(self._table[batch.ids], np.float32)
        with self._reading:
            start, end, answers = self._engine(words, batch)
        return [
            PassageRead(_sigmoid(float(answers[row])), float(answers[row]), best_span(pair, start[row], end[row]))
            for row, pair in enumerate(pairs)
        ]


def _sigmoid(logit: float) -> float:
    """The logistic function, for logits of any size."""
    return 1 / (1 + math.exp(-logit)) if logit > 0 else math.exp(logit) / (1 + math.exp(logit))


def _openvino(weights: Path, folder: Path) -> _Engine:
    from kibaru.reading.openvino_reader import OpenvinoReader

    return OpenvinoReader(*merged(weights, folder)).read


def _torch(weights: Path, folder: Path) -> _Engine:
    import torch

    from kibaru.reading.torch_reader import TorchReader

    model = TorchReader(*merged(weights, folder)).eval()

    def read(words: NDArray[np.float32], batch: Batch) -> tuple[NDArray[np.float32], ...]:
        with torch.inference_mode():
            layout = map(torch.from_numpy, (batch.kinds, batch.lengths, batch.body))
            return tuple(logits.numpy() for logits in model(torch.from_numpy(words), *layout))

    return read
