"""The reader's graph for OpenVINO: the same arithmetic as `kibaru.reading.torch_reader`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kibaru.embedding.openvino_graph import openvino

if TYPE_CHECKING:
    from openvino import Model, Node

_FORBIDDEN = -1e4
"""The logit of positions that are not of the passage's body, and of attention that is not allowed; fits 16 bits."""


class _Maker:
    """Nodes over named parameters; matrices in 8 bits with a scale a row, or in 32."""

    def __init__(self, parameters: Mapping[str, NDArray[Any]], epsilon: float, integers: bool) -> None:
        self.op = openvino().opset13
        self.parameters, self.epsilon, self.integers = parameters, epsilon, integers

    def constant(self, value: Any, dtype: type = np.float32) -> Node:
        return self.op.constant(np.asarray(value, dtype))

    def whole(self, *value: int) -> Node:
        return self.constant(value, np.int64)

    def linear(self, states: Node, name: str) -> Node:
        matrix = np.asarray(self.parameters[f"{name}.weight"], np.float32)
        if self.integers:
            scales = np.maximum(np.abs(matrix).max(axis=1, keepdims=True), 1e-12) / 127
            quantized = self.op.convert(self.constant(np.rint(matrix / scales), np.int8), "f32")
            weight = self.op.multiply(quantized, self.constant(scales))
        else:
            weight = self.constant(matrix)
        product = self.op.matmul(states, weight, False, True)
        return self.op.add(product, self.constant(self.parameters[f"{name}.bias"]))

    def norm(self, states: Node, name: str) -> Node:
        normal = self.op.mvn(states, self.whole(-1), True, self.epsilon, "inside_sqrt")
        scaled = self.op.multiply(normal, self.constant(self.parameters[f"{name}.weight"]))
        return self.op.add(scaled, self.constant(self.parameters[f"{name}.bias"]))

    def layer(self, states: Node, bias: Node, name: str, heads: int, hidden: int) -> Node:
        op, split = self.op, self.whole(0, 0, heads, hidden // heads)
        queries, keys, values = (
            op.transpose(
                op.reshape(self.linear(states, f"{name}.attention.self.{part}"), split, True), self.whole(0, 2, 1, 3)
            )
            for part in ("query", "key", "value")
        )
        likeness = op.multiply(op.matmul(queries, keys, False, True), self.constant((hidden // heads) ** -0.5))
        attention = op.matmul(op.softmax(op.add(likeness, bias), -1), values, False, False)
        attention = op.reshape(op.transpose(attention, self.whole(0, 2, 1, 3)), self.whole(0, 0, hidden), True)
        attention = self.linear(attention, f"{name}.attention.output.dense")
        states = self.norm(op.add(attention, states), f"{name}.attention.output.LayerNorm")
        inner = op.gelu(self.linear(states, f"{name}.intermediate.dense"), "erf")
        return self.norm(op.add(self.linear(inner, f"{name}.output.dense"), states), f"{name}.output.LayerNorm")


def reader_graph(parameters: Mapping[str, NDArray[Any]], config: Mapping[str, Any], *, integers: bool = False) -> Model:
    """Build the graph.

    Args:
        parameters: The reader's, see `kibaru.reading.weights.merged`.
        config: The configuration that comes with them.
        integers: Whether matrices have 8 bits and a scale a row, for processors that multiply those; else 32.

    Returns:
        A model of the inputs `words` (pairs, length, hidden), `kinds` (pairs, length), as in
        `kibaru.reading.pairs.Batch`, `mask` (pairs, length), which is 0 for tokens and far below for padding, and
        `inside` (pairs, length), which is 1 in the passage's body and else 0. Its outputs are the logits of starts and
        of ends (pairs, length), with that of "there is none" at position 0, and of `answers` (pairs,).
    """
    make = _Maker(parameters, config["layer_norm_eps"], integers)
    op, whole, hidden = make.op, make.whole, int(config["hidden_size"])
    words = op.parameter([-1, -1, hidden], np.float32, name="words")
    kinds = op.parameter([-1, -1], np.int64, name="kinds")
    mask = op.parameter([-1, -1], np.float32, name="mask")
    inside = op.parameter([-1, -1], np.float32, name="inside")

    bias = op.unsqueeze(mask, whole(1, 2))
    types = np.asarray(parameters["embeddings.token_type_embeddings.weight"], np.float32)
    positions = np.asarray(parameters["embeddings.position_embeddings.weight"], np.float32) + types[0]
    length = op.gather(op.shape_of(words), whole(1), make.constant(0, np.int64))
    located = op.add(words, op.slice(make.constant(positions[None]), whole(0), length, whole(1), whole(1)))
    states = make.norm(located, "embeddings.LayerNorm")
    for number in range(int(config["num_hidden_layers"])):
        if number == config["marked"]:
            marks = op.gather(make.constant(parameters["reader.kinds.weight"]), kinds, make.constant(0, np.int64))
            states = op.add(states, marks)
        states = make.layer(states, bias, f"encoder.layer.{number}", int(config["num_attention_heads"]), hidden)

    both = op.transpose(make.linear(states, "reader.span"), whole(0, 2, 1))
    first = op.slice(both, whole(0), whole(1), whole(1), whole(2))
    is_body = op.greater(op.unsqueeze(inside, whole(1)), make.constant(0.5))
    spans = op.select(is_body, both, make.constant(_FORBIDDEN))
    pooled = op.reshape(op.matmul(op.softmax(spans, -1), states, False, False), whole(0, 2 * hidden), True)
    above = op.subtract(op.reduce_max(spans, whole(2)), op.squeeze(first, whole(2)))
    whole_text = op.squeeze(op.slice(states, whole(0), whole(1), whole(1), whole(1)), whole(1))
    read = op.gelu(make.linear(op.concat([whole_text, pooled], 1), "reader.answers.dense"), "erf")
    answers = op.squeeze(make.linear(op.concat([read, above], 1), "reader.answers.out"), whole(1))
    after = op.slice(spans, whole(1), whole(np.iinfo(np.int64).max), whole(1), whole(2))
    logits = op.concat([first, after], 2)
    start, end = (op.squeeze(op.gather(logits, whole(n), whole(1)), whole(1)) for n in (0, 1))
    results = [op.result(node) for node in (start, end, answers)]
    return openvino().Model(results, [words, kinds, mask, inside], "reader")
