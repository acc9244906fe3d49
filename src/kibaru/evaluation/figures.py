"""Figures of a run, with confidence intervals.

Intervals are 95 % percentiles of a cluster bootstrap: questions are resampled RESAMPLES times, with replacement. What
belongs to one question is drawn together: its variants, its result with the article hidden, and its results in two
runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kibaru.evaluation.results import Result, Run, by_group

RESAMPLES = 2_000
"""Bootstrap samples for an interval."""

_LEVEL = 0.95
"""Confidence level of the intervals."""

_BINS = 10
"""Bins of the calibration error."""

_REFUSED = 0.1
"""Share of answerable questions refused, at the threshold at which wrong answers are compared between models."""

_FIELDS = [
    ("rank", np.int64), ("confidence", np.float64), ("in_passage", bool), ("in_first", bool), ("in_three", bool),
    ("length", np.int64), ("quotes", np.int64), ("cluster", np.int64),
]  # fmt: skip

Sample = Mapping[str, NDArray[np.void]]
"""The numbers of some results: for each group an array with the fields _FIELDS. In a comparison, the groups of the
earlier run have a "<" before their name."""

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its confidence interval.

    Attributes:
        value: The figure.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    value: float
    low: float
    high: float


Measure = Callable[[Sample], Figures]


@dataclass(frozen=True, slots=True)
class Table:
    """Figures that belong together.

    Attributes:
        title: What they measure.
        count: The number of questions asked.
        figures: The figures by name.
    """

    title: str
    count: int
    figures: dict[str, Measured]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The figures of two runs.

    Attributes:
        title: What they measure.
        count: The number of questions that both runs asked.
        before: Figures of the earlier run, by name.
        after: Figures of the later run.
        change: Their differences; an interval without 0 speaks for a real one.
    """

    title: str
    count: int
    before: Figures
    after: Figures
    change: dict[str, Measured]


def tables(run: Run) -> list[Table]:
    """The tables of a run: finding, quoting and refusing, for the kinds of questions that it has."""
    sample = numbers(run.results)
    return [Table(title, count, with_intervals(measure, sample)) for title, count, measure in _measures(sample, run)]


def comparisons(before: Run, after: Run) -> list[Comparison]:
    """Compare two runs, table by table, over the questions that both asked."""
    common = {result.key for result in before.results} & {result.key for result in after.results}
    old, new = (
        numbers(sorted((r for r in run.results if r.key in common), key=lambda r: r.key)) for run in (before, after)
    )
    found = []
    for (title, count, first), (_, _, second) in zip(_measures(old, before), _measures(new, after), strict=True):
        change = with_intervals(_change(first, second), {"<" + k: v for k, v in old.items()} | new)
        found.append(Comparison(title, count, first(old), second(new), change))
    return found


def with_intervals(measure: Measure, sample: Sample) -> dict[str, Measured]:
    """Measure a sample, and resample it for the interval of each figure."""
    generator = np.random.default_rng(0)
    clusters = {(_family(name), len(rows)): _clusters(rows) for name, rows in sample.items()}
    drawn = dict[str, list[float]]()
    for _ in range(RESAMPLES):
        # The arrays of a family have the same order, so one draw serves them all.
        draws = {
            key: np.concatenate([members[at] for at in generator.integers(len(members), size=len(members))])
            for key, members in clusters.items()
        }
        again = {name: rows[draws[_family(name), len(rows)]] for name, rows in sample.items()}
        for figure, value in measure(again).items():
            drawn.setdefault(figure, []).append(value)
    ends = [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]
    return {
        figure: Measured(value, *(float(end) for end in np.quantile(drawn[figure], ends)))
        for figure, value in measure(sample).items()
    }


def _family(name: str) -> str:
    """The name that groups resampled together share."""
    plain = name.lstrip("<")
    return "question" if plain == "orphaned" else plain


def _clusters(rows: NDArray[np.void]) -> list[NDArray[np.int64]]:
    """The indices of the rows of each question, in all its wordings."""
    _, cluster, sizes = np.unique(rows["cluster"], return_inverse=True, return_counts=True)
    return np.split(np.argsort(cluster, kind="stable"), np.cumsum(sizes)[:-1])


def _measures(sample: Sample, run: Run) -> list[tuple[str, int, Measure]]:
    found: list[tuple[str, int, Measure]] = []
    if "question" in sample:
        count = len(sample["question"])
        found += [("questions: finding", count, finding("question")), ("questions: quoting", count, quoting)]
    if "headline" in sample:
        found.append(("headlines: finding", len(sample["headline"]), finding("headline")))
    if "question" in sample or "unanswerable" in sample:
        count = sum(len(rows) for group, rows in sample.items() if group != "headline")
        found.append(("refusing", count, partial(refusing, threshold=run.threshold, sure=run.sure)))
    return found


def _change(first: Measure, second: Measure) -> Measure:
    def measure(sample: Sample) -> Figures:
        before = first({name[1:]: rows for name, rows in sample.items() if name[0] == "<"})
        after = second({name: rows for name, rows in sample.items() if name[0] != "<"})
        return {figure: after[figure] - value for figure, value in before.items()}

    return measure


def finding(group: str) -> Measure:
    """Measures the rank of the expected article among those found, for the questions of a group."""

    def measure(sample: Sample) -> Figures:
        rank = sample[group]["rank"]
        found = rank > 0
        return {
            "hit@1": float((rank == 1).mean()),
            "hit@5": float((found & (rank <= 5)).mean()),
            "MRR@10": float(np.where(found & (rank <= 10), 1 / np.maximum(rank, 1), 0).mean()),
        }

    return measure


def quoting(sample: Sample) -> Figures:
    """How often quotes hold the answer, and how long they are, if nothing were refused."""
    rows = sample["question"]
    return {
        "answer in best passage": float(rows["in_passage"].mean()),
        "answer in first quote": float(rows["in_first"].mean()),
        "answer in first three": float(rows["in_three"].mean()),
        "median first quote": float(np.median(rows["length"])),
        "quotes shown": float(rows["quotes"].mean()),
    }


def refusing(sample: Sample, threshold: float, sure: float) -> Figures:
    """How well the confidence separates questions with an answer from those without.

    Args:
        sample: The numbers of a run.
        threshold: Confidence from which on questions are answered.
        sure: Confidence from which on answers are sure.

    Returns:
        Shares refused, answered and answered surely at these thresholds; shares answered at the threshold that refuses
        a tenth of the answerable questions; AUROC; and calibration errors.
    """
    own = sample["question"]["confidence"] if "question" in sample else None
    figures = {}
    if own is not None:
        figures["answerable refused"] = float((own < threshold).mean())
        figures["answerable sure"] = float((own >= sure).mean())
    for name in ("unanswerable", "orphaned"):
        if name in sample:
            confidence = sample[name]["confidence"]
            figures[f"{name} answered"] = float((confidence >= threshold).mean())
            figures[f"{name} sure"] = float((confidence >= sure).mean())
            if own is not None:
                strict = np.sort(own)[int(_REFUSED * len(own))]
                figures[f"{name} answered, 10 % refused"] = float((confidence >= strict).mean())
                figures[f"AUROC against {name}"] = auroc(own, confidence)
    confidence, right = outcomes(sample, ("question", "unanswerable"))
    figures["calibration error"] = calibration_error(confidence, right)
    if "orphaned" in sample:
        confidence, right = outcomes(sample, ("question", "unanswerable", "orphaned"))
        figures["calibration error, with orphaned"] = calibration_error(confidence, right)
    return figures


def outcomes(sample: Sample, groups: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The confidences of some groups (n,), and whether the first three quotes held the answer (n,).

    For questions without an answer they never do.
    """
    rows = [sample[name] for name in groups if name in sample]
    return np.concatenate([r["confidence"] for r in rows]), np.concatenate([r["in_three"] for r in rows])


def auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
    """The share of pairs in which one of `positive` is above one of `negative`; ties count half."""
    ordered = np.sort(negative)
    below, not_above = np.searchsorted(ordered, positive, "left"), np.searchsorted(ordered, positive, "right")
    return float((below + not_above).mean() / (2 * len(negative)))


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The expected calibration error (Naeini, Cooper and Hauskrecht, AAAI 2015).

    That is |mean confidence - share right| of equal-width bins, averaged with their sizes as weights.
    """
    return sum(count * abs(mean - share) for mean, share, count in bins(confidence, right)) / len(confidence)


def bins(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Mean confidence, share right and count of each bin that is not empty."""
    at = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    return [
        (float(confidence[at == bin].mean()), float(right[at == bin].mean()), int((at == bin).sum()))
        for bin in range(_BINS)
        if (at == bin).any()
    ]


def numbers(results: Sequence[Result]) -> dict[str, NDArray[np.void]]:
    """The numbers of results, by group, in the order of the results: a Sample."""
    found = {}
    for group, rows in by_group(results).items():
        clusters = dict[str, int]()
        for r in rows:
            clusters.setdefault(r.clean_id or r.id, len(clusters))
        found[group] = np.array(
            [
                (r.rank, r.confidence, r.in_passage, r.in_first, r.in_three,
                 len(r.quotes[0].text) if r.quotes else 0, len(r.quotes), clusters[r.clean_id or r.id])
                for r in rows
            ],
            _FIELDS,
        )  # fmt: skip
    return found
