"""How likely it is that the articles answer a question, as a calibrated probability.

A logistic regression over a few signals, fitted by `benchmarks/calibrate.py`, which also writes `calibration.json`
and says there on which data. Weights belong to one model; any other model gets the entry `*`, which looks at nothing
that depends on a model's scale.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from statistics import fmean

BACKGROUND = 10
"""Other articles whose best passage says how close to the question any article comes."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What tells a question with an answer from one without.

    `passage` and `sentence` are the highest cosines to a passage, and to a sentence of the first passages; `corrected`
    is the highest cosine less its hubness, and `margin` how far that stands above those of the BACKGROUND next
    articles; `foreign` is 1 when question and article are in different languages (cosines are lower then); `keywords`
    is the share of the question's rarity in the first passage, `unnamed` the share of its names that are in none of the
    first passages, and `asked` how many kinds of things it asks for: one without any sign of these is harder to answer.
    """

    passage: float
    corrected: float
    sentence: float
    margin: float
    foreign: float
    keywords: float
    unnamed: float
    asked: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted regression of one model, the probabilities below which questions are refused and from
    which answers are sure, and what each of `kibaru.answering.quotes.FEATURES` says for a sentence."""

    weights: dict[str, float]
    bias: float
    threshold: float
    sure: float
    usual_margin: float
    quoting: dict[str, float]

    def probability(self, signals: Signals) -> float:
        """Between 0 and 1: that the passages found answer the question."""
        values = asdict(signals)
        logit = self.bias + sum(weight * values[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-logit))

    def margin(self, first: float, others: list[float]) -> float:
        """How far `first` is above the mean of the BACKGROUND next articles' cosines; for each article that a small
        archive lacks, `usual_margin` stands in, which speaks neither for an answer nor against."""
        margins = [first - other for other in others[:BACKGROUND]]
        return fmean(margins + [self.usual_margin] * (BACKGROUND - len(margins)))


@cache
def calibration(model: str) -> Calibration:
    """The calibration of a model, by its identity in the manifest."""
    entries = json.loads((files("kibaru.answering") / "calibration.json").read_text("utf-8"))
    entry = entries.get(model.split("#", maxsplit=1)[0], entries["*"])
    return Calibration(**{field: entry[field] for field in Calibration.__dataclass_fields__})


def is_calibrated(model: str) -> bool:
    """Whether refusals rest on data of this very model."""
    return "passage" in calibration(model).weights
