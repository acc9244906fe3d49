"""A question and a passage as the tokens that the reader takes, with the offsets of the passage's own words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

LONGEST = 256
"""Tokens of a pair; what of the passage is beyond them is not read. Passages of 700 characters have about 180."""

LONGEST_QUESTION = 64
"""Tokens of the question; the rest of a longer one is not read."""

FOUND, MISSING, ASKED = 1, 2, 3
"""Kinds of tokens: of a question's word that the passage has too, of one that it lacks, and of a passage's word that
the question has. All others are of kind 0."""

_BEGIN, _PADDING, _END = 0, 1, 2
"""The numbers of `<s>`, `<pad>` and `</s>` in the packaged model's vocabulary."""

_WORD = re.compile(r"\w+")
_STEM = 5
"""First letters by which words are taken for the same, so that endings and slips at the end do not matter."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The tokens of `<s> query: QUESTION </s> passage: TITLE HEADING BODY </s>`.

    Attributes:
        ids: The tokens' numbers (length,).
        kinds: `FOUND`, `MISSING`, `ASKED` or 0 for each token (length,).
        first: The position of the body's first token.
        offsets: Where each of the body's tokens begins and ends in the body (tokens, 2), without white space.
    """

    ids: NDArray[np.int64]
    kinds: NDArray[np.int64]
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


def make_pair(vocabulary: SentencePieceProcessor, question: str, headings: Sequence[str], body: str) -> Pair:
    """Tokenize a question with a passage.

    Args:
        vocabulary: The packaged model's.
        question: As it is asked.
        headings: What stands before the body, each on a line of its own: the article's title, the section's heading.
        body: The passage's own words, in which answers are sought; cut off at its end when it is too long.

    Returns:
        The tokens, their kinds, and the offsets of those of the body.
    """
    prompt, before = "query: ", "passage: " + "".join(f"{line}\n" for line in headings if line)
    asked = vocabulary.encode(prompt + question, return_type="offset_mapping")
    asked_ids = asked["ids"][: LONGEST_QUESTION - 2]
    pieces = vocabulary.encode(before + body, return_type="offset_mapping")
    room = LONGEST - len(asked_ids) - 3
    ids, places = pieces["ids"][:room], pieces["offsets"][:room]
    wanted, present = _stems(question), _stems(before[9:] + body)
    kinds = [
        0,
        *_kinds(asked["offsets"][: len(asked_ids)], question, len(prompt), present, FOUND, MISSING),
        0,
        *_kinds(places, before[9:] + body, 9, wanted, ASKED, 0),
        0,
    ]
    offsets = np.array(places, np.int64).reshape(-1, 2) - len(before)
    skipped = int((offsets[:, 1] <= 0).sum())
    own = [_trimmed(body, max(0, start), end) for start, end in offsets[skipped:].tolist()]
    return Pair(
        np.array([_BEGIN, *asked_ids, _END, *ids, _END], np.int64),
        np.array(kinds, np.int64),
        len(asked_ids) + 2 + skipped,
        np.array(own, np.int64).reshape(-1, 2),
    )


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends; an empty one stays where it begins."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, max(start, start + len(piece.strip()))


def _stem(word: str) -> str:
    """The word's first letters without case and accents; "" of a short one that says little."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))
    return folded[:_STEM] if len(folded) > 3 or folded.isdigit() else ""


def _stems(text: str) -> set[str]:
    return {stem for match in _WORD.finditer(text) if (stem := _stem(match[0]))}


def _kinds(
    offsets: Sequence[tuple[int, int]], text: str, shift: int, others: set[str], found: int, missing: int
) -> list[int]:
    """The kind of each token: `found` in a word whose stem is among `others`, `missing` in one whose stem is not."""
    of_letters = [0] * (len(text) + 1)
    for match in _WORD.finditer(text):
        stem = _stem(match[0])
        if stem:
            of_letters[match.start() : match.end()] = [found if stem in others else missing] * len(match[0])
    return [of_letters[min(len(text), max(0, end - shift - 1))] if end > shift else 0 for _, end in offsets]


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs in rows of one length.

    Attributes:
        ids: Tokens (pairs, length).
        kinds: Their kinds (pairs, length).
        lengths: Tokens of each pair (pairs,); the rest of its row is padding.
        body: Where each pair's body begins and ends (pairs, 2).
    """

    ids: NDArray[np.int64]
    kinds: NDArray[np.int64]
    lengths: NDArray[np.int64]
    body: NDArray[np.int64]


def make_batch(pairs: Sequence[Pair], length: int = 0) -> Batch:
    """Lay out pairs, at least `length` long."""
    lengths = np.array([len(pair.ids) for pair in pairs], np.int64)
    length = max(length, int(lengths.max()))
    ids = np.full((len(pairs), length), _PADDING, np.int64)
    kinds = np.zeros_like(ids)
    for row, pair in enumerate(pairs):
        ids[row, : len(pair.ids)], kinds[row, : len(pair.ids)] = pair.ids, pair.kinds
    body = np.array([[pair.first, pair.first + len(pair.offsets)] for pair in pairs], np.int64)
    return Batch(ids, kinds, lengths, body)
