"""The passages found for a question, with their scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kibaru.search.query import Query
from kibaru.types import StoredPassage


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question.

    Attributes:
        passage: The passage.
        cosine: Cosine of the passage's vector to the question's (-1 to 1).
        hubness_adjusted: The cosine less the passage's hubness; see `kibaru.search.fusion`.
        bm25: Keyword score; 0 when the passage is not among the best by keywords.
        score: What hits are ordered by: both rankings fused to 0…1, more when the article's date fits the question.
            After a reranker, its probability that the passage answers. Comparable between hits of one question only.
    """

    passage: StoredPassage
    cosine: float
    hubness_adjusted: float
    bm25: float
    score: float


@dataclass(frozen=True, slots=True)
class SearchResults:
    """The outcome of a search.

    Attributes:
        query: The query, now with its IDF and with accents restored.
        hits: The passages found, best first.
        embedding: The unit vector (d,) of the query's text.
    """

    query: Query
    hits: list[Hit]
    embedding: NDArray[np.float32]
