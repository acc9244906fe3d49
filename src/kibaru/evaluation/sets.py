"""Evaluation sets: their file format, and which of their questions may be tuned on.

A set is a folder with `questions.jsonl` and `articles.jsonl`. Without articles, or when it is just a file of questions,
the questions are about the archive at hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from kibaru.errors import BadInput
from kibaru.ingest.formats import article_from_record, records_from_json_lines
from kibaru.text.cleaning import clean
from kibaru.types import Article

Kind = Literal["question", "headline", "unanswerable"]
Split = Literal["held-out", "tuning", "all"]


@dataclass(frozen=True, slots=True)
class Question:
    """A row of questions.jsonl.

    Attributes:
        id: Identifies the question in its set.
        kind: A `question` has its answer in an article, a `headline` is to find its article, an `unanswerable` one is
            answered by no article.
        question: What is asked.
        article_id: Id or URL of the article.
        answer: The words of the article that answer.
        language: The question's language, a two-letter code.
        variant: How the question is written: english, typos…
        clean_id: Id of the question that it is a variant of.
        asked_on: The day it is asked (ISO date), which "yesterday" is relative to; today when not given.
        to_check: Whether nobody has checked the row yet.
    """

    id: str
    kind: Kind
    question: str
    article_id: str | None = None
    answer: str | None = None
    language: str | None = None
    variant: str | None = None
    clean_id: str | None = None
    asked_on: str | None = None
    to_check: bool = False


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Questions with the articles they are about.

    Attributes:
        path: Where the set is from.
        articles: The articles; None when the questions are about the archive at hand.
        questions: The questions.
    """

    path: Path
    articles: list[Article] | None
    questions: list[Question]


def is_for_tuning(question_id: str) -> bool:
    """Whether a question is in the half, drawn by hash, that may be fitted on; results are reported on the other."""
    return hashlib.sha256(question_id.encode()).digest()[0] % 2 == 0


def in_split(question_id: str, split: Split) -> bool:
    """Whether a question is in a split. For a variant, give the clean question's id: both must be on the same side."""
    return split == "all" or is_for_tuning(question_id) == (split == "tuning")


def read_set(path: Path, language: str | None = None) -> EvaluationSet:
    """Load a set.

    Args:
        path: A folder, or a file of questions.
        language: Language of articles that state none; it is detected when not given.

    Raises:
        BadInput: Names the file, the line and what is wrong with it.
    """
    file = path / "questions.jsonl" if path.is_dir() else path
    questions = read_questions(file)
    articles = file.with_name("articles.jsonl")
    return EvaluationSet(
        path=path,
        articles=read_articles(articles, language) if path.is_dir() and articles.exists() else None,
        questions=questions,
    )


def read_articles(path: Path, language: str | None = None) -> list[Article]:
    """Load the articles of an articles.jsonl; see `read_set`."""
    articles = []
    for where, row in _rows(path):
        try:
            articles.append(article_from_record({**row, "language": row.get("language") or language}))
        except BadInput as error:
            raise BadInput(f"{where}: {error}") from error
    return articles


def read_questions(path: Path) -> list[Question]:
    """Load the questions of a questions.jsonl; see `read_set`."""
    questions = {}
    for where, row in _rows(path):
        question = _question(where, row)
        if question.id in questions:
            raise BadInput(f"{where}: the id {question.id!r} comes twice")
        questions[question.id] = question
    if not questions:
        raise BadInput(f"{path}: there is no question in it")
    return list(questions.values())


def _question(where: str, row: dict[str, Any]) -> Question:
    fields: dict[str, Any] = {"article_id": row.get("url")} | {
        name: row[name] for name in Question.__dataclass_fields__ if name in row
    }
    for name in ("id", "kind", "question"):
        if not fields.get(name):
            raise BadInput(f"{where}: it has no {name!r}")
    for name, value in fields.items():
        if name != "to_check" and not isinstance(value, str | None):
            raise BadInput(f"{where}: its field {name!r} is no text")
    if asked_on := fields.get("asked_on"):
        try:
            date.fromisoformat(asked_on)
        except ValueError as error:
            raise BadInput(f"{where}: its 'asked_on' is no date like 2026-01-28: {asked_on!r}") from error
    question = Question(**fields | {"question": clean(fields["question"]), "to_check": bool(fields.get("to_check"))})
    if question.kind not in get_args(Kind):
        raise BadInput(f"{where}: the kind {question.kind!r} is not one of {', '.join(get_args(Kind))}")
    if question.kind != "unanswerable" and not question.article_id:
        raise BadInput(f"{where}: it has no 'article_id': the id or URL of the article that answers")
    if question.kind == "question" and not question.answer:
        raise BadInput(f"{where}: it has no 'answer': words of the article, as they stand there")
    return question


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.is_file():
        raise BadInput(
            f"{path}: there is no such file; a set is a folder with articles.jsonl and questions.jsonl, or a file of "
            "questions"
        )
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadInput(f"{path}: it cannot be read ({reason})") from error
    for number, row in records_from_json_lines(lines):
        if isinstance(row, BadInput) or not isinstance(row, dict):
            raise BadInput(f"{path}, line {number}: {row if isinstance(row, BadInput) else 'it is no object'}")
        yield f"{path}, line {number}", row
