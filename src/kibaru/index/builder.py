"""Articles into the index: a batch at a time into the generation in use, or all of them into a new one."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from kibaru.embedding.embedder import Embedder
from kibaru.errors import IndexUnusable
from kibaru.index.embedding_queue import Batch, embed_ahead, store_embeddings
from kibaru.index.generation import Generation
from kibaru.index.locks import REBUILD_LOCK, WRITE_LOCK, locked
from kibaru.index.snapshots import drop_earlier_snapshots
from kibaru.ingest.article import has_own_id
from kibaru.storage.duplicates import link_near_duplicates, unlink, without_bands
from kibaru.storage.generations import drop_generations, drop_unused_vectors
from kibaru.storage.store import Store
from kibaru.text.urls import url_key
from kibaru.types import Article, Failure, Outcome, Progress, Rebuilt

log = logging.getLogger(__name__)

_BATCH_ARTICLES = 128
"""Articles that are committed together at most: a crash can cost them, and those that were embedded ahead."""

_BATCH_CHARACTERS = 120_000
"""Characters after which a batch is full: enough texts of similar length for the model to be quick."""


def add_articles(
    store: Store, archive: Path, embedder: Embedder, items: Iterable[Article | Failure]
) -> Iterator[Outcome | Failure]:
    """Store and index articles, a batch a transaction; while one is stored, the model embeds the next ones.

    Args:
        store: The archive's database.
        archive: Its folder.
        embedder: The model.
        items: The articles; failures pass through in their place.

    Yields:
        An Outcome for each article once it is safe on disk.

    Raises:
        IndexUnusable: The index is of another model or version.
    """
    generation = usable_generation(store, archive, embedder)
    with closing(embed_ahead(generation, embedder, _batches(items))) as batches:
        for batch in batches:
            with locked(archive, WRITE_LOCK):
                outcomes = iter(_add_batch(store, archive, embedder, batch))
            yield from (item if isinstance(item, Failure) else next(outcomes) for item in batch.items)


def remove_articles(store: Store, archive: Path, ids: Sequence[str]) -> list[Article]:
    """Remove articles and all that is derived from them.

    Args:
        store: The archive's database.
        archive: Its folder.
        ids: The articles' ids; those that are not in the archive are passed over.

    Returns:
        The articles that were removed.
    """
    with locked(archive, WRITE_LOCK), store.writing():
        generation = Generation.current(store, archive)
        removed = [article for id in dict.fromkeys(ids) if (article := store.article(id))]
        for article in removed:
            store.delete_article(article.id)
            unlink(store, article.id)
            if generation:
                generation.remove(article.id)
    return removed


def rebuild(
    store: Store,
    archive: Path,
    embedder: Embedder,
    *,
    from_scratch: bool = False,
    above: int = 0,
    progress: Progress = lambda *_: None,
) -> Rebuilt:
    """Index every article again into a new generation, then switch to it by one commit.

    The generation in use answers questions until then; articles that are added meanwhile are in the new one too. A
    rebuild that was killed leaves the vectors it computed, so the next one goes on where it stopped.

    Args:
        store: The archive's database.
        archive: Its folder.
        embedder: The model.
        from_scratch: Whether to compute also the vectors of passages that did not change.
        above: The number of the new generation is higher than this one.
        progress: Called after each batch.

    Raises:
        BadInput: Another rebuild is running.
        IndexUnusable: The text of an article is damaged.
    """
    with locked(archive, REBUILD_LOCK, wait=False):
        if damaged := store.damaged_texts():  # which would never count as indexed
            raise IndexUnusable(f"The text of article {min(damaged)} in {archive} is damaged: run 'kibaru doctor'.")
        with store.writing():
            drop_generations(store, "building", "old")
        generation = Generation.create(store, archive, embedder, above=above)
        log.info("building generation %d with %s", generation.row.id, generation.row.model)
        embedded = _fill(generation, embedder, from_scratch, progress)
        while not _switch(generation):
            embedded += _fill(generation, embedder, False, progress)
    return Rebuilt(generation.row.id, store.count_articles(), generation.passages.count(), embedded)


def ensure_generation(store: Store, archive: Path, embedder: Embedder) -> None:
    """Make the first, empty generation of a new archive; does nothing when there is one."""
    if Generation.current(store, archive):
        return
    with locked(archive, WRITE_LOCK), store.writing():
        if not Generation.current(store, archive):
            Generation.create(store, archive, embedder).make_current()


def usable_generation(store: Store, archive: Path, embedder: Embedder) -> Generation:
    """The generation in use.

    Raises:
        IndexUnusable: There is none, or it is of another model than `embedder` or of another version of Kibaru.
    """
    generation = Generation.current(store, archive)
    if generation is None:
        raise IndexUnusable(f"The archive in {archive} is not indexed: run 'kibaru rebuild'.")
    if generation.row.model != embedder.identity:
        raise IndexUnusable(
            f"The index in {archive} is of the model {generation.row.model}, the settings name "
            f"{embedder.identity}: set KIBARU_MODEL back, or run 'kibaru rebuild'."
        )
    if not generation.is_of_this_version():
        raise IndexUnusable(f"The index in {archive} is of another version of Kibaru: run 'kibaru rebuild'.")
    return generation


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


def _add_batch(store: Store, archive: Path, embedder: Embedder, batch: Batch) -> list[Outcome]:
    generation = usable_generation(store, archive, embedder)
    outcomes = []
    with store.writing():
        store_embeddings(generation, embedder, batch)
        for item in batch.articles:
            outcome = _match(store, item.article)
            if outcome.change != "unchanged":
                store.put_article(outcome.article)
                outcome = replace(outcome, alike=link_near_duplicates(store, outcome.article))
                generation.add(outcome.article, item.passages)
            outcomes.append(outcome)
    return outcomes


def _match(store: Store, new: Article) -> Outcome:
    """Whether `new` is in the archive already: one of the same id or URL is replaced, one of the same text is kept."""
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


def _fill(generation: Generation, embedder: Embedder, from_scratch: bool, progress: Progress) -> int:
    """Bring a generation that is being built up to date with the articles; returns how many vectors were computed."""
    store = generation.store
    with store.writing():
        for id in generation.passages.articles_to_remove():
            generation.remove(id)
    for article in filter(None, map(store.article, without_bands(store))):
        with store.writing():
            link_near_duplicates(store, article)
    todo = generation.passages.articles_to_index()
    done = embedded = 0
    articles = filter(None, map(store.article, todo))
    with closing(embed_ahead(generation, embedder, _batches(articles), from_scratch=from_scratch)) as batches:
        for batch in batches:
            with store.writing():
                embedded += store_embeddings(generation, embedder, batch)
                for item in batch.articles:
                    generation.add(item.article, item.passages)
            done += len(batch.items)
            progress(done, len(todo))
    return embedded


def _switch(generation: Generation) -> bool:
    """Make the generation current and delete the others; returns False when articles changed meanwhile."""
    store, archive = generation.store, generation.archive
    generation.renew()
    with locked(archive, WRITE_LOCK):  # so that nobody is adding to the old generation
        with store.writing():
            if generation.passages.articles_to_index() or generation.passages.articles_to_remove():
                return False
            generation.make_current()
        with store.writing():
            drop_generations(store, "old")
            drop_unused_vectors(store)
    drop_earlier_snapshots(archive, generation.row.id)
    return True
