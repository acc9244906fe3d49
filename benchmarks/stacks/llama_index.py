"""LlamaIndex's VectorStoreIndex in its FaissVectorStore; titles are metadata, which it embeds with each passage."""

from __future__ import annotations

from pathlib import Path

import faiss
from llama_index.core import Document, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.faiss import FaissVectorStore

from stacks import FOUND, LENGTH, SHOWN, Job

PACKAGES = ("llama-index-core", "llama-index-embeddings-huggingface", "llama-index-vector-stores-faiss")
PASSAGES = f"SentenceSplitter, {LENGTH} characters with the title"


class Stack:
    def __init__(self, model: Path, folder: Path) -> None:
        self.folder = str(folder)
        self.embeddings = HuggingFaceEmbedding(
            model_name=str(model), query_instruction="query: ", text_instruction="passage: "
        )

    def index(self, job: Job) -> int:
        documents = [
            Document(id_=row["id"], text=row["text"], metadata={"title": row["title"]}) for row in job.articles
        ]
        splitter = SentenceSplitter(chunk_size=LENGTH, chunk_overlap=0, tokenizer=list)  # a token is a character
        store = FaissVectorStore(faiss_index=faiss.IndexFlatL2(len(self.embeddings.get_query_embedding("?"))))
        index = VectorStoreIndex.from_documents(
            documents,
            storage_context=StorageContext.from_defaults(vector_store=store),
            transformations=[splitter],
            embed_model=self.embeddings,
        )
        index.storage_context.persist(persist_dir=self.folder)
        return len(index.index_struct.nodes_dict)

    def open(self) -> None:
        store = FaissVectorStore.from_persist_dir(self.folder)
        context = StorageContext.from_defaults(vector_store=store, persist_dir=self.folder)
        index = load_index_from_storage(context, embed_model=self.embeddings)
        self.shown, self.found = (index.as_retriever(similarity_top_k=limit) for limit in (SHOWN, FOUND))

    def answer(self, question: str) -> object:
        return self.shown.retrieve(question)

    def articles(self, question: str) -> list[str]:
        return [found.node.ref_doc_id for found in self.found.retrieve(question)]
