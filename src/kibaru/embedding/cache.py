"""An embedder with a cache of what it embedded lately.

Readers ask the same questions, and the bot embeds those that wait together, so each is in the cache when its turn
comes. For a model whose sentence vectors the index does not store, the cache has those of the articles in demand.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from kibaru.arrays import Vectors
from kibaru.embedding.embedder import Embedder
from kibaru.settings import Settings

_MOST_CACHED = 10_000
"""Texts in the cache; with 384 dimensions a passage takes 1.5 kB, a query twice that."""

_MOST_AT_ONCE = 128
"""More texts in one call are not cached: they are articles being published or an index being rebuilt."""


class CachingEmbedder(Embedder):
    """An Embedder that does not embed a text again while it is in the cache."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._cached: OrderedDict[bytes, Vectors] = OrderedDict()
        self._cache_lock = threading.Lock()

    def embed_query_pairs(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed_query_pairs`."""
        return self._through_cache("query", texts, super().embed_query_pairs)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed_passages`."""
        return self._through_cache("passage", texts, super().embed_passages)

    def _through_cache(self, kind: str, texts: Sequence[str], embed: Callable[[Sequence[str]], Vectors]) -> Vectors:
        if len(texts) > _MOST_AT_ONCE or not texts:
            return embed(texts)
        keys = [hashlib.blake2b(f"{kind}\0{text}".encode(), digest_size=16).digest() for text in texts]
        with self._cache_lock:
            found = {key: self._cached[key] for key in keys if key in self._cached}
            for key in found:
                self._cached.move_to_end(key)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            found.update(zip(missing, embed(list(missing.values())), strict=True))
            with self._cache_lock:
                self._cached.update((key, found[key].copy()) for key in missing)
                while len(self._cached) > _MOST_CACHED:
                    self._cached.popitem(last=False)
        return np.stack([found[key] for key in keys])
