"""Any sentence-transformers model: texts to vectors. The library is imported when a model is loaded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from kibaru.arrays import Vectors
from kibaru.types import Span

if TYPE_CHECKING:
    import torch

_BATCH = 4
"""Texts that are encoded at once; larger batches are slower on few cores, for their padding."""

_TURN = 8 * _BATCH
"""Texts after which a waiting thread has its turn, so that a reader's question does not wait for all that is added."""


class SentenceTransformersEncoder:
    """A model of the library, see `kibaru.embedding.model.Encoder`. It does not embed sentences in their context."""

    embeds_sentences = False

    def __init__(self, path: str) -> None:
        """Load the model in a folder, or of a name on the model hub. Raises what the library raises."""
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        no_progress: Callable[[], Any] = transformers_logging.disable_progress_bar
        no_progress()
        self._model = SentenceTransformer(path, device="cpu", model_kwargs={"dtype": native_dtype()})
        self._lock = threading.Lock()
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self.prompts = self._model.prompts

    def encode(
        self,
        texts: Sequence[str],
        prompt: str,
        parts: Sequence[Sequence[Span]] | None = None,  # noqa: ARG002  # of Encoder
    ) -> tuple[Vectors, list[Vectors]]:
        """Vectors of the texts after `prompt`, shape (len(texts), dimension); the list is empty."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        longest_first = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        for start in range(0, len(texts), _TURN):
            turn = longest_first[start : start + _TURN]
            with self._lock:
                encoded = self._model.encode(
                    [texts[at] for at in turn],
                    prompt=prompt,
                    batch_size=_BATCH,
                    convert_to_tensor=True,
                    show_progress_bar=False,
                )
            vectors[turn] = encoded.float().cpu().numpy()
        return vectors, []

    def encode_query_pairs(self, texts: Sequence[str], prompt: str) -> Vectors:
        """The vector of each text twice, shape (len(texts), 2, dimension): the model has no weights for its words."""
        vectors, _ = self.encode(texts, prompt)
        return np.stack([vectors, vectors], axis=1)


@cache
def load_model(path: str) -> SentenceTransformersEncoder:
    """Load a model once a process, however many archives use it."""
    return SentenceTransformersEncoder(path)


def native_dtype() -> torch.dtype:
    """The floats to compute with: bfloat16 where the processor multiplies it natively and is much quicker so."""
    import torch

    native = torch.cpu.get_capabilities()
    return torch.bfloat16 if native.get("avx512_bf16") or native.get("amx_bf16") else torch.float32
