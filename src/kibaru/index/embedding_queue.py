"""Articles chunked into passages and embedded, some batches ahead of the one that is being stored."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from kibaru.arrays import Vectors
from kibaru.embedding.embedder import Embedder
from kibaru.index.generation import Generation
from kibaru.text.chunking import embedded_text, split_passages
from kibaru.text.stems import stems
from kibaru.types import Article, Failure, IndexedPassage, Span

_AHEAD = 2
"""Batches that are chunked while the model embeds, so that it never waits for the next one."""

_THREADS = 2
"""Batches that are embedded at the same time, so that no core waits for the longest text of a batch."""


@dataclass(frozen=True, slots=True)
class ChunkedArticle:
    """An article chunked into passages.

    Attributes:
        article: The article.
        passages: Its passages.
        texts: What is embedded of them, by key.
    """

    article: Article
    passages: list[IndexedPassage]
    texts: dict[bytes, EmbeddedText]


@dataclass(frozen=True, slots=True)
class EmbeddedText:
    """The text that is embedded for a passage: title and heading, then the passage itself.

    Attributes:
        text: All of it.
        body: Where the passage itself begins in `text`.
        sentences: The sentences of the passage, counted from `body`.
    """

    text: str
    body: int
    sentences: list[Span]

    def sentences_in_text(self) -> list[Span]:
        """The sentences, counted from the start of `text`."""
        return [Span(self.body + start, self.body + end) for start, end in self.sentences]


Embeddings = tuple[Vectors, list[Vectors] | None] | None
"""The vectors of some texts, and those of the sentences of each where the model gives them; None of no texts."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Articles that are stored together.

    Attributes:
        items: What came in, in order.
        articles: The articles among the items, chunked.
        texts: All that is embedded of the articles, by key.
        new_texts: Those that had no vector when the batch was chunked.
        embeddings: The embeddings of `new_texts`, as soon as the model has made them.
    """

    items: Sequence[Article | Failure]
    articles: list[ChunkedArticle]
    texts: dict[bytes, EmbeddedText]
    new_texts: dict[bytes, EmbeddedText]
    embeddings: Future[Embeddings]


def embed_ahead(
    generation: Generation,
    embedder: Embedder,
    batches: Iterable[Sequence[Article | Failure]],
    *,
    from_scratch: bool = False,
) -> Generator[Batch, None, None]:
    """Chunk and embed batches of articles while earlier ones are being stored.

    Close the generator, so that embedding stops when storing fails.

    Args:
        generation: The generation that the articles go into.
        embedder: The model.
        batches: The articles, with failures in their place.
        from_scratch: Whether to embed also what has a vector already.

    Yields:
        Each batch once it is embedded, in order; hand it to `store_embeddings`.
    """
    executor = ThreadPoolExecutor(_THREADS, "kibaru-embedding")
    ahead = deque[Batch]()
    try:
        for items in batches:
            articles = [_chunk(item, embedder.identity) for item in items if isinstance(item, Article)]
            texts = {key: text for article in articles for key, text in article.texts.items()}
            known = {key for batch in ahead for key in batch.new_texts}
            if not from_scratch:
                known |= generation.vectors.known(texts)
            new_texts = {key: text for key, text in texts.items() if key not in known}
            embeddings = executor.submit(_embed, embedder, list(new_texts.values()))
            ahead.append(Batch(items, articles, texts, new_texts, embeddings))
            if len(ahead) > _AHEAD:
                yield _embedded(ahead)
        while ahead:
            yield _embedded(ahead)
    finally:
        executor.shutdown(cancel_futures=True)


def store_embeddings(generation: Generation, embedder: Embedder, batch: Batch) -> int:
    """Store the vectors of a batch, and embed again those that were deleted since it was chunked.

    Returns:
        How many vectors were computed.
    """
    _store(generation, batch.new_texts, batch.embeddings.result())
    gone = {key: batch.texts[key] for key in batch.texts.keys() - generation.vectors.known(batch.texts)}
    _store(generation, gone, _embed(embedder, list(gone.values())))
    return len(batch.new_texts) + len(gone)


def vector_key(model: str, embedded: str) -> bytes:
    """The key under which the vector of a text by a model is stored."""
    return hashlib.blake2b(f"{model}\0{embedded}".encode(), digest_size=16).digest()


def _embedded(ahead: deque[Batch]) -> Batch:
    ahead[0].embeddings.result()
    return ahead.popleft()


def _chunk(article: Article, model: str) -> ChunkedArticle:
    texts: dict[bytes, EmbeddedText] = {}
    passages = []
    for passage in split_passages(article.text, article.language):
        body = article.text[passage.start : passage.end]
        embedded = embedded_text(article.title, passage.heading, body)
        key = vector_key(model, embedded)
        sentences = [Span(start - passage.start, end - passage.start) for start, end in passage.sentences]
        texts[key] = EmbeddedText(embedded, len(embedded) - len(body), sentences)
        passages.append(
            IndexedPassage(
                start=passage.start,
                end=passage.end,
                heading=passage.heading,
                key=key,
                title_stems=" ".join(stems(f"{article.title} {passage.heading}", article.language)),
                body_stems=" ".join(stems(body, article.language)),
            )
        )
    return ChunkedArticle(article, passages, texts)


def _embed(embedder: Embedder, texts: Sequence[EmbeddedText]) -> Embeddings:
    if not texts:
        return None
    return embedder.embed_passages_with_sentences([t.text for t in texts], [t.sentences_in_text() for t in texts])


def _store(generation: Generation, texts: Mapping[bytes, EmbeddedText], embeddings: Embeddings) -> None:
    if embeddings is None:
        return
    vectors, of_sentences = embeddings
    generation.vectors.put(list(texts), vectors)
    if of_sentences is not None:
        sentences = [(text.sentences, own) for text, own in zip(texts.values(), of_sentences, strict=True)]
        generation.sentences.put(list(texts), sentences)
