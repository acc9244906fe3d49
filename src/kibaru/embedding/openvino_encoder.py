"""The packaged model on OpenVINO: texts to the states of their tokens, and to unit vectors.

OpenVINO multiplies the graph's 8-bit weights by activations that it quantizes as it goes. Neither torch nor
sentence-transformers is imported, which would take seconds.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kibaru.embedding.openvino_graph import GRAPH, openvino
from kibaru.types import Span

if TYPE_CHECKING:
    from openvino import InferRequest
    from sentencepiece import SentencePieceProcessor

Vectors = NDArray[np.float32]

_Cut = tuple[list[int], NDArray[np.int64]]
"""The tokens (n + 2) of a text after its prompt, which begin and end with one that stands for no piece; and the offsets
(n, 2) of the pieces in the text, those of the prompt below 1."""

VOCABULARY = "sentencepiece.model"

_WORDS = "embeddings.word_embeddings.weight"
_OPTIONS = {
    "PERFORMANCE_HINT": "THROUGHPUT",
    "INFERENCE_PRECISION_HINT": "f32",  # what is in no 8 bits: in bfloat16 that took an eighth more time
    "ENABLE_CPU_PINNING": False,
}
_BY_INTEGERS = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 192}
"""Activations that share a scale, half of a state: with 128 a text takes a fiftieth more time, with 384 a tenth."""

_BY_FLOATS = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0, "LP_TRANSFORMS_MODE": False}
"""For processors with AVX2 alone, on which OpenVINO's first reading fails with the above."""

_SHORTEST = 24
"""Tokens that texts are padded to, which hold nine of ten questions: OpenVINO prepares itself anew for each length, and
so a question as long as the one before takes a fifth less time."""

_STEP = 16
"""Longer texts are padded to a multiple of this many tokens: that takes less time than attention to odd lengths."""

_COMMON = 6.0
"""Taken off how rare a piece of a question is, minus the logarithm of its probability: 5 for "de", 9 for "est" and "?",
12 for most pieces of names. On the tuning half of eval/dev 0 and 9 do about as well."""

_UNKNOWN = 15.0
"""How rare a character is that the vocabulary lacks, which has no score: nine tenths of the pieces are less rare."""

_FORBIDDEN = -1e9
"""Added to the attention that padding would get."""


class Bert:
    """The model in a folder that `e5_small.model.unpack` returned; `dimension` is the length of its vectors.

    Each core reads a text of its own: on two, passages take an eighth less time so than when both read one batch.
    """

    def __init__(self, folder: Path) -> None:
        """Load the model. Raises ValueError, KeyError, RuntimeError or OSError when a file in the folder is damaged."""
        config = json.loads((folder / "config.json").read_text("utf-8"))
        self.dimension = int(config["hidden_size"])
        self._begin, self._end = int(config["bos_token_id"]), int(config["eos_token_id"])
        self._padding = int(config["pad_token_id"])
        self._longest = int(config["max_position_embeddings"])
        with ThreadPoolExecutor(1) as apart:  # neither reading the vocabulary nor compiling needs the interpreter
            vocabulary = apart.submit(_read_vocabulary, folder / VOCABULARY)
            self._words = _mapped(folder / "model.safetensors", _WORDS)
            requests = _requests(folder / GRAPH, self.dimension)
            self._vocabulary = vocabulary.result()
        self._cores = ThreadPoolExecutor(len(requests) - 1, "kibaru-model")
        self._requests: SimpleQueue[InferRequest] = SimpleQueue()
        for request in requests:
            self._requests.put(request)

    def encode(
        self, texts: Sequence[str], prompt: str, parts: Sequence[Sequence[Span]] | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Unit vectors (len(texts), dimension) of the texts after `prompt`; and for each text those (n, dimension) of
        its `parts`, as they are read in it: the means over the tokens of a part, as in "late chunking" (Günther and
        others, arXiv 2409.04701).
        """

        cut = self._cut(texts, prompt)
        # OpenVINO prepares itself anew for each length, which takes a tenth of the time of a reading
        by_length = sorted(range(len(texts)), key=lambda at: -_padded(len(cut[at][0])))

        def read(at: int) -> tuple[Vectors, Vectors]:
            (tokens, offsets), wanted = cut[at], parts[at] if parts else ()
            states = self._states(tokens)
            return _unit(states.mean(axis=0)), _means(states[1:-1], offsets, wanted) if wanted else states[:0]

        by_place = dict(zip(by_length, self._each(read, by_length), strict=True))
        found = [by_place[at] for at in range(len(texts))]
        vectors = np.array([vector for vector, _ in found], np.float32).reshape(len(texts), self.dimension)
        return vectors, [inner for _, inner in found]

    def encode_questions(self, texts: Sequence[str], prompt: str) -> Vectors:
        """The unit vectors of `encode`, and beside each the one in which words count by how rare they are, the prompt
        not at all: (len(texts), 2, dimension).

        The names in a question tell more about which passage answers than "est-ce que la" does. How rare a piece is,
        its score in the model's own vocabulary says, the logarithm of its probability.
        """

        def read(cut: _Cut) -> Vectors:
            tokens, offsets = cut
            states = self._states(tokens)
            scores = [-self._vocabulary.get_score(id) or _UNKNOWN for id in tokens[1:-1]]
            weights = np.maximum(np.array(scores, np.float32) - _COMMON, 0) * (offsets[:, 1] > 0)
            mean = states.mean(axis=0)
            return _unit(np.stack([mean, weights @ states[1:-1] if weights.any() else mean]))

        found = self._each(read, self._cut(texts, prompt))
        return np.array(found, np.float32).reshape(len(texts), 2, self.dimension)

    def _each(self, read: Callable[[Any], Any], texts: Sequence[Any]) -> list[Any]:
        """What `read` gives for each text. What is alone is a question: it does not wait behind passages."""
        return list((map if len(texts) == 1 else self._cores.map)(read, texts))

    def _cut(self, texts: Sequence[str], prompt: str) -> list[_Cut]:
        room, cut = self._longest - 2, list[_Cut]()
        for text in texts:
            pieces = self._vocabulary.encode(prompt + text, return_type="offset_mapping")
            offsets = np.array(pieces["offsets"][:room]).reshape(-1, 2) - len(prompt)
            cut.append(([self._begin, *pieces["ids"][:room], self._end], offsets))
        return cut

    def _states(self, tokens: list[int]) -> Vectors:
        """The last hidden states (tokens, dimension) of a text."""
        count, length = len(tokens), _padded(len(tokens))
        words = self._words[tokens + [self._padding] * (length - count)]
        mask = np.where(np.arange(length) < count, 0, _FORBIDDEN).astype(np.float32)
        request = self._requests.get()
        try:
            states: Vectors = request.infer({"words": words[None], "mask": mask[None]})[0][0, :count]
        finally:
            self._requests.put(request)
        return states


def _padded(count: int) -> int:
    return _SHORTEST if count <= _SHORTEST else -(-count // _STEP) * _STEP


def _means(states: Vectors, offsets: NDArray[np.int64], parts: Sequence[Span]) -> Vectors:
    """The unit vectors (n, dimension) of `parts` of a text, given the `states` (tokens, dimension) of its tokens and
    their `offsets` (tokens, 2) in it. A part that was cut off has the vector of the text."""
    starts, ends = np.array(parts).T[:, :, None]
    inside = (offsets[:, 1] > starts) & (offsets[:, 0] < ends) & (offsets[:, 1] > offsets[:, 0])
    inside[~inside.any(axis=1)] = True
    return _unit(inside.astype(np.float32) @ states)


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit


def _requests(graph: Path, dimension: int) -> list[InferRequest]:
    """A request for each core, and one for a question that comes while every core reads a passage."""
    try:
        return _tried(graph, dimension, _BY_INTEGERS)
    except RuntimeError:
        return _tried(graph, dimension, _BY_FLOATS)


def _tried(graph: Path, dimension: int, multiplying: dict[str, Any]) -> list[InferRequest]:
    """The same, of which one has read: were OpenVINO's first reading two at once, they might wait forever."""
    model = openvino().Core().compile_model(graph, "CPU", _OPTIONS | multiplying)
    cores = int(model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
    requests = [model.create_infer_request() for _ in range(cores + 1)]
    words, mask = np.zeros((1, _SHORTEST, dimension), np.float16), np.zeros((1, _SHORTEST), np.float32)
    requests[0].infer({"words": words, "mask": mask})
    return requests


def _read_vocabulary(path: Path) -> SentencePieceProcessor:
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_proto=path.read_bytes())


def _mapped(path: Path, name: str) -> NDArray[np.float16]:
    """A float16 matrix of a safetensors file, which stays on disk: it has four fifths of all the model's numbers, and a
    text needs few of its rows.

    The layout is in https://huggingface.co/docs/safetensors, "Format".
    """
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > path.stat().st_size:
            raise ValueError(f"{path.name} is cut off")
        tensor = json.loads(file.read(length))[name]
    if tensor["dtype"] != "F16":
        raise ValueError(f"{path.name}: {name} is not in float16")
    start = 8 + length + tensor["data_offsets"][0]
    return np.memmap(path, np.float16, "r", start, tuple(tensor["shape"]))
