"""The reader's graph for OpenVINO: the same arithmetic as `kibaru.reading.torch_reader`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kibaru.bert_graph import openvino

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
            op.transpose(op.reshape(self.linear(states, f"{name}.attention.self.{part}"), split, True), self.whole(0, 2, 1, 3))
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
        A model of the inputs `words` (rows, length, hidden), `positions`, `segments` (rows, length), `inside` (rows,
        length), which is 1 in the passage's body and else 0, and `asked` (questions, 2), as in
        `kibaru.reading.pairs.Packed`. Its outputs are the logits of starts and of ends (questions, length), with that
        of "there is none" at position 0, and of `answers` (questions,).
    """
    make = _Maker(parameters, config["layer_norm_eps"], integers)
    op, whole, hidden = make.op, make.whole, int(config["hidden_size"])
    words = op.parameter([-1, -1, hidden], np.float32, name="words")
    positions = op.parameter([-1, -1], np.int64, name="positions")
    segments = op.parameter([-1, -1], np.int64, name="segments")
    inside = op.parameter([-1, -1], np.float32, name="inside")
    asked = op.parameter([-1, 2], np.int64, name="asked")

    seen, seeing = op.unsqueeze(segments, whole(1)), op.unsqueeze(segments, whole(2))
    sees = op.logical_or(op.equal(seen, whole(0)), op.equal(seen, seeing))
    bias = op.unsqueeze(op.select(sees, make.constant(0.0), make.constant(_FORBIDDEN)), whole(1))
    types = np.asarray(parameters["embeddings.token_type_embeddings.weight"], np.float32)
    table = make.constant(np.asarray(parameters["embeddings.position_embeddings.weight"], np.float32) + types[0])
    located = op.add(words, op.gather(table, positions, whole(0)))
    states = make.norm(located, "embeddings.LayerNorm")
    for number in range(int(config["num_hidden_layers"])):
        states = make.layer(states, bias, f"encoder.layer.{number}", int(config["num_attention_heads"]), hidden)

    rows = op.squeeze(op.gather(asked, whole(0), whole(1)), whole(1))
    question = op.gather_nd(states, asked)
    passage = op.gather(states, rows, whole(0))
    tokens = op.gather(make.linear(states, "reader.tokens"), rows, whole(0))
    pointers = [op.unsqueeze(make.linear(question, f"reader.{end}"), whole(1)) for end in ("start", "end")]
    size = int(np.shape(parameters["reader.start.weight"])[0])
    spans = op.multiply(op.matmul(op.concat(pointers, 1), tokens, False, True), make.constant(size**-0.5))
    is_body = op.unsqueeze(op.gather(inside, rows, whole(0)), whole(1))
    spans = op.select(op.greater(is_body, make.constant(0.5)), spans, make.constant(_FORBIDDEN))
    none = make.linear(question, "reader.none")
    pooled = op.reshape(op.matmul(op.softmax(spans, -1), passage, False, False), whole(0, 2 * hidden), True)
    above = op.subtract(op.reduce_max(spans, whole(2)), none)
    read = op.gelu(make.linear(op.concat([question, pooled], 1), "reader.answers.dense"), "erf")
    answers = op.squeeze(make.linear(op.concat([read, above], 1), "reader.answers.out"), whole(1))
    after = op.slice(spans, whole(1), whole(np.iinfo(np.int64).max), whole(1), whole(2))
    both = op.concat([op.unsqueeze(none, whole(2)), after], 2)
    start, end = (op.squeeze(op.gather(both, whole(n), whole(1)), whole(1)) for n in (0, 1))
    results = [op.result(node) for node in (start, end, answers)]
    return openvino().Model(results, [words, positions, segments, inside, asked], "reader")
