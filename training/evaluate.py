"""Figures of a set that `training/score.py` has read: does the reader tell questions with an answer from near ones?

python training/evaluate.py --folder FOLDER --hits HITS SCORES
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from corpus import rows
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from kibaru.text.chunking import sentences_of

Floats = NDArray[np.float64]
_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its hits and what the reader said of the first of them."""

    question: dict[str, Any]
    retrieved: dict[str, Any]
    read: list[dict[str, Any]]

    @property
    def is_answered(self) -> bool:
        return bool(self.question["kind"] == "question")

    @property
    def is_for_tuning(self) -> bool:
        """Of the half that may be fitted on, as `kibaru eval` splits."""
        return hashlib.sha256(self.question["id"].encode()).digest()[0] % 2 == 0


def sigmoid(value: float) -> float:
    """The logistic function."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def best(case: Case, passages: int) -> tuple[int, dict[str, Any]]:
    """The passage whose span wins, by P(answers) times the span's probability."""
    read = list(enumerate(case.read[:passages]))
    return max(read, key=lambda at: sigmoid(at[1]["answers"]) * math.sqrt(at[1].get("p", 0.0)))


def sentences_with(case: Case, passages: int) -> tuple[str, str]:
    """The words of the winning span, and the whole sentences around it."""
    number, read = best(case, passages)
    text = case.retrieved["hits"][number]["text"]
    start, end = read.get("span", (0, 0))
    around = [s for s in sentences_of(text, 0, len(text), None) if s.start < end and start < s.end]
    return text[start:end], text[around[0].start : around[-1].end] if around else text[start:end]


def normal(text: str) -> str:
    """Letters and digits of a text, folded, with single spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", bare))


def f1(said: str, wanted: str) -> float:
    """The harmonic mean of precision and recall of words."""
    a, b = normal(said).split(), normal(wanted).split()
    common = sum((Counter(a) & Counter(b)).values())
    return 2 * common / (len(a) + len(b)) if common else 0.0


def features(case: Case, passages: int) -> list[float]:
    """What the combined score is fitted on: the reader's best passages, retrieval, today's confidence."""
    read = case.read[:passages]
    answers = sorted((r["answers"] for r in read), reverse=True)
    number, first = best(case, passages)
    hit = case.retrieved["hits"][number]
    confidence = min(max(case.retrieved["confidence"], 1e-4), 1 - 1e-4)
    top = case.retrieved["hits"][0]
    return [
        answers[0],
        max(r.get("margin", -20.0) for r in read),
        math.log(first.get("p", 1e-4) + 1e-4),
        answers[1] if len(answers) > 1 else answers[0],
        hit["score"],
        hit["hubness_adjusted"],
        top["hubness_adjusted"],
        math.log(confidence / (1 - confidence)),
    ]


def crossed(cases: Sequence[Case], passages: int, columns: Sequence[int]) -> Floats:
    """The combined score of each case, fitted on the half that the case is not in."""
    x = np.array([[features(c, passages)[n] for n in columns] for c in cases])
    y = np.array([c.is_answered for c in cases])
    half = np.array([c.is_for_tuning for c in cases])
    scores = np.zeros(len(cases))
    for side in (True, False):
        seen = half == side
        mean, spread = x[seen].mean(axis=0), x[seen].std(axis=0) + 1e-9
        fitted = LogisticRegression(C=0.3, max_iter=1000).fit((x[seen] - mean) / spread, y[seen])
        scores[~seen] = fitted.decision_function((x[~seen] - mean) / spread)
    return scores


def interval(cases: Sequence[Case], figure: Callable[[NDArray[np.int64]], float]) -> str:
    """A figure with its interval of 95 %, by drawing articles anew."""
    by_article: dict[str, list[int]] = {}
    for at, case in enumerate(cases):
        by_article.setdefault(case.question["article_id"], []).append(at)
    groups, rng, found = list(by_article.values()), np.random.default_rng(0), []
    for _ in range(_RESAMPLES):
        drawn = np.array([at for n in rng.integers(0, len(groups), len(groups)) for at in groups[n]])
        value = figure(drawn)
        if not math.isnan(value):
            found.append(value)
    low, high = np.percentile(found, [2.5, 97.5])
    return f"{figure(np.arange(len(cases))):.3f} [{low:.3f}, {high:.3f}]"


def auroc(cases: Sequence[Case], scores: Floats) -> str:
    """AUROC of questions with an answer against near ones, with its interval."""
    wanted = np.array([case.is_answered for case in cases])

    def figure(at: NDArray[np.int64]) -> float:
        return float(roc_auc_score(wanted[at], scores[at])) if len(set(wanted[at])) == 2 else math.nan

    return interval(cases, figure)


def near_answered(cases: Sequence[Case], scores: Floats, refused: float = 0.1) -> str:
    """Share of near questions above the score that so many answerable ones are below."""
    wanted = np.array([case.is_answered for case in cases])

    def figure(at: NDArray[np.int64]) -> float:
        least = np.quantile(scores[at][wanted[at]], refused)
        return float((scores[at][~wanted[at]] >= least).mean())

    return interval(cases, figure)


def report(cases: list[Case], passages: int) -> dict[str, str]:
    """The figures with so many passages read."""
    columns = {
        "answers": [max(r["answers"] for r in c.read[:passages]) for c in cases],
        "margin": [max(r.get("margin", -20.0) for r in c.read[:passages]) for c in cases],
        "best span's passage": [best(c, passages)[1]["answers"] for c in cases],
        "any": [1 - math.prod(1 - sigmoid(r["answers"]) for r in c.read[:passages]) for c in cases],
    }
    scores = {name: np.array(column) for name, column in columns.items()}
    scores["reader"] = crossed(cases, passages, (0, 1, 2, 3))
    scores["reader + retrieval + confidence"] = crossed(cases, passages, range(8))
    found = {f"AUROC, {name}": auroc(cases, value) for name, value in scores.items()}
    for name in ("reader", "reader + retrieval + confidence"):
        found[f"near answered at 10 % refused, {name}"] = near_answered(cases, scores[name])
    answered = [case for case in cases if case.is_answered]
    told = [(case.question["answer"], *sentences_with(case, passages)) for case in answered]
    rates: dict[str, list[float]] = {
        "answer in the sentence": [float(normal(a) in normal(s)) for a, _, s in told],
        "answer in a passage read": [
            float(any(normal(a) in normal(h["text"]) for h in c.retrieved["hits"][:passages]))
            for c, (a, _, _) in zip(answered, told, strict=True)
        ],
        "span exact": [float(normal(a) == normal(s)) for a, s, _ in told],
        "span F1": [f1(s, a) for a, s, _ in told],
    }
    for name, values in rates.items():
        whole = np.array(values)
        found[name] = interval(answered, lambda at, whole=whole: float(whole[at].mean()))  # type: ignore[misc]
    found["characters of the sentence, median"] = str(int(np.median([len(s) for _, _, s in told])))
    final = scores["reader + retrieval + confidence"]
    for key in ("style", "asks"):
        for value in sorted({str(case.question.get(key)) for case in cases}):
            at = [n for n, case in enumerate(cases) if str(case.question.get(key)) == value]
            kinds = {cases[n].is_answered for n in at}
            inside = [
                rates["answer in the sentence"][n] for n, c in enumerate(answered) if str(c.question.get(key)) == value
            ]
            area = f"{roc_auc_score([cases[n].is_answered for n in at], final[at]):.3f}" if len(kinds) == 2 else "-"
            share = f"{np.mean(inside):.3f}" if inside else "-"
            found[f"{key} {value} ({len(at)})"] = f"AUROC {area}, in the sentence {share}"
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--hits", type=Path, required=True)
    parser.add_argument("--passages", type=int, nargs="+", default=[4])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    questions = {row["id"]: row for row in rows(arguments.folder / "questions.jsonl")}
    hits = {row["id"]: row for row in rows(arguments.hits)}
    cases = [Case(questions[row["id"]], hits[row["id"]], row["read"]) for row in rows(arguments.scores)]
    kinds = Counter(case.question["kind"] for case in cases)
    for passages in arguments.passages:
        found = report(cases, passages)
        if arguments.json:
            print(json.dumps({"passages": passages, **found}, ensure_ascii=False))
            continue
        print(f"\n{passages} passages read; {dict(kinds)}")
        for name, value in found.items():
            print(f"  {name:58} {value}")


if __name__ == "__main__":
    main()
