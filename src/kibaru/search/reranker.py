"""Reranking: an optional cross-encoder, which takes question and passage together, reorders the first hits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from kibaru.embedding.sentence_transformers_encoder import native_dtype
from kibaru.errors import ModelUnavailable, first_line
from kibaru.search.hits import SearchResults
from kibaru.text.chunking import text_of
from kibaru.types import Article

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

log = logging.getLogger(__name__)

RERANKED = 20
"""Hits that are scored again: each costs about as much time as embedding its passage with a model of that size."""

_BATCH = 8
_SCORING = threading.Lock()


def rerank(model: str, results: SearchResults, articles: Mapping[str, Article]) -> SearchResults:
    """Put the first RERANKED hits in the order of a cross-encoder; the others follow as they were.

    The score of a hit becomes the model's probability (0…1) that the passage answers, 0 for hits after the first.

    Args:
        model: Name or folder of the cross-encoder.
        results: The hits of a question.
        articles: The articles of the hits, by id.

    Raises:
        ModelUnavailable: The model cannot be loaded or is no reranker.
    """
    first, rest = results.hits[:RERANKED], results.hits[RERANKED:]
    pairs = [(results.query.text, text_of(articles[hit.passage.article_id], hit.passage)) for hit in first]
    scored = [replace(hit, score=score) for hit, score in zip(first, _scores(model, pairs), strict=True)]
    scored.sort(key=lambda hit: -hit.score)
    return replace(results, hits=scored + [replace(hit, score=0.0) for hit in rest])


def _scores(model: str, pairs: list[tuple[str, str]]) -> list[float]:
    if not pairs:
        return []
    import torch

    with _SCORING:
        loaded = load_reranker(model)
        scores = loaded.predict(
            pairs, batch_size=_BATCH, activation_fn=torch.nn.Sigmoid(), convert_to_tensor=True, show_progress_bar=False
        )
    return [float(score) for score in scores.float().cpu()]


@cache
def load_reranker(name: str) -> CrossEncoder:
    """Load a cross-encoder, once for all archives of the process.

    Raises:
        ModelUnavailable: It cannot be loaded or is no reranker.
    """
    from sentence_transformers import CrossEncoder
    from transformers.utils import logging as transformers_logging

    progress: Callable[[], Any] = transformers_logging.disable_progress_bar
    progress()
    log.info("loading the reranker %s", name)
    try:
        model: CrossEncoder = CrossEncoder(name, device="cpu", model_kwargs={"dtype": native_dtype()})
        labels, architectures = model.num_labels, getattr(model.config, "architectures", None) or []
    except Exception as error:  # libraries raise what they like on damaged files
        raise ModelUnavailable(
            f"The reranker {name} cannot be loaded ({first_line(error, 200)}): check KIBARU_RERANKER, or unset it."
        ) from error
    # An embedder loads as a cross-encoder too, with a scoring layer of random weights.
    if labels != 1 or any(architecture.endswith("Model") for architecture in architectures):
        raise ModelUnavailable(
            f"The model {name} is no reranker, which gives one score for a question and a passage: set KIBARU_RERANKER "
            "to a cross-encoder, or unset it."
        )
    return model
