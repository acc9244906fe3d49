"""LangChain's FAISS store with langchain-huggingface, split by the RecursiveCharacterTextSplitter."""

from __future__ import annotations

from pathlib import Path

from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from stacks import FOUND, LENGTH, SHOWN, Job

PACKAGES = ("langchain-community", "langchain-huggingface", "langchain-text-splitters")
PASSAGES = f"RecursiveCharacterTextSplitter, {LENGTH} characters; the title before the text"


class Stack:
    def __init__(self, model: Path, folder: Path) -> None:
        self.folder = str(folder)
        self.embeddings = HuggingFaceEmbeddings(
            model_name=str(model), encode_kwargs={"prompt": "passage: "}, query_encode_kwargs={"prompt": "query: "}
        )

    def index(self, job: Job) -> int:
        documents = [
            Document(page_content=f"{row['title']}\n\n{row['text']}", metadata={"article": row["id"]})
            for row in job.articles
        ]
        splits = RecursiveCharacterTextSplitter(chunk_size=LENGTH, chunk_overlap=0).split_documents(documents)
        FAISS.from_documents(splits, self.embeddings).save_local(self.folder)
        return len(splits)

    def open(self) -> None:
        self.store = FAISS.load_local(self.folder, self.embeddings, allow_dangerous_deserialization=True)

    def answer(self, question: str) -> object:
        return self.store.similarity_search(question, k=SHOWN)

    def articles(self, question: str) -> list[str]:
        return [found.metadata["article"] for found in self.store.similarity_search(question, k=FOUND)]
