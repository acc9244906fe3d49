"""The packaged model's graph for OpenVINO: BERT that multiplies integers of 8 bits.

Weights have 8 bits and a scale for each row. In attention, the queries, keys, values and attention weights have 8 bits
and fixed scales.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kibaru.importing import imported_without

if TYPE_CHECKING:
    from openvino import Model, Node

GRAPH = "openvino.xml"
"""The file's name in the model's folder; its weights are in a .bin beside it."""

_QUERIES = 10.0
"""The largest query or key in 8 bits, of either sign; larger ones are cut off, but are very rare."""

_VALUES = 4.0
"""The largest value in 8 bits, of either sign; larger ones are cut off, but are very rare."""

_LARGEST_WEIGHTS = (1.0,) * 5 + (0.8,) * 7
"""The largest attention weight in 8 bits, by layer: later layers spread their attention, except in short texts."""

_LEANING = 0.05
"""Added to an attention weight before it is rounded, in steps of its 8 bits, because more of the many small ones are
rounded down than up."""


def save_graph(
    parameters: Mapping[str, NDArray[Any]], config: Mapping[str, Any], values: NDArray[Any], folder: Path
) -> None:
    """Write the graph of a BERT model, without the embeddings of words, into its folder.

    The graph takes `words`, the embeddings of the tokens in float16, shape (texts, length, hidden), and `mask`, shape
    (texts, length), which is 0 for tokens and far below for padding. It gives the last hidden states, shape (texts,
    length, hidden).

    Args:
        parameters: The weights, named as in transformers' BertModel.
        config: Its configuration.
        values: The mean of each layer's values in attention, shape (layers, hidden).
        folder: Where the files are written.
    """
    graph = _graph(_centred(parameters, values), config)
    openvino().save_model(graph, folder / GRAPH, compress_to_fp16=False)


def _centred(parameters: Mapping[str, NDArray[Any]], values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The parameters of an equal model whose values in attention are around 0.

    Attention weights add up to 1, so a mean that is subtracted from all values can be added again afterwards. Small
    weights are rounded to 0; with values around 0 that loses less.
    """
    changed = dict(parameters)
    for number, mean in enumerate(np.asarray(values, np.float32)):
        attention = f"encoder.layer.{number}.attention"
        weight = np.asarray(parameters[f"{attention}.output.dense.weight"], np.float32)
        changed[f"{attention}.self.value.bias"] = parameters[f"{attention}.self.value.bias"] - mean
        changed[f"{attention}.output.dense.bias"] = parameters[f"{attention}.output.dense.bias"] + weight @ mean
    return changed


def _graph(parameters: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> Model:
    op = openvino().opset13
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

    def rounded(values: Node, least: float, most: float, leaning: float = 0) -> Node:
        """`values` as the nearest of 256 numbers from `least` to `most`, with `leaning` added in steps of these."""
        shift = leaning * (most - least) / 255
        bounds = (constant([[[[bound]]]]) for bound in (least - shift, most - shift, least, most))
        return op.fake_quantize(values, *bounds, 256)

    def signed(values: Node, most: float) -> Node:
        return rounded(values, -most, most * 127 / 128)

    def by_head(states: Node) -> Node:
        shape = constant([0, 0, heads, config["hidden_size"] // heads], np.int64)
        return op.transpose(op.reshape(states, shape, True), constant([0, 2, 1, 3], np.int64))

    words = op.parameter([-1, -1, config["hidden_size"]], np.float16, name="words")
    mask = op.parameter([-1, -1], np.float32, name="mask")
    spread = op.unsqueeze(mask, constant([1, 2], np.int64))
    positions = np.asarray(parameters["embeddings.position_embeddings.weight"], np.float32)
    types = np.asarray(parameters["embeddings.token_type_embeddings.weight"], np.float32)
    scale = constant((config["hidden_size"] // heads) ** -0.5)
    length = op.gather(op.shape_of(words), constant([1], np.int64), constant(0, np.int64))
    first, step = constant([0], np.int64), constant([1], np.int64)
    located = op.slice(constant((positions + types[0])[None]), first, length, step, step)
    states = norm(op.add(op.convert(words, "f32"), located), "embeddings.LayerNorm")
    for number, most in enumerate(_LARGEST_WEIGHTS):
        layer = f"encoder.layer.{number}"
        queries, keys, values = (
            by_head(linear(states, f"{layer}.attention.self.{name}")) for name in ("query", "key", "value")
        )
        scores = op.matmul(signed(queries, _QUERIES), signed(keys, _QUERIES), False, True)
        weights = op.softmax(op.add(op.multiply(scores, scale), spread), -1)
        attention = op.matmul(rounded(weights, 0, most, _LEANING), signed(values, _VALUES), False, False)
        attention = op.transpose(attention, constant([0, 2, 1, 3], np.int64))
        attention = op.reshape(attention, constant([0, 0, config["hidden_size"]], np.int64), True)
        attention = linear(attention, f"{layer}.attention.output.dense")
        states = norm(op.add(attention, states), f"{layer}.attention.output.LayerNorm")
        inner = op.gelu(linear(states, f"{layer}.intermediate.dense"), "erf")
        states = norm(op.add(linear(inner, f"{layer}.output.dense"), states), f"{layer}.output.LayerNorm")
    return openvino().Model([op.result(states)], [words, mask], "bert")


def _quantized(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A matrix (out, in) as integers of -127 to 127 and the scale (out, 1) of each row."""
    scales = np.maximum(np.abs(weight).max(axis=1, keepdims=True), 1e-12) / 127
    return np.rint(weight / scales).astype(np.int8), scales


def openvino() -> ModuleType:
    """OpenVINO without its conversion tools, whose import takes long and reports itself to their makers."""
    return imported_without("openvino.tools.ovc", "openvino")
