"""What came of each question of a run: kept as lines of JSON, read again, compared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from kibaru.errors import BadInput

Group = Literal["question", "headline", "unanswerable", "orphaned"]
"""How a question was asked: as its kind says, or, "orphaned", with the article that answers hidden: what it is about is
there, the answer is not."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A quote as it would be shown, under its article's title."""

    article: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """A question with what is quoted were nothing refused.

    `rank` is that of the expected article among the articles found, 0 when it is not among them. `in_passage`,
    `in_first` and `in_three` say whether the answer's words stand in the best passage, the first quote, the first
    three; they are False where no answer is known.
    """

    id: str
    group: Group
    question: str
    expected: str | None
    answer: str | None
    language: str | None
    variant: str | None
    clean_id: str | None
    rank: int
    confidence: float
    in_passage: bool
    in_first: bool
    in_three: bool
    quotes: tuple[Shown, ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.group, self.id


@dataclass(frozen=True, slots=True)
class Run:
    """The results of a set; `about` says what was measured (version, model, reranker, set, split), and questions are
    answered from a confidence of `threshold` on, and surely from `sure` on."""

    about: dict[str, str]
    threshold: float
    sure: float
    results: list[Result]


_RESULTS = TypeAdapter(list[Result])


def run_lines(run: Run) -> str:
    """A line of JSON about the run, then one a question."""
    rows = [{"run": run.about, "threshold": run.threshold, "sure": run.sure}, *map(asdict, run.results)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_run(path: Path) -> Run:
    """A run out of `run_lines`. Raises BadInput when the file is none."""
    try:
        first, *rest = map(json.loads, path.read_text("utf-8").strip().split("\n"))
        return Run(first["run"], float(first["threshold"]), float(first["sure"]), _RESULTS.validate_python(rest))
    except OSError as error:
        raise BadInput(f"{path}: it cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(f"{path}: it is no run that 'kibaru eval DIR --save FILE' wrote") from error


def by_group(results: Iterable[Result]) -> dict[str, list[Result]]:
    groups = dict[str, list[Result]]()
    for result in results:
        groups.setdefault(result.group, []).append(result)
    return groups
