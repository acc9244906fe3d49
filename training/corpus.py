"""The articles and questions that the reader learns from, and which of them are held out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kibaru.text.chunking import split_passages
from kibaru.types import Span


@dataclass(frozen=True, slots=True)
class Source:
    """An article or paragraph: `sections` are its passages as Kibaru cuts them, each with its heading."""

    id: str
    title: str
    text: str
    language: str
    sections: tuple[tuple[str, tuple[Span, ...]], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of an article; `answers` is where its answer stands in the text, nowhere for a near question.

    `hits` are the passages that retrieval finds first, as (article, start, end, heading).
    """

    id: str
    question: str
    language: str
    article: str
    answers: tuple[Span, ...]
    hits: tuple[tuple[str, int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Corpus:
    """Sources by id, and the questions about them."""

    sources: dict[str, Source]
    asked: list[Asked]


def is_held_out(article: str) -> bool:
    """Whether an article is of the tenth that is never trained on, by hash of its id."""
    return hashlib.sha256(article.encode()).digest()[0] % 10 == 0


def rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def make_source(id: str, title: str, text: str, language: str) -> Source:
    """A source, cut into passages as Kibaru does."""
    passages = split_passages(text, language)
    return Source(id, title, text, language, tuple((p.heading, p.sentences) for p in passages))


def occurrences(text: str, answer: str) -> tuple[Span, ...]:
    """Where the answer stands in the text."""
    found, at = [], text.find(answer)
    while at >= 0:
        found.append(Span(at, at + len(answer)))
        at = text.find(answer, at + 1)
    return tuple(found)


def read_corpus(folders: Iterable[Path], hits: Iterable[Path], *, held_out: bool) -> Corpus:
    """The articles of folders in the format of `training/data`, and the questions about those on one side.

    Args:
        folders: Where `articles.jsonl` and `questions.jsonl` are.
        hits: Files that `training/retrieve.py` wrote.
        held_out: Whether questions are of the held-out articles, or of the others.

    Returns:
        The corpus. Its sources are of one side too, so that nothing held out is a negative of training.
    """
    sources, asked = dict[str, Source](), list[Asked]()
    found = {row["id"]: row["hits"] for path in hits for row in rows(path)}
    for folder in folders:
        for row in rows(folder / "articles.jsonl"):
            if is_held_out(row["id"]) == held_out:
                sources[row["id"]] = make_source(row["id"], row["title"], row["text"], row.get("language") or "fr")
        for row in rows(folder / "questions.jsonl"):
            if row["article_id"] not in sources:
                continue
            source = sources[row["article_id"]]
            style = row.get("style", "plain")
            other = {"english": {"fr": "en", "en": "fr"}.get(source.language, "en"), "other": "xx"}
            answers = occurrences(source.text, row["answer"]) if row["kind"] == "question" else ()
            near = tuple((h["article_id"], h["start"], h["end"], h["heading"]) for h in found.get(row["id"], ()))
            language = other.get(style, source.language)
            asked.append(Asked(row["id"], row["question"], language, source.id, answers, near))
    return Corpus(sources, asked)


def read_xquad(folder: Path) -> dict[str, Corpus]:
    """XQuAD by language; paragraphs and questions have the same ids in each."""
    corpora = {}
    for path in sorted(folder.glob("xquad.*.json")):
        language = path.name.split(".")[1]
        sources, asked = dict[str, Source](), list[Asked]()
        for number, document in enumerate(json.loads(path.read_text("utf-8"))["data"]):
            for place, paragraph in enumerate(document["paragraphs"]):
                id, text = f"xquad-{number}-{place}", paragraph["context"]
                sources[id] = make_source(id, document.get("title", "").replace("_", " "), text, language)
                for row in paragraph["qas"]:
                    answer = row["answers"][0]
                    start = answer["answer_start"]
                    span = Span(start, start + len(answer["text"]))
                    asked.append(Asked(row["id"], row["question"], language, id, (span,)))
        corpora[language] = Corpus(sources, asked)
    return corpora
