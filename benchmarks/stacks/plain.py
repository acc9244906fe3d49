"""The loop of the sentence-transformers documentation on semantic search: encode, and a flat FAISS index."""

from __future__ import annotations

import json
from pathlib import Path

import faiss
from sentence_transformers import SentenceTransformer

from stacks import FOUND, SHOWN, Job

PACKAGES = ("sentence-transformers", "torch", "faiss-cpu")
PASSAGES = "Kibaru's"


class Stack:
    def __init__(self, model: Path, folder: Path) -> None:
        self.vectors, self.rows = folder / "vectors.faiss", folder / "passages.json"
        self.model = SentenceTransformer(str(model), prompts={"query": "query: ", "document": "passage: "})

    def index(self, job: Job) -> int:
        embedded = self.model.encode_document([row["text"] for row in job.passages])
        vectors = faiss.IndexFlatIP(embedded.shape[1])
        vectors.add(embedded)
        faiss.write_index(vectors, str(self.vectors))
        self.rows.write_text(json.dumps(job.passages), "utf-8")
        return len(job.passages)

    def open(self) -> None:
        self.index_ = faiss.read_index(str(self.vectors))
        self.passages = json.loads(self.rows.read_text("utf-8"))

    def _search(self, question: str, limit: int) -> list[dict[str, str]]:
        _, found = self.index_.search(self.model.encode_query([question]), min(limit, len(self.passages)))
        return [self.passages[at] for at in found[0]]

    def answer(self, question: str) -> object:
        return self._search(question, SHOWN)

    def articles(self, question: str) -> list[str]:
        return [passage["article"] for passage in self._search(question, FOUND)]
