"""Questions and a passage as the tokens that the reader takes, with the offsets of the passage's own words.

The passage stands first and does not see the questions; each question sees the passage and itself. So one reading of a
passage serves any number of questions, in training and when several readers wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

LONGEST_PASSAGE = 256
"""Tokens of a passage with its headings; the rest is not read. Passages of 700 characters have about 190."""

LONGEST_QUESTION = 64
"""Tokens of a question; the rest of a longer one is not read."""

_BEGIN, _END = 0, 2
"""The numbers of `<s>` and `</s>` in the packaged model's vocabulary."""


@dataclass(frozen=True, slots=True)
class PassageTokens:
    """The tokens of `<s> passage: TITLE HEADING BODY </s>`.

    Attributes:
        ids: The tokens' numbers (length,).
        first: The position of the body's first token.
        offsets: Where each of the body's tokens begins and ends in the body (tokens, 2), without white space.
    """

    ids: NDArray[np.int64]
    first: int
    offsets: NDArray[np.int64]

    def positions(self, start: int, end: int) -> tuple[int, int] | None:
        """The positions of the first and last token of `body[start:end]`.

        Returns:
            None when a part of it is beyond what is read.
        """
        inside = np.flatnonzero((self.offsets[:, 1] > start) & (self.offsets[:, 0] < end))
        if not len(inside) or self.offsets[inside[-1], 1] < end:
            return None
        return self.first + int(inside[0]), self.first + int(inside[-1])


def question_tokens(vocabulary: SentencePieceProcessor, question: str) -> NDArray[np.int64]:
    """The tokens of `<s> query: QUESTION </s>`.

    Args:
        vocabulary: The packaged model's.
        question: As it is asked.

    Returns:
        Their numbers (length,).
    """
    return np.array([_BEGIN, *vocabulary.encode(f"query: {question}")[: LONGEST_QUESTION - 2], _END], np.int64)


def passage_tokens(vocabulary: SentencePieceProcessor, headings: Sequence[str], body: str) -> PassageTokens:
    """Tokenize a passage.

    Args:
        vocabulary: The packaged model's.
        headings: What stands before the body, each on a line of its own: the article's title, the section's heading.
        body: The passage's own words, in which answers are sought; cut off at its end when it is too long.

    Returns:
        The tokens and the offsets of those of the body.
    """
    before = "passage: " + "".join(f"{line}\n" for line in headings if line)
    pieces = vocabulary.encode(before + body, return_type="offset_mapping")
    room = LONGEST_PASSAGE - 2
    ids = pieces["ids"][:room]
    offsets = np.array(pieces["offsets"][:room], np.int64).reshape(-1, 2) - len(before)
    skipped = int((offsets[:, 1] <= 0).sum())
    own = [_trimmed(body, max(0, start), end) for start, end in offsets[skipped:].tolist()]
    return PassageTokens(
        np.array([_BEGIN, *ids, _END], np.int64), 1 + skipped, np.array(own, np.int64).reshape(-1, 2)
    )


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends; an empty one stays where it begins."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, max(start, start + len(piece.strip()))


@dataclass(frozen=True, slots=True)
class Packed:
    """Passages, each with its questions behind it, in rows of one length.

    Attributes:
        ids: Tokens (rows, length).
        positions: Of each token in its own passage or question (rows, length).
        segments: 0 in the passage, 1, 2… in the first, second… question, -1 in padding (rows, length).
        body: Where the passage's body begins and ends (rows, 2).
        asked: The row and the first token of each question (questions, 2).
    """

    ids: NDArray[np.int64]
    positions: NDArray[np.int64]
    segments: NDArray[np.int64]
    body: NDArray[np.int64]
    asked: NDArray[np.int64]


def pack(rows: Sequence[tuple[PassageTokens, Sequence[NDArray[np.int64]]]], length: int = 0) -> Packed:
    """Lay out passages with their questions.

    Args:
        rows: Each passage with the tokens of its questions.
        length: The least length of the rows; they are as long as the longest.

    Returns:
        The layout, whose questions come in the order of `rows`.
    """
    length = max(length, *(len(passage.ids) + sum(map(len, asked)) for passage, asked in rows))
    ids = np.ones((len(rows), length), np.int64)
    positions, segments = np.zeros_like(ids), np.full_like(ids, -1)
    body, places = np.zeros((len(rows), 2), np.int64), []
    for row, (passage, asked) in enumerate(rows):
        body[row] = passage.first, passage.first + len(passage.offsets)
        at = 0
        for segment, tokens in enumerate([passage.ids, *asked]):
            if segment:
                places.append((row, at))
            stretch = slice(at, at + len(tokens))
            ids[row, stretch], segments[row, stretch] = tokens, segment
            positions[row, stretch] = np.arange(len(tokens))
            at += len(tokens)
    return Packed(ids, positions, segments, body, np.array(places, np.int64).reshape(-1, 2))
