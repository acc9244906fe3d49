"""The format of a folder of articles and questions to measure on, as `../shared/README.md` describes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from kibaru.articles import Article, make_article
from kibaru.newsroom import Kibaru
from kibaru.remembering import RememberingEmbedder
from kibaru.settings import Settings, load_settings


@dataclass(frozen=True)
class Question:
    """A row of questions.jsonl; `answer` stands in the text of `article_id`, both None when unanswerable."""

    id: str
    kind: str
    question: str
    article_id: str | None = None
    answer: str | None = None


def read_articles(data: Path) -> list[Article]:
    """The rows of articles.jsonl as Kibaru would take them in, under their own ids."""
    rows = map(json.loads, (data / "articles.jsonl").read_text("utf-8").splitlines())
    return [
        make_article(id=row["id"], title=row["title"], text=row["text"], url=row.get("url") or "", language="fr")
        for row in rows
    ]


def read_questions(data: Path) -> list[Question]:
    rows = map(json.loads, (data / "questions.jsonl").read_text("utf-8").splitlines())
    return [Question(**{name: row.get(name) for name in Question.__dataclass_fields__}) for row in rows]


class Archive:
    """A Kibaru over a temporary folder, for as long as a measurement takes.

    `known_as` gives the id an article ended up under, since texts that are the same are one article.
    """

    def __init__(self, articles: Iterable[Article]) -> None:
        self._folder = TemporaryDirectory(prefix="kibaru-benchmark-")
        self.kibaru = Kibaru(settings_for(Path(self._folder.name)), create=True, embedder=_remembering())
        articles = list(articles)
        outcomes = list(self.kibaru.add(articles))
        self.known_as = {a.id: o.article.id for a, o in zip(articles, outcomes, strict=True)}  # type: ignore[union-attr]

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.kibaru.close()
        self._folder.cleanup()


@cache
def _remembering() -> RememberingEmbedder:
    """One for all archives, since questions are asked again over others, and sentences recur."""
    return RememberingEmbedder(load_settings())


def settings_for(folder: Path) -> Settings:
    return load_settings().model_copy(update={"index": folder})


def is_for_tuning(question_id: str) -> bool:
    """Half of the questions, by hash: what is fitted on them is reported on the others."""
    return hashlib.sha256(question_id.encode()).digest()[0] % 2 == 0


def read_sample_questions() -> list[Question]:
    """The questions about the sample articles; their `article_id` is the article's URL."""
    path = Path(__file__).parent.parent / "tests" / "sample_questions.jsonl"
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return [Question(row["id"], row["kind"], row["question"], row["url"], row["answer"]) for row in rows]
