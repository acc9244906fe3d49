"""The packaged model on OpenVINO: texts to the hidden states of their tokens, and to unit vectors.

OpenVINO multiplies the graph's 8-bit weights by activations that it quantizes at run time. Neither torch nor
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

from kibaru.arrays import Vectors
from kibaru.embedding.e5_small.prompts import PROMPTS
from kibaru.embedding.openvino_graph import GRAPH, openvino
from kibaru.types import Span

if TYPE_CHECKING:
    from openvino import InferRequest
    from sentencepiece import SentencePieceProcessor

_Tokenized = tuple[list[int], NDArray[np.int64]]
"""The tokens (n + 2) of a text after its prompt, of which the first and the last stand for no subword; and the offsets
(n, 2) of the subwords in the text, those of the prompt below 1."""

VOCABULARY = "sentencepiece.model"
"""The name of the vocabulary's file in the model's folder."""

_WORDS = "embeddings.word_embeddings.weight"
_OPTIONS = {
    "PERFORMANCE_HINT": "THROUGHPUT",
    "INFERENCE_PRECISION_HINT": "f32",  # of what is not in 8 bits: quicker than bfloat16
    "ENABLE_CPU_PINNING": False,
}
_BY_INTEGERS = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 192}
"""Activations that share a scale: half of a hidden state, which is the quickest."""

_BY_FLOATS = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0, "LP_TRANSFORMS_MODE": False}
"""For processors with AVX2 alone, on which OpenVINO fails with the above."""

_SHORTEST = 24
"""Tokens that short texts are padded to, enough for most questions: OpenVINO takes longer for each new length."""

_STEP = 16
"""Longer texts are padded to a multiple of this many tokens, which is quicker than attention to odd lengths."""

_COMMON = 6.0
"""Subtracted from the negative logarithm of a subword's probability, so that very common subwords (5 for "de") have no
weight and those of names (about 12) have most."""

_UNKNOWN = 15.0
"""The negative logarithm assumed for a character that the vocabulary lacks: it counts as rare."""

_FORBIDDEN = -1e9
"""Added to the attention scores of padding, which then gets none."""


class OpenVinoEncoder:
    """The model in a folder that `e5_small.model.unpack` returned, see `kibaru.embedding.model.Encoder`.

    Each core encodes a text of its own, which is quicker than all cores on one batch.
    """

    embeds_sentences = True
    prompts = PROMPTS

    def __init__(self, folder: Path) -> None:
        """Load the model. Raises ValueError, KeyError, RuntimeError or OSError when a file in the folder is damaged."""
        config = json.loads((folder / "config.json").read_text("utf-8"))
        self.dimension = int(config["hidden_size"])
        self._begin, self._end = int(config["bos_token_id"]), int(config["eos_token_id"])
        self._padding = int(config["pad_token_id"])
        self._longest = int(config["max_position_embeddings"])
        with ThreadPoolExecutor(1) as executor:  # neither loading the vocabulary nor compiling needs the interpreter
            vocabulary = executor.submit(_load_vocabulary, folder / VOCABULARY)
            self._words = mapped_tensor(folder / "model.safetensors", _WORDS)
            requests = _requests(folder / GRAPH, self.dimension)
            self._vocabulary = vocabulary.result()
        self._cores = ThreadPoolExecutor(len(requests) - 1, "kibaru-model")
        self._requests: SimpleQueue[InferRequest] = SimpleQueue()
        for request in requests:
            self._requests.put(request)

    def encode(
        self, texts: Sequence[str], prompt: str, parts: Sequence[Sequence[Span]] | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Embed texts, and their parts in context.

        The vector of a part is the mean over its tokens, as in "late chunking" (Günther and others, arXiv 2409.04701).

        Args:
            texts: The texts.
            prompt: What stands before each of them.
            parts: The spans of the parts of each text.

        Returns:
            Unit vectors of the texts, shape (len(texts), dimension); and for each text those of its parts, shape
            (parts, dimension).
        """
        tokenized = self._tokenize(texts, prompt)
        # Texts of one length come together, because OpenVINO takes longer for each new length.
        by_length = sorted(range(len(texts)), key=lambda at: -_padded(len(tokenized[at][0])))

        def encode_one(at: int) -> tuple[Vectors, Vectors]:
            (tokens, offsets), wanted = tokenized[at], parts[at] if parts else ()
            states = self._states(tokens)
            return _unit(states.mean(axis=0)), _means(states[1:-1], offsets, wanted) if wanted else states[:0]

        by_place = dict(zip(by_length, self._each(encode_one, by_length), strict=True))
        found = [by_place[at] for at in range(len(texts))]
        vectors = np.array([vector for vector, _ in found], np.float32).reshape(len(texts), self.dimension)
        return vectors, [of_parts for _, of_parts in found]

    def encode_query_pairs(self, texts: Sequence[str], prompt: str) -> Vectors:
        """Embed queries in two ways: as `encode` does, and with more weight on rare words and none on the prompt.

        The names in a question say more about which passage answers than "est-ce que la" does. A subword's weight comes
        from its score in the model's own vocabulary, which is the logarithm of its probability.

        Returns:
            Unit vectors, shape (len(texts), 2, dimension).
        """

        def encode_one(tokenized: _Tokenized) -> Vectors:
            tokens, offsets = tokenized
            states = self._states(tokens)
            scores = [-self._vocabulary.get_score(id) or _UNKNOWN for id in tokens[1:-1]]
            weights = np.maximum(np.array(scores, np.float32) - _COMMON, 0) * (offsets[:, 1] > 0)
            mean = states.mean(axis=0)
            return _unit(np.stack([mean, weights @ states[1:-1] if weights.any() else mean]))

        found = self._each(encode_one, self._tokenize(texts, prompt))
        return np.array(found, np.float32).reshape(len(texts), 2, self.dimension)

    def _each(self, encode_one: Callable[[Any], Any], texts: Sequence[Any]) -> list[Any]:
        """Call `encode_one` for each text. A single text is a question: it does not wait behind passages."""
        return list((map if len(texts) == 1 else self._cores.map)(encode_one, texts))

    def _tokenize(self, texts: Sequence[str], prompt: str) -> list[_Tokenized]:
        room, tokenized = self._longest - 2, list[_Tokenized]()
        for text in texts:
            subwords = self._vocabulary.encode(prompt + text, return_type="offset_mapping")
            offsets = np.array(subwords["offsets"][:room]).reshape(-1, 2) - len(prompt)
            tokenized.append(([self._begin, *subwords["ids"][:room], self._end], offsets))
        return tokenized

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
    """The unit vectors (parts, dimension) of `parts` of a text, from the `states` (tokens, dimension) of its tokens and
    their `offsets` (tokens, 2). A part beyond the longest text that the model takes has the vector of the text."""
    starts, ends = np.array(parts).T[:, :, None]
    inside = (offsets[:, 1] > starts) & (offsets[:, 0] < ends) & (offsets[:, 1] > offsets[:, 0])
    inside[~inside.any(axis=1)] = True
    return _unit(inside.astype(np.float32) @ states)


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit


def _requests(graph: Path, dimension: int) -> list[InferRequest]:
    """A request for each core, and one for a question that comes while every core encodes a passage."""
    try:
        return _compiled(graph, dimension, _BY_INTEGERS)
    except RuntimeError:
        return _compiled(graph, dimension, _BY_FLOATS)


def _compiled(graph: Path, dimension: int, multiplying: dict[str, Any]) -> list[InferRequest]:
    """Compile the graph and run one request: if OpenVINO's first run were two at once, they might wait forever."""
    model = openvino().Core().compile_model(graph, "CPU", _OPTIONS | multiplying)
    cores = int(model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
    requests = [model.create_infer_request() for _ in range(cores + 1)]
    words, mask = np.zeros((1, _SHORTEST, dimension), np.float16), np.zeros((1, _SHORTEST), np.float32)
    requests[0].infer({"words": words, "mask": mask})
    return requests


def _load_vocabulary(path: Path) -> SentencePieceProcessor:
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_proto=path.read_bytes())


def mapped_tensor(path: Path, name: str) -> NDArray[np.float16]:
    """A float16 matrix of a safetensors file. It stays on disk, because it is most of the model and a text needs few of
    its rows.

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
