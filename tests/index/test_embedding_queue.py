"""Batches of articles are chunked and embedded ahead of the one that is being stored, and none is lost between."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.tiny_models import make_tiny_model

from kibaru.archive import Kibaru
from kibaru.errors import IndexUnusable
from kibaru.index.embedding_queue import embed_ahead, store_embeddings
from kibaru.index.generation import Generation
from kibaru.ingest.article import make_article
from kibaru.storage.generations import drop_unused_vectors
from kibaru.types import Article, Failure, Outcome


def wells(count: int) -> list[Article]:
    return [make_article(title=f"Puits {n}", text=f"Le puits numéro {n} est ouvert.") for n in range(count)]


def generation_of(archive: Kibaru) -> Generation:
    generation = Generation.current(archive.store, archive.folder)
    assert generation
    return generation


def test_batches_come_in_order_with_all_that_was_in_them(archive: Kibaru) -> None:
    failure, articles = Failure("a.pdf", "is damaged"), wells(12)
    given = [[articles[at], failure, articles[at + 1]] for at in range(0, 12, 2)]
    with closing(embed_ahead(generation_of(archive), archive.embedder, given)) as batches:
        read = [
            (batch.items, [chunked.article for chunked in batch.articles], len(batch.new_texts)) for batch in batches
        ]
    assert read == [(items, [items[0], items[2]], 2) for items in given]


def test_some_batches_are_taken_before_the_first_is_stored_and_not_all(
    archive: Kibaru, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kibaru.index.builder._BATCH_ARTICLES", 8)
    taken = list[int]()

    def articles() -> Iterator[Article]:
        for number, article in enumerate(wells(100)):
            taken.append(number)
            yield article

    with closing(archive.add(articles())) as outcomes:
        assert isinstance(next(outcomes), Outcome)
        assert 8 < len(taken) < 50


def test_a_text_in_two_batches_is_embedded_once(archive: Kibaru, article: Article) -> None:
    given = [[article], [replace(article, id="copy", url=None)]]
    with closing(embed_ahead(generation_of(archive), archive.embedder, given)) as batches:
        assert [len(batch.new_texts) for batch in batches] == [1, 0]


def test_vectors_deleted_while_a_batch_waits_are_embedded_again(archive: Kibaru, article: Article) -> None:
    store, embedder, generation = archive.store, archive.embedder, generation_of(archive)
    list(archive.add([article]))
    archive.remove([article.id])
    with closing(embed_ahead(generation, embedder, [[article]])) as batches:
        batch = next(batches)
        assert not batch.new_texts
        with store.writing():
            drop_unused_vectors(store)
        with store.writing():
            assert store_embeddings(generation, embedder, batch) == 1
    keys = list(batch.articles[0].texts)
    assert generation.vectors.known(keys) == set(keys)


def test_an_archive_that_came_to_be_of_another_model_takes_nothing_of_this_one(archive: Kibaru, tmp_path: Path) -> None:
    tiny = archive.settings.model_copy(update={"model": str(make_tiny_model(tmp_path / "tiny", {}))})
    adding = archive.add(wells(500))
    next(adding)
    with Kibaru(tiny) as other:
        other.rebuild()
        stored = other.store.count_articles()
        with pytest.raises(IndexUnusable, match="the settings name"):
            list(adding)
        assert other.store.count_articles() == stored
        assert other.status().problem is None
