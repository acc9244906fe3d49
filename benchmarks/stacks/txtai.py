"""txtai's Embeddings with content, its default backend and its own pooling; it has no splitter by default."""

from __future__ import annotations

from pathlib import Path

from txtai import Embeddings

from stacks import FOUND, SHOWN, Job

PACKAGES = ("txtai",)
PASSAGES = "Kibaru's"


class Stack:
    def __init__(self, model: Path, folder: Path) -> None:
        self.folder = str(folder)
        self.embeddings = Embeddings(
            models={},  # what load() takes the model from, rather than read it again
            path=str(model),
            content=True,
            instructions={"query": "query: ", "data": "passage: "},
        )

    def index(self, job: Job) -> int:
        self.embeddings.index((f"{row['article']}#{at}", row["text"], None) for at, row in enumerate(job.passages))
        self.embeddings.save(self.folder)
        return self.embeddings.count()

    def open(self) -> None:
        self.embeddings.load(self.folder)

    def answer(self, question: str) -> object:
        return self.embeddings.search(question, SHOWN)

    def articles(self, question: str) -> list[str]:
        return [found["id"].rpartition("#")[0] for found in self.embeddings.search(question, FOUND)]
