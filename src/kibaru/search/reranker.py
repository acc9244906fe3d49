"""An optional second look at the first hits, by a cross-encoder: it reads question and passage together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from kibaru.embedding.sentence_transformers_encoder import native_dtype
from kibaru.errors import ModelUnavailable, first_line
from kibaru.search.hybrid import Found
from kibaru.text.chunking import text_of
from kibaru.types import Article

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

log = logging.getLogger(__name__)

RERANKED = 20
"""Hits that are read: each costs about as much as embedding its passage with a model of that size."""

_BATCH = 8
_SCORING = threading.Lock()


def reranked(model: str, found: Found, articles: Mapping[str, Article]) -> Found:
    """The first RERANKED hits in the order of the cross-encoder `model`, a name or a folder, then the others as they
    were; `articles` has the hits' articles by id.

    The score of a hit becomes the model's probability (0…1) that the passage answers, 0 for those not read. Raises
    ModelUnavailable when the model cannot be loaded or is no reranker.
    """
    first, rest = found.hits[:RERANKED], found.hits[RERANKED:]
    pairs = [(found.question, text_of(articles[hit.passage.article_id], hit.passage)) for hit in first]
    scored = [replace(hit, score=score) for hit, score in zip(first, _scores(model, pairs), strict=True)]
    scored.sort(key=lambda hit: -hit.score)
    return replace(found, hits=scored + [replace(hit, score=0.0) for hit in rest])


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
    """The model, one a process, however many archives use it. Raises ModelUnavailable."""
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
    # An embedder loads too, under a scoring layer made up at random.
    if labels != 1 or any(architecture.endswith("Model") for architecture in architectures):
        raise ModelUnavailable(
            f"The model {name} is no reranker, which gives one score for a question and a passage: set KIBARU_RERANKER "
            "to a cross-encoder, or unset it."
        )
    return model
