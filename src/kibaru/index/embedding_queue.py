"""Articles cut into passages and read by the model, some batches ahead of the one that is being stored."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from kibaru.embedding.embedder import Embedder, Vectors
from kibaru.storage import passage_vectors
from kibaru.storage.sentence_vectors import put_sentences
from kibaru.storage.store import Store
from kibaru.text.chunking import embedded_text, split_passages
from kibaru.text.stems import stems
from kibaru.types import Article, Failure, IndexedPassage, Span

_AHEAD = 2
"""Batches that are cut while the model reads: it has the next one at once when it is done with one."""


@dataclass(frozen=True, slots=True)
class CutArticle:
    """An article cut into passages; `texts` is what is embedded of them, by key."""

    article: Article
    passages: list[IndexedPassage]
    texts: dict[bytes, EmbeddedText]


@dataclass(frozen=True, slots=True)
class EmbeddedText:
    """What is embedded of a passage, whose own words begin at `body`; its `sentences` are counted from there."""

    text: str
    body: int
    sentences: list[Span]

    def sentences_in_text(self) -> list[Span]:
        return [Span(self.body + start, self.body + end) for start, end in self.sentences]


Readings = tuple[Vectors, list[Vectors] | None] | None
"""The vectors of texts, and those of the sentences of each; None of no texts."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`items` in their order, and the articles among them cut; all that is embedded of them, and the `reading` of what
    had no vector yet."""

    items: Sequence[Article | Failure]
    articles: list[CutArticle]
    texts: dict[bytes, EmbeddedText]
    unread: dict[bytes, EmbeddedText]
    reading: Future[Readings]


def read_ahead(
    store: Store, embedder: Embedder, batches: Iterable[Sequence[Article | Failure]], *, from_scratch: bool = False
) -> Generator[Batch, None, None]:
    """Batches whose articles are cut and read, for `put_vectors` to keep; `from_scratch`, whether or not there are
    vectors already. To be closed, so that nothing is read any more when what stores them fails."""
    apart = ThreadPoolExecutor(2, "kibaru-reading")  # so that no core waits for the longest text of a batch
    ahead = deque[Batch]()
    try:
        for items in batches:
            articles = [_cut(item, embedder.identity) for item in items if isinstance(item, Article)]
            texts = {key: text for article in articles for key, text in article.texts.items()}
            known = {key for batch in ahead for key in batch.unread}
            if not from_scratch:
                known |= passage_vectors.known_vectors(store, texts)
            unread = {key: text for key, text in texts.items() if key not in known}
            reading = apart.submit(_read, embedder, list(unread.values()))
            ahead.append(Batch(items, articles, texts, unread, reading))
            if len(ahead) > _AHEAD:
                yield _awaited(ahead)
        while ahead:
            yield _awaited(ahead)
    finally:
        apart.shutdown(cancel_futures=True)


def put_vectors(store: Store, embedder: Embedder, batch: Batch) -> int:
    """Keep the vectors of a batch, with those that were there when it was cut but were cleared away since; returns how
    many were computed."""
    _put(store, batch.unread, batch.reading.result())
    gone = {key: batch.texts[key] for key in batch.texts.keys() - passage_vectors.known_vectors(store, batch.texts)}
    _put(store, gone, _read(embedder, list(gone.values())))
    return len(batch.unread) + len(gone)


def vector_key(model: str, embedded: str) -> bytes:
    """Under which the vector of a text by a model is kept."""
    return hashlib.blake2b(f"{model}\0{embedded}".encode(), digest_size=16).digest()


def _awaited(ahead: deque[Batch]) -> Batch:
    ahead[0].reading.result()
    return ahead.popleft()


def _cut(article: Article, model: str) -> CutArticle:
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
    return CutArticle(article, passages, texts)


def _read(embedder: Embedder, texts: Sequence[EmbeddedText]) -> Readings:
    if not texts:
        return None
    return embedder.embed_with_sentences([t.text for t in texts], [t.sentences_in_text() for t in texts])


def _put(store: Store, texts: Mapping[bytes, EmbeddedText], readings: Readings) -> None:
    if readings is None:
        return
    vectors, inner = readings
    passage_vectors.put_vectors(store, list(texts), vectors)
    if inner is not None:
        sentences = [(text.sentences, own) for text, own in zip(texts.values(), inner, strict=True)]
        put_sentences(store, list(texts), sentences)
