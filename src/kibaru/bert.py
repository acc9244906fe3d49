"""The packaged model as an OpenVINO graph: BERT with weights of 8 bits.

OpenVINO multiplies 8-bit weights by activations that it quantizes as it goes, in groups of `_GROUP`, and keeps the rest
in float32, whether or not the processor has bfloat16. Neither torch nor sentence-transformers is imported, which would
take seconds.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kibaru.importing import imported_without
from kibaru.sentences import Span

if TYPE_CHECKING:
    from openvino import CompiledModel, InferRequest, Model, Node
    from sentencepiece import SentencePieceProcessor

Vectors = NDArray[np.float32]

GRAPH = "openvino.xml"
"""The file's name in the model's folder; its weights are in a .bin beside it."""

VOCABULARY = "sentencepiece.model"

_WORDS = "embeddings.word_embeddings.weight"
_GROUP = 128
"""Activations that share a scale: 32 to 128 keep the cosine to float32 above 0.9995, and larger groups are quicker."""

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
    """The model in a folder that `kibaru.packaged_model.unpack` returned; `dimension` is the length of its vectors.

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
            graph = _compiled(folder / GRAPH)
            cores = int(graph.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
            self._vocabulary = vocabulary.result()
        self._cores = ThreadPoolExecutor(cores, "kibaru-model")
        self._requests: SimpleQueue[InferRequest] = SimpleQueue()
        for _ in range(cores + 1):  # one for a question that comes while every core reads a passage
            self._requests.put(graph.create_infer_request())
        self._states([self._begin, self._end])  # were OpenVINO's first reading two at once, they might wait forever

    def encode(
        self, texts: Sequence[str], prompt: str, parts: Sequence[Sequence[Span]] | None = None
    ) -> tuple[Vectors, list[Vectors]]:
        """Unit vectors (len(texts), dimension) of the texts after `prompt`; and for each text those (n, dimension) of
        its `parts`, as they are read in it: the means over the tokens of a part, as in "late chunking" (Günther and
        others, arXiv 2409.04701).
        """

        def read(text: str, wanted: Sequence[Span]) -> tuple[Vectors, Vectors]:
            _, offsets, states = self._read(text, prompt)
            return _unit(states.mean(axis=0)), _means(states[1:-1], offsets, wanted) if wanted else states[:0]

        found = self._each(read, texts, parts or [()] * len(texts))
        vectors = np.array([vector for vector, _ in found], np.float32).reshape(len(texts), self.dimension)
        return vectors, [inner for _, inner in found]

    def encode_questions(self, texts: Sequence[str], prompt: str) -> Vectors:
        """The unit vectors of `encode`, and beside each the one in which words count by how rare they are, the prompt
        not at all: (len(texts), 2, dimension).

        The names in a question tell more about which passage answers than "est-ce que la" does. How rare a piece is,
        its score in the model's own vocabulary says, the logarithm of its probability.
        """

        def read(text: str) -> Vectors:
            ids, offsets, states = self._read(text, prompt)
            scores = [-self._vocabulary.get_score(id) or _UNKNOWN for id in ids]
            weights = np.maximum(np.array(scores, np.float32) - _COMMON, 0) * (offsets[:, 1] > 0)
            mean = states.mean(axis=0)
            return _unit(np.stack([mean, weights @ states[1:-1] if weights.any() else mean]))

        return np.array(self._each(read, texts), np.float32).reshape(len(texts), 2, self.dimension)

    def _each(self, read: Callable[..., Any], texts: Sequence[str], *more: Sequence[Any]) -> list[Any]:
        """What `read` gives for each text. What is alone is a question: it does not wait behind passages."""
        return list((map if len(texts) == 1 else self._cores.map)(read, texts, *more))

    def _read(self, text: str, prompt: str) -> tuple[list[int], NDArray[np.int64], Vectors]:
        """The ids (n) of a text's pieces and their offsets (n, 2) in it, those of the prompt below 1, and the states
        (n + 2, dimension), which begin and end with a token that stands for neither."""
        pieces = self._vocabulary.encode(prompt + text, return_type="offset_mapping")
        room = self._longest - 2
        ids, offsets = pieces["ids"][:room], np.array(pieces["offsets"][:room]).reshape(-1, 2) - len(prompt)
        return ids, offsets, self._states([self._begin, *ids, self._end])

    def _states(self, tokens: list[int]) -> Vectors:
        """The last hidden states (tokens, dimension) of a text."""
        count = len(tokens)
        length = _SHORTEST if count <= _SHORTEST else -(-count // _STEP) * _STEP
        words = self._words[tokens + [self._padding] * (length - count)].astype(np.float32)
        mask = np.where(np.arange(length) < count, 0, _FORBIDDEN).astype(np.float32)
        request = self._requests.get()
        try:
            states: Vectors = request.infer({"words": words[None], "mask": mask[None]})[0][0, :count]
        finally:
            self._requests.put(request)
        return states


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


def save_graph(parameters: Mapping[str, NDArray[Any]], config: Mapping[str, Any], folder: Path) -> None:
    """Write the graph of a BERT model, without the embeddings of words, into its folder.

    `parameters` are named as in transformers' BertModel; `config` is its configuration. The graph takes the words'
    embeddings `words` (texts, length, hidden) and `mask` (texts, length), which is 0 for tokens and far below for
    padding, and gives the last hidden states (texts, length, hidden).
    """
    _openvino().save_model(_graph(parameters, config), folder / GRAPH, compress_to_fp16=False)


def _graph(parameters: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> Model:
    openvino = _openvino()
    op = openvino.opset13
    heads, epsilon = config["num_attention_heads"], config["layer_norm_eps"]

    def constant(value: Any, dtype: type = np.float32) -> Node:
        return op.constant(np.asarray(value, dtype))

    def linear(states: Node, name: str) -> Node:
        quantized, scales = _quantized(np.asarray(parameters[f"{name}.weight"], np.float32))
        weight = op.multiply(op.convert(constant(quantized, np.int8), "f32"), constant(scales))
        return op.add(op.matmul(states, weight, False, True), constant(parameters[f"{name}.bias"]))

    def norm(states: Node, name: str) -> Node:
        normal = op.mvn(states, constant([-1], np.int64), True, epsilon, "inside_sqrt")
        scaled = op.multiply(normal, constant(parameters[f"{name}.weight"]))
        return op.add(scaled, constant(parameters[f"{name}.bias"]))

    def by_head(states: Node) -> Node:
        shape = constant([0, 0, heads, config["hidden_size"] // heads], np.int64)
        return op.transpose(op.reshape(states, shape, True), constant([0, 2, 1, 3], np.int64))

    words = op.parameter([-1, -1, config["hidden_size"]], np.float32, name="words")
    mask = op.parameter([-1, -1], np.float32, name="mask")
    spread = op.unsqueeze(mask, constant([1, 2], np.int64))
    positions = np.asarray(parameters["embeddings.position_embeddings.weight"], np.float32)
    types = np.asarray(parameters["embeddings.token_type_embeddings.weight"], np.float32)
    length = op.gather(op.shape_of(words), constant([1], np.int64), constant(0, np.int64))
    first, step = constant([0], np.int64), constant([1], np.int64)
    located = op.slice(constant((positions + types[0])[None]), first, length, step, step)
    states = norm(op.add(words, located), "embeddings.LayerNorm")
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        queries, keys, values = (
            by_head(linear(states, f"{layer}.attention.self.{name}")) for name in ("query", "key", "value")
        )
        attention = op.scaled_dot_product_attention(queries, keys, values, spread)
        attention = op.transpose(attention, constant([0, 2, 1, 3], np.int64))
        attention = op.reshape(attention, constant([0, 0, config["hidden_size"]], np.int64), True)
        attention = linear(attention, f"{layer}.attention.output.dense")
        states = norm(op.add(attention, states), f"{layer}.attention.output.LayerNorm")
        inner = op.gelu(linear(states, f"{layer}.intermediate.dense"), "erf")
        states = norm(op.add(linear(inner, f"{layer}.output.dense"), states), f"{layer}.output.LayerNorm")
    return openvino.Model([op.result(states)], [words, mask], "bert")


def _quantized(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A matrix (out, in) as integers of -127 to 127 and the scale (out, 1) of each row."""
    scales = np.maximum(np.abs(weight).max(axis=1, keepdims=True), 1e-12) / 127
    return np.rint(weight / scales).astype(np.int8), scales


def _compiled(path: Path) -> CompiledModel:
    options = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP,
        "INFERENCE_PRECISION_HINT": "f32",  # attention in bfloat16 took an eighth more time
        "ENABLE_CPU_PINNING": False,
    }
    return _openvino().Core().compile_model(path, "CPU", options)


def _openvino() -> ModuleType:
    """OpenVINO without its conversion tools, whose import takes long and reports itself to their makers."""
    return imported_without("openvino.tools.ovc", "openvino")


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
