"""The results of a run, and their file format: lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from kibaru.errors import BadInput

Group = Literal["question", "headline", "unanswerable", "orphaned"]
"""How a question was asked: as its kind says, or "orphaned", with the article that answers it hidden: other articles on
its subject are there, but not the answer."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A quote as it would be shown.

    Attributes:
        article: Id of the article.
        title: Title of the article.
        text: The words quoted.
    """

    article: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one question, with what would be quoted if nothing were refused.

    Attributes:
        id: The question's id in its set.
        group: How it was asked.
        question: What was asked.
        expected: Id of the article with the answer.
        answer: The words that answer, if they are known.
        language: The question's language, if the set says it.
        variant: How the question is written, if the set says it.
        clean_id: Id of the question that it is a variant of.
        rank: Rank of the expected article among those found, from 1; 0 when it was not found.
        confidence: The answer's confidence (0…1).
        in_passage: Whether the best passage has the words that answer; False where none are known.
        in_first: Whether the first quote has them.
        in_three: Whether one of the first three quotes has them.
        quotes: The quotes.
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
        """What identifies the result in its run."""
        return self.group, self.id


@dataclass(frozen=True, slots=True)
class Run:
    """The results of a set.

    Attributes:
        about: What was measured: version, model, reranker, set, split.
        threshold: Confidence from which on questions are answered.
        sure: Confidence from which on answers are sure.
        results: A result for each question asked.
    """

    about: dict[str, str]
    threshold: float
    sure: float
    results: list[Result]


_RESULTS = TypeAdapter(list[Result])


def run_lines(run: Run) -> str:
    """A run as text for a file: a line of JSON about the run, then one for each result."""
    rows = [{"run": run.about, "threshold": run.threshold, "sure": run.sure}, *map(asdict, run.results)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_run(path: Path) -> Run:
    """Load a run from a file with the text of `run_lines`.

    Raises:
        BadInput: The file cannot be read or is no run.
    """
    try:
        first, *rest = map(json.loads, path.read_text("utf-8").strip().split("\n"))
        return Run(first["run"], float(first["threshold"]), float(first["sure"]), _RESULTS.validate_python(rest))
    except OSError as error:
        raise BadInput(f"{path}: it cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(f"{path}: it is no run that 'kibaru eval DIR --save FILE' wrote") from error


def by_group(results: Iterable[Result]) -> dict[str, list[Result]]:
    """The results by their group."""
    groups = dict[str, list[Result]]()
    for result in results:
        groups.setdefault(result.group, []).append(result)
    return groups
