"""Kibaru as a library, with its default settings; an answer has its quotes and a calibrated probability."""

from __future__ import annotations

from pathlib import Path

import prepared  # noqa: F401
from kibaru.archive import Kibaru
from kibaru.embedding.embedder import Embedder
from kibaru.settings import load_settings
from kibaru.types import Article
from stacks import Job

PACKAGES = ("kibaru",)
PASSAGES = "its own"


class Stack:
    def __init__(self, model: Path, folder: Path) -> None:  # noqa: ARG002  # it has this very model unpacked
        self.settings = load_settings().model_copy(update={"index": folder})
        self.embedder = Embedder(self.settings)
        self.embedder.embed_queries(["?"])

    def index(self, job: Job) -> int:
        articles = [Article(**row | {"pages": tuple(row["pages"])}) for row in job.articles]
        with Kibaru(self.settings, create=True, embedder=self.embedder) as kibaru:
            for _ in kibaru.add(articles):
                pass
            return kibaru.status().passages

    def open(self) -> None:
        self.kibaru = Kibaru(self.settings, embedder=self.embedder)

    def answer(self, question: str) -> object:
        return self.kibaru.ask(question)

    def articles(self, question: str) -> list[str]:
        return [hit.passage.article_id for hit in self.kibaru.ask(question).hits]
