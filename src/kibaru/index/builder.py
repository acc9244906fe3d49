"""Articles into the index: a batch at a time into the generation in use, or all of them into a new one."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from kibaru.embedding.embedder import Embedder
from kibaru.errors import BadInput, IndexUnusable, StorageError
from kibaru.index.embedding_queue import Batch, put_vectors, read_ahead
from kibaru.index.snapshots import drop_other_snapshots
from kibaru.index.vectors import create, renew
from kibaru.ingest.article import has_own_id
from kibaru.storage.duplicates import link_alike, unlink, without_bands
from kibaru.storage.generations import (
    current_generation,
    drop_generations,
    drop_unused_vectors,
    make_current,
    new_generation,
)
from kibaru.storage.passages import count_passages, delete_passages, put_passages, stale, unindexed
from kibaru.storage.store import Store
from kibaru.text.chunking import CHUNKING
from kibaru.text.stems import STEMMING
from kibaru.text.urls import url_key
from kibaru.types import Article, Failure, Generation, Outcome, Progress, Rebuilt

log = logging.getLogger(__name__)

_BATCH_ARTICLES = 128
_BATCH_CHARACTERS = 120_000
"""Articles committed together, three seconds of reading: texts of one length are read in a row. A crash can cost them
and those read ahead."""


def add_articles(
    store: Store, folder: Path, embedder: Embedder, items: Iterable[Article | Failure]
) -> Iterator[Outcome | Failure]:
    """Store and index articles, a batch a transaction; an Outcome comes out once its article is safe on disk.

    Failures pass through in their place. While a batch is stored, the model reads the next ones. Raises IndexUnusable
    when the archive has come to be of another model.
    """
    with closing(read_ahead(store, embedder, _batches(items))) as batches:
        for batch in batches:
            with locked(folder, "write.lock"):
                outcomes = iter(_add_batch(store, folder, embedder, batch))
            yield from (item if isinstance(item, Failure) else next(outcomes) for item in batch.items)


def remove_articles(store: Store, folder: Path, ids: Sequence[str]) -> list[Article]:
    """Remove the articles of these ids and all that is derived from them; returns those there were."""
    with locked(folder, "write.lock"), store.writing():
        generation = current_generation(store)
        removed = [article for id in dict.fromkeys(ids) if (article := store.article(id))]
        for article in removed:
            store.delete_article(article.id)
            unlink(store, article.id)
            if generation:
                delete_passages(store, generation.id, article.id)
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
            drop_generations(store, "building", "old")
            generation = new_generation(store, embedder.identity, dimension, CHUNKING, STEMMING, above=above)
        log.info("building generation %d with %s", generation.id, generation.model)
        create(folder, generation)
        embedded = _fill(store, embedder, generation, from_scratch, progress)
        while not _switch(store, folder, generation):
            embedded += _fill(store, embedder, generation, False, progress)
    return Rebuilt(generation.id, store.count_articles(), count_passages(store, generation.id), embedded)


def ensure_generation(store: Store, folder: Path, embedder: Embedder) -> None:
    """Make the first, empty generation of a new archive."""
    if current_generation(store):
        return
    with locked(folder, "write.lock"), store.writing():
        if not current_generation(store):
            generation = new_generation(store, embedder.identity, embedder.dimension, CHUNKING, STEMMING)
            create(folder, generation)
            make_current(store, generation)


def usable_generation(store: Store, folder: Path, embedder: Embedder) -> Generation:
    """The generation in use. Raises IndexUnusable when there is none, or it is not of this model and this Kibaru."""
    generation = current_generation(store)
    if generation is None:
        raise IndexUnusable(f"The archive in {folder} is not indexed: run 'kibaru rebuild'.")
    if generation.model != embedder.identity:
        raise IndexUnusable(
            f"The index in {folder} is of the model {generation.model}, the settings name "
            f"{embedder.identity}: set KIBARU_MODEL back, or run 'kibaru rebuild'."
        )
    if (generation.chunking, generation.stemming) != (CHUNKING, STEMMING):
        raise IndexUnusable(f"The index in {folder} is of another version of Kibaru: run 'kibaru rebuild'.")
    return generation


@contextmanager
def locked(folder: Path, name: str, *, wait: bool = True) -> Iterator[None]:
    """Held by one process at a time; the system lets go of it when the process dies."""
    try:
        with FileLock(folder / name, timeout=-1 if wait else 0, mode=0o600):
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


def _add_batch(store: Store, folder: Path, embedder: Embedder, batch: Batch) -> list[Outcome]:
    generation = usable_generation(store, folder, embedder)
    outcomes = []
    with store.writing():
        put_vectors(store, embedder, batch)
        for item in batch.articles:
            outcome = _resolved(store, item.article)
            if outcome.change != "unchanged":
                store.put_article(outcome.article)
                outcome = replace(outcome, alike=link_alike(store, outcome.article))
                put_passages(store, generation.id, outcome.article, item.passages)
            outcomes.append(outcome)
    return outcomes


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


def _fill(store: Store, embedder: Embedder, generation: Generation, from_scratch: bool, progress: Progress) -> int:
    """Bring a generation being built up to the articles as they are; returns how many vectors were computed."""
    with store.writing():
        for id in stale(store, generation.id):
            delete_passages(store, generation.id, id)
    for article in filter(None, map(store.article, without_bands(store))):
        with store.writing():
            link_alike(store, article)
    todo = unindexed(store, generation.id)
    done = embedded = 0
    articles = filter(None, map(store.article, todo))
    with closing(read_ahead(store, embedder, _batches(articles), from_scratch=from_scratch)) as batches:
        for batch in batches:
            with store.writing():
                embedded += put_vectors(store, embedder, batch)
                for item in batch.articles:
                    put_passages(store, generation.id, item.article, item.passages)
            done += len(batch.items)
            progress(done, len(todo))
    return embedded


def _switch(store: Store, folder: Path, generation: Generation) -> bool:
    """Make the generation current and clear others away, unless articles changed meanwhile; returns whether it did."""
    renew(store, folder, generation)
    g = generation.id
    with locked(folder, "write.lock"):  # so that nobody is adding to the old generation
        with store.writing():
            if unindexed(store, g) or stale(store, g):
                return False
            make_current(store, generation)
        with store.writing():
            drop_generations(store, "old")
            drop_unused_vectors(store)
    drop_other_snapshots(folder, g)
    return True
