"""Articles into the index: cut, embedded, stored; one at a time, or all of them into a new generation."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from kibaru.articles import Article, has_own_id, url_key
from kibaru.embedding import Embedder, Vectors
from kibaru.errors import BadInput, IndexUnusable, StorageError
from kibaru.ingest import Failure
from kibaru.languages import STEMMING, stems
from kibaru.passages import CHUNKING, embedded_text, split_passages
from kibaru.sameness import bands, tell_the_same
from kibaru.sentences import Span
from kibaru.snapshots import drop_other_snapshots
from kibaru.store import Generation, IndexedPassage, Store
from kibaru.vectors import create, renew

log = logging.getLogger(__name__)

_BATCH_CHARACTERS = 100_000
"""Articles committed together: a few seconds of embedding, which is all that a crash can cost."""

_BATCH_ARTICLES = 200
_REBUILD_BATCH = 64
_TOGETHER = 16
"""Articles that are cut before the model reads them, and read sorted by length."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an article that was added. `same_title` is another article's id, perhaps an earlier version;
    `alike` are the ids of those that tell the same."""

    change: Literal["added", "updated", "unchanged"]
    article: Article
    same_title: str | None = None
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: passages in the new generation, and how many of their vectors it had to compute."""

    generation: int
    articles: int
    passages: int
    embedded: int


Embedded = tuple[Vectors, list[Vectors] | None]
"""The vectors of passages, and those of the sentences of each."""

Progress = Callable[[int, int], None]
"""Called with the articles indexed so far and those to index in all."""


def add_articles(
    store: Store, folder: Path, embedder: Embedder, items: Iterable[Article | Failure]
) -> Iterator[Outcome | Failure]:
    """Store and index articles, a batch a transaction; an Outcome comes out once its article is safe on disk.

    Failures pass through in their place.
    """
    for batch in _batches(items):
        articles = [item for item in batch if isinstance(item, Article)]
        with locked(folder, "write.lock"):
            outcomes = iter(_add_batch(store, embedder, articles))
        yield from (item if isinstance(item, Failure) else next(outcomes) for item in batch)


def remove_articles(store: Store, folder: Path, ids: Sequence[str]) -> list[Article]:
    """Remove the articles of these ids and all that is derived from them; returns those there were."""
    with locked(folder, "write.lock"), store.writing():
        generation = store.current_generation()
        removed = [article for id in dict.fromkeys(ids) if (article := store.article(id))]
        for article in removed:
            store.delete_article(article.id)
            if generation:
                store.delete_passages(generation.id, article.id)
    return removed


def rebuild(
    store: Store,
    folder: Path,
    embedder: Embedder,
    *,
    from_scratch: bool = False,
    above: int = 0,
    progress: Progress = lambda *_: None,
) -> Rebuilt:
    """Index every article anew into a new generation, then switch to it by one commit.

    The generation in use serves until then, and takes additions, which are caught up with before the switch. Vectors
    of passages that did not change are kept unless `from_scratch`. A rebuild that was killed left its vectors behind,
    so the next one goes on where it stopped. Its number is higher than `above`. Raises BadInput when another rebuild is
    running.
    """
    with locked(folder, "rebuild.lock", wait=False):
        if damaged := store.damaged_texts():  # which would never count as indexed
            raise IndexUnusable(f"The text of article {min(damaged)} in {folder} is damaged: run 'kibaru doctor'.")
        dimension = embedder.dimension
        with store.writing():
            store.drop_generations("building", "old")
            generation = store.new_generation(embedder.identity, dimension, CHUNKING, STEMMING, above=above)
        log.info("building generation %d with %s", generation.id, generation.model)
        create(folder, generation)
        embedded = _fill(store, embedder, generation, from_scratch, progress)
        while not _switch(store, folder, generation):
            embedded += _fill(store, embedder, generation, False, progress)
    return Rebuilt(generation.id, store.count_articles(), store.count_passages(generation.id), embedded)


def ensure_generation(store: Store, folder: Path, embedder: Embedder) -> None:
    """Make the first, empty generation of a new archive."""
    if store.current_generation():
        return
    with locked(folder, "write.lock"), store.writing():
        if not store.current_generation():
            generation = store.new_generation(embedder.identity, embedder.dimension, CHUNKING, STEMMING)
            create(folder, generation)
            store.make_current(generation)


@contextmanager
def locked(folder: Path, name: str, *, wait: bool = True) -> Iterator[None]:
    """Held by one process at a time; the system lets go of it when the process dies."""
    try:
        with FileLock(folder / name, timeout=-1 if wait else 0):
            yield
    except Timeout:
        raise BadInput(f"Another process is rebuilding {folder}: wait for it to end.") from None
    except OSError as error:
        raise StorageError(
            f"The archive in {folder} cannot be written ({error.strerror or error}): check free space and permissions."
        ) from error


def _batches(items: Iterable[Article | Failure]) -> Iterator[list[Article | Failure]]:
    batch, characters = list[Article | Failure](), 0
    for item in items:
        batch.append(item)
        characters += len(item.text) if isinstance(item, Article) else 0
        if characters >= _BATCH_CHARACTERS or len(batch) >= _BATCH_ARTICLES:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _add_batch(store: Store, embedder: Embedder, articles: Sequence[Article]) -> list[Outcome]:
    generation = store.current_generation()
    assert generation is not None, "ensure_generation comes first"
    prepared, _ = _embedded(store, embedder, articles, generation.model)
    outcomes = []
    with store.writing():
        for item in prepared:
            outcome = _resolved(store, item.article)
            if outcome.change != "unchanged":
                store.put_article(outcome.article)
                outcome = replace(outcome, alike=_link(store, outcome.article))
                store.put_passages(generation.id, outcome.article, item.passages)
            outcomes.append(outcome)
    return outcomes


def _link(store: Store, article: Article) -> tuple[str, ...]:
    """Link an article to those that tell the same; returns their ids."""
    store.put_bands(article.id, bands(article.text))
    others = store.sharing_bands(article.id)
    same = tuple(other.id for other in others if tell_the_same(article.text, other.text))
    store.link(article.id, same)
    return same


def _resolved(store: Store, new: Article) -> Outcome:
    """Whether `new` is an article we have. Of the same id or URL it replaces that one; of the same words it is it."""
    old = store.same_article(new)
    if old is None:
        return Outcome("added", new, None if has_own_id(new) else store.other_of_same_title(new))
    same_page = new.url and old.url and url_key(new.url) == url_key(old.url)
    same_words_only = new.id != old.id and not same_page
    first, second = (old, new) if same_words_only else (new, old)
    merged = replace(
        first,
        id=old.id,
        url=first.url or second.url,
        published=first.published or second.published,
        author=first.author or second.author,
        language=first.language or second.language,
        outlet=first.outlet or second.outlet,
        modified=first.modified or second.modified,
        pages=first.pages if first.digest == second.digest and first.pages else new.pages,
    )
    return Outcome("unchanged" if merged == old else "updated", merged)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An article cut into passages; `texts` is what is embedded, by key."""

    article: Article
    passages: list[IndexedPassage]
    texts: dict[bytes, _Text]


@dataclass(frozen=True, slots=True)
class _Text:
    """What is embedded of a passage, whose own words begin at `body`; its `sentences` are counted from there."""

    text: str
    body: int
    sentences: list[Span]

    def sentences_in_text(self) -> list[Span]:
        return [Span(self.body + start, self.body + end) for start, end in self.sentences]


def _prepare(article: Article, model: str) -> _Prepared:
    texts: dict[bytes, _Text] = {}
    passages = []
    for passage in split_passages(article.text, article.language):
        body = article.text[passage.start : passage.end]
        embedded = embedded_text(article.title, passage.heading, body)
        key = vector_key(model, embedded)
        sentences = [Span(start - passage.start, end - passage.start) for start, end in passage.sentences]
        texts[key] = _Text(embedded, len(embedded) - len(body), sentences)
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
    return _Prepared(article, passages, texts)


def vector_key(model: str, embedded: str) -> bytes:
    """Under which the vector of a text by a model is kept."""
    return hashlib.blake2b(f"{model}\0{embedded}".encode(), digest_size=16).digest()


def _embedded(
    store: Store, embedder: Embedder, articles: Sequence[Article], model: str, from_scratch: bool = False
) -> tuple[list[_Prepared], int]:
    """Articles cut into passages whose vectors are kept, and how many of these had to be computed: all, or those that
    were not there yet. While the model reads some articles, the next ones are cut."""
    prepared, reading = list[_Prepared](), list[tuple[dict[bytes, _Text], Future[Embedded]]]()
    asked = set[bytes]()
    with ThreadPoolExecutor(2) as apart:  # so that the model has work when it is nearly done with some
        for at in range(0, len(articles), _TOGETHER):
            cut = [_prepare(article, model) for article in articles[at : at + _TOGETHER]]
            prepared += cut
            wanted = {key: text for item in cut for key, text in item.texts.items() if key not in asked}
            known = set() if from_scratch else store.known_vectors(wanted)
            if missing := {key: text for key, text in wanted.items() if key not in known}:
                reading.append((missing, apart.submit(_read, embedder, list(missing.values()))))
                asked |= missing.keys()
    if not reading:
        return prepared, 0
    with store.writing():
        for texts, read in reading:
            vectors, inner = read.result()
            store.put_vectors(list(texts), vectors)
            if inner is not None:
                sentences = [(text.sentences, own) for text, own in zip(texts.values(), inner, strict=True)]
                store.put_sentences(list(texts), sentences)
    return prepared, len(asked)


def _read(embedder: Embedder, texts: Sequence[_Text]) -> Embedded:
    return embedder.embed_with_sentences([t.text for t in texts], [t.sentences_in_text() for t in texts])


def _fill(store: Store, embedder: Embedder, generation: Generation, from_scratch: bool, progress: Progress) -> int:
    """Bring a generation being built up to the articles as they are; returns how many vectors were computed."""
    with store.writing():
        for id in store.stale(generation.id):
            store.delete_passages(generation.id, id)
    for article in filter(None, map(store.article, store.without_bands())):
        with store.writing():
            _link(store, article)
    todo, embedded = store.unindexed(generation.id), 0
    for at in range(0, len(todo), _REBUILD_BATCH):
        articles = list(filter(None, map(store.article, todo[at : at + _REBUILD_BATCH])))
        batch, count = _embedded(store, embedder, articles, generation.model, from_scratch)
        embedded += count
        with store.writing():
            for item in batch:
                store.put_passages(generation.id, item.article, item.passages)
        progress(min(at + _REBUILD_BATCH, len(todo)), len(todo))
    return embedded


def _switch(store: Store, folder: Path, generation: Generation) -> bool:
    """Make the generation current and clear others away, unless articles changed meanwhile; returns whether it did."""
    renew(store, folder, generation)
    g = generation.id
    with locked(folder, "write.lock"):  # so that nobody is adding to the old generation
        with store.writing():
            if store.unindexed(g) or store.stale(g):
                return False
            store.make_current(generation)
        with store.writing():
            store.drop_generations("old")
            store.drop_unused_vectors()
    drop_other_snapshots(folder, g)
    return True
