"""Haystack's pipelines over its FAISSDocumentStore; titles are metadata, embedded with each passage as it can."""

from __future__ import annotations

from pathlib import Path

from haystack import Document, Pipeline
from haystack.components.preprocessors import RecursiveDocumentSplitter
from haystack.components.writers import DocumentWriter
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from haystack_integrations.components.retrievers.faiss import FAISSEmbeddingRetriever
from haystack_integrations.document_stores.faiss import FAISSDocumentStore

from stacks import FOUND, LENGTH, SHOWN, Job

PACKAGES = ("haystack-ai", "sentence-transformers-haystack", "faiss-haystack")
PASSAGES = f"RecursiveDocumentSplitter, {LENGTH} characters, and the title"


class Stack:
    def __init__(self, model: Path, folder: Path) -> None:
        self.model, self.path = str(model), str(folder / "store")
        self.question = SentenceTransformersTextEmbedder(model=self.model, prefix="query: ", progress_bar=False)
        self.dimension = len(self.question.run(text="?")["embedding"])

    def index(self, job: Job) -> int:
        documents = [
            Document(content=row["text"], meta={"article": row["id"], "title": row["title"]}) for row in job.articles
        ]
        store = FAISSDocumentStore(embedding_dim=self.dimension)
        pipeline = Pipeline()
        pipeline.add_component(
            "splitter",
            # as in its documentation; "sentence", a default, would fetch a model of sentences from the network
            RecursiveDocumentSplitter(split_length=LENGTH, split_unit="char", separators=["\n\n", "\n", ".", " "]),
        )
        pipeline.add_component(
            "embedder",
            SentenceTransformersDocumentEmbedder(
                model=self.model, prefix="passage: ", meta_fields_to_embed=["title"], progress_bar=False
            ),
        )
        pipeline.add_component("writer", DocumentWriter(store))
        pipeline.connect("splitter", "embedder")
        pipeline.connect("embedder", "writer")
        pipeline.run({"splitter": {"documents": documents}})
        store.save(self.path)
        return store.count_documents()

    def open(self) -> None:
        store = FAISSDocumentStore(index_path=self.path, embedding_dim=self.dimension)
        self.pipeline = Pipeline()
        self.pipeline.add_component("embedder", self.question)
        self.pipeline.add_component("retriever", FAISSEmbeddingRetriever(document_store=store))
        self.pipeline.connect("embedder.embedding", "retriever.query_embedding")

    def _search(self, question: str, limit: int) -> list[Document]:
        found = self.pipeline.run({"embedder": {"text": question}, "retriever": {"top_k": limit}})
        return found["retriever"]["documents"]

    def answer(self, question: str) -> object:
        return self._search(question, SHOWN)

    def articles(self, question: str) -> list[str]:
        return [found.meta["article"] for found in self._search(question, FOUND)]
