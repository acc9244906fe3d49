"""A vocabulary of word pieces as a SentencePiece model.

The `sentencepiece` library reads it in half the time and a fifth of the memory that `tokenizers` takes for the same
vocabulary, and cuts texts ten times as fast, into the same pieces.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence

_NORMALISATION = "nmt_nfkc"
_TEXT, _UNKNOWN, _CONTROL = 1, 2, 3


def sentencepiece_model(
    pieces: Sequence[str], scores: Sequence[float], unknown: int, control: Collection[int]
) -> bytes:
    """The file of a unigram model: `pieces` with their log probabilities, of which one, numbered `unknown`, stands for
    what is in no other, and those numbered in `control` are in no text.

    A message `ModelProto` of
    https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto: its first field, repeated, is a
    piece (1: piece, 2: score, 3: type); what it says of normalisation is as the library itself writes it.
    """
    from sentencepiece import SentencePieceNormalizer

    kinds = {unknown: _UNKNOWN} | dict.fromkeys(control, _CONTROL)
    messages = []
    for number, (piece, score) in enumerate(zip(pieces, scores, strict=True)):
        message = _field(1, piece.encode()) + b"\x15" + struct.pack("<f", score) + b"\x18"
        messages.append(_field(1, message + bytes([kinds.get(number, _TEXT)])))
    return b"".join(messages) + SentencePieceNormalizer(rule_name=_NORMALISATION).serialized_model_proto()


def _field(number: int, value: bytes) -> bytes:
    """A field of bytes (https://protobuf.dev/programming-guides/encoding/)."""
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])
