"""An embedder that remembers what it embedded lately.

Readers ask the same questions, and those that wait together are embedded together, to be found here when their turn
comes. Of a model whose sentences the index does not keep, those of the articles in demand are remembered too.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kibaru.embedding.embedder import Embedder, Vectors
from kibaru.settings import Settings

_REMEMBERED = 10_000
"""Texts: at 384 numbers each, 15 MB of vectors, of questions twice that."""

_FEW = 128
"""More texts at once are articles being published or an index being rebuilt, not a reader's question."""


class RememberingEmbedder(Embedder):
    """As Embedder, and no slower for texts it has not seen."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._known: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._known_lock = threading.Lock()

    def read_questions(self, texts: Sequence[str]) -> Vectors:
        return self._remembered("question", texts, super().read_questions)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._remembered("passage", texts, super().embed_passages)

    def _remembered(self, kind: str, texts: Sequence[str], embed: Callable[[Sequence[str]], Vectors]) -> Vectors:
        if len(texts) > _FEW or not texts:
            return embed(texts)
        keys = [hashlib.blake2b(f"{kind}\0{text}".encode(), digest_size=16).digest() for text in texts]
        with self._known_lock:
            found = {key: self._known[key] for key in keys if key in self._known}
            for key in found:
                self._known.move_to_end(key)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            found.update(zip(missing, embed(list(missing.values())), strict=True))
            with self._known_lock:
                self._known.update((key, found[key].copy()) for key in missing)
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return np.stack([found[key] for key in keys])
