"""From the logits of a passage's tokens to the words that answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kibaru.reading.pairs import Pair

LONGEST_ANSWER = 40
"""Tokens of the longest span that is considered; nine in ten answers have 12 or fewer."""


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """The best span of a passage.

    Attributes:
        start: Where it begins in the passage's body, in characters.
        end: Where it ends.
        probability: That of this span among all spans of the body, given that one answers.
        margin: How far its logits stand above those of position 0, "there is none".
    """

    start: int
    end: int
    probability: float
    margin: float


def best_span(pair: Pair, start: NDArray[np.float32], end: NDArray[np.float32]) -> AnswerSpan | None:
    """The span whose start and end logits add up to the most.

    Args:
        pair: The tokens that were read.
        start: A logit for each token (length,), see `Logits`.
        end: The same of ends.

    Returns:
        None where nothing of the body was read.
    """
    count = len(pair.offsets)
    if not count:
        return None
    starts, ends = (np.asarray(x[pair.first : pair.first + count], np.float64) for x in (start, end))
    sums = starts[:, None] + ends[None, :]
    at = np.arange(count)
    length = at[None, :] - at[:, None]
    sums[(length < 0) | (length >= LONGEST_ANSWER)] = -np.inf
    first, last = np.unravel_index(int(sums.argmax()), sums.shape)
    best = float(sums[first, last])
    probability = float(np.exp(best - _logsumexp(starts) - _logsumexp(ends)))
    begin, stop = int(pair.offsets[first, 0]), int(pair.offsets[last, 1])
    return AnswerSpan(begin, max(begin, stop), probability, best - float(start[0]) - float(end[0]))


def _logsumexp(values: NDArray[np.float64]) -> float:
    most = values.max()
    return float(most + np.log(np.exp(values - most).sum()))
