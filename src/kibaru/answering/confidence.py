"""How likely it is that the articles answer a question, as a calibrated probability.

A logistic regression over a few signals, fitted by `benchmarks/calibrate.py`, which writes `calibration.json` and notes
there on which data. The weights belong to one embedding model. Every other model gets the entry `*`, which uses only
signals that do not depend on the scale of a model's cosines.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from statistics import fmean

from kibaru.answering.passages import ScoredPassage
from kibaru.answering.quotes import keyword_share
from kibaru.search.hits import Hit
from kibaru.search.names import share_missing
from kibaru.search.query import Query
from kibaru.text.chunking import text_of

BACKGROUND = 10
"""Articles after the best one that show how near to the question any article comes."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What distinguishes a question that the articles answer from one that they do not.

    "The first passages" are those whose sentences were compared with the question.

    Attributes:
        passage: The highest cosine of a passage (-1…1).
        hubness_adjusted: The highest cosine less hubness.
        sentence: The highest cosine of a sentence of the first passages.
        margin: How far `hubness_adjusted` is above the mean of the next BACKGROUND articles.
        foreign: 1 when question and best article differ in language, which lowers cosines, else 0.
        keywords: The share (0…1) of the question's IDF that the first passage has.
        unnamed: The share (0…1) of the question's names that none of the first passages has.
        asked: The number of types of answer that the question asks for; one without any is harder to answer.
    """

    passage: float
    hubness_adjusted: float
    sentence: float
    margin: float
    foreign: float
    keywords: float
    unnamed: float
    asked: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was fitted for one embedding model.

    Attributes:
        weights: The regression's weight of each signal, by its name in Signals.
        bias: The regression's bias.
        threshold: Probability below which a question is refused.
        sure: Probability from which on an answer is sure.
        usual_margin: Margin that speaks neither for an answer nor against one.
        quoting: Weight of each of `kibaru.answering.quotes.FEATURES`, in log odds.
    """

    weights: dict[str, float]
    bias: float
    threshold: float
    sure: float
    usual_margin: float
    quoting: dict[str, float]

    def probability(self, signals: Signals) -> float:
        """The probability (0…1) that the passages found answer the question."""
        values = asdict(signals)
        logit = self.bias + sum(weight * values[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-logit))

    def margin(self, first: float, others: list[float]) -> float:
        """How far the best article's cosine is above the mean of the next BACKGROUND ones, best first.

        For each article that a small archive lacks, `usual_margin` takes its place.
        """
        margins = [first - other for other in others[:BACKGROUND]]
        return fmean(margins + [self.usual_margin] * (BACKGROUND - len(margins)))


@cache
def calibration(model: str) -> Calibration:
    """The calibration of an embedding model, by the model's identity."""
    entries = json.loads((files("kibaru.answering") / "calibration.json").read_text("utf-8"))
    entry = entries.get(model.split("#", maxsplit=1)[0], entries["*"])
    return Calibration(**{field: entry[field] for field in Calibration.__dataclass_fields__})


def is_calibrated(model: str) -> bool:
    """Whether the calibration was fitted on data of this very model."""
    return "passage" in calibration(model).weights


def measure_signals(
    query: Query, hits: Sequence[Hit], passages: Sequence[ScoredPassage], calibration: Calibration
) -> Signals:
    """The signals of a question.

    Args:
        query: The question.
        hits: Its hits, deduplicated; at least one.
        passages: The first passages, best first; at least one.
        calibration: Gives the margin where articles are few.
    """
    adjusted = dict[str, float]()
    for hit in hits:
        id = hit.passage.article_id
        adjusted[id] = max(hit.hubness_adjusted, adjusted.get(id, -1.0))
    nearest, *others = sorted(adjusted.values(), reverse=True)
    best, texts = passages[0].article, [text_of(each.article, each.hit.passage) for each in passages]
    return Signals(
        passage=max(hit.cosine for hit in hits),
        hubness_adjusted=nearest,
        sentence=max(each.best_cosine for each in passages),
        margin=calibration.margin(nearest, others),
        foreign=float(query.language != best.language),
        keywords=keyword_share(set(query.stems_in(best.language)), texts[0], best.language, query.idf),
        unnamed=share_missing(query.names, texts),
        asked=float(len(query.asked_for)),
    )
