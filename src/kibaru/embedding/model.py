"""What a loaded embedding model can do, whichever library runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from kibaru.arrays import Vectors
from kibaru.types import Span


class Encoder(Protocol):
    """A loaded model. Several threads may call its methods.

    Attributes:
        dimension: Numbers in one vector.
        embeds_sentences: Whether `encode` gives vectors of sentences in their context.
    """

    dimension: int
    embeds_sentences: bool

    @property
    def prompts(self) -> Mapping[str, str | None]:
        """The prompts that the model's own configuration names."""

    def encode(
        self, texts: Sequence[str], prompt: str, parts: Sequence[Sequence[Span]] | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Embed texts.

        Args:
            texts: The texts.
            prompt: What stands before each of them.
            parts: The spans of the sentences of each text.

        Returns:
            The vectors of the texts, shape (len(texts), dimension); and if the model `embeds_sentences`, for each text
            those of its parts, shape (parts, dimension).
        """

    def encode_query_pairs(self, texts: Sequence[str], prompt: str) -> Vectors:
        """Embed queries in two ways, see `Embedder.embed_query_pairs`; shape (len(texts), 2, dimension)."""
