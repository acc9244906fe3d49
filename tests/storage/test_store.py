"""The database's write path: whole or not at all, in place of what was there, and nothing of others touched."""

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kibaru.errors import IndexUnusable, StorageError, explanation
from kibaru.index.builder import remove_articles
from kibaru.storage.duplicates import link, links_of, put_bands, unlink
from kibaru.storage.generations import (
    GenerationRow,
    built_at,
    current_generation,
    drop_generations,
    drop_unused_vectors,
    make_current,
    new_generation,
)
from kibaru.storage.passages import PassageTable
from kibaru.storage.schema import SCHEMA
from kibaru.storage.store import Store
from kibaru.storage.vectors import SentenceTable, VectorTable
from kibaru.types import Article, Edition, IndexedPassage, Span, StoredPassage

BAC = Article("bac", "Le bac", "Le bac repart.", "https://journal.example/bac/", "2026-01-15", "Nana", "fr", "Balafon",
              "2026-01-16", (0, 7))  # fmt: skip
PUITS = Article("puits", "Le puits", "Le puits est ouvert.", language="fr")
PASSAGE = IndexedPassage(0, 14, "Fleuve", b"k1", "le bac", "bac repart")
OTHER = IndexedPassage(0, 20, "", b"k2", "le puits", "puits ouvert")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "index" / "kibaru.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path, create=True) as store:
        yield store


def rows(store: Store, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    return store.connection.execute(query, parameters).fetchall()


def is_now(written: str) -> bool:
    at = datetime.fromisoformat(written)
    return len(written) == len("2026-01-15T10:00:00+00:00") and abs(datetime.now(UTC) - at) < timedelta(minutes=5)


def test_a_new_archive_is_made_with_its_folders_for_its_owner_alone(store: Store, path: Path) -> None:
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with store.writing():
        store.put_article(BAC)
    with Store(path, create=True) as again, Store(path) as other:
        assert again.article("bac") == other.article("bac") == BAC


def test_opening_makes_no_archive_where_there_is_none(path: Path) -> None:
    with pytest.raises(IndexUnusable) as found:
        Store(path)
    assert str(found.value) == f"There is no archive in {path.parent} yet: add articles with 'kibaru add PATH'."
    assert not path.parent.exists()
    path.parent.mkdir(parents=True)
    sqlite3.connect(path).close()
    path.touch()
    with pytest.raises(IndexUnusable) as found:
        Store(path)
    assert str(found.value) == f"{path} is empty: add articles with 'kibaru add PATH'."


def test_an_archive_of_a_newer_kibaru_is_left_alone(store: Store, path: Path) -> None:
    store.connection.execute(f"pragma user_version = {SCHEMA + 1}")
    for create in (False, True):
        with pytest.raises(IndexUnusable) as found:
            Store(path, create=create)
        assert str(found.value) == f"{path} was written by a newer Kibaru: upgrade with 'pip install -U kibaru'."


def test_an_archive_of_an_unreleased_kibaru_is_refused_with_what_to_do(store: Store, path: Path) -> None:
    for layout in range(1, SCHEMA):
        store.connection.execute(f"pragma user_version = {layout}")
        for create in (False, True):
            with pytest.raises(IndexUnusable) as found:
                Store(path, create=create)
            assert str(found.value) == (
                f"{path} was written by an unreleased Kibaru: move its folder away and add the articles again."
            )


def test_what_is_written_together_is_all_there_or_nothing_of_it(store: Store, path: Path) -> None:
    with Store(path) as other:
        with suppress(KeyboardInterrupt), store.writing():
            store.put_article(BAC)
            with store.writing():  # a part of the whole
                store.put_article(PUITS)
            assert other.count_articles() == 0
            raise KeyboardInterrupt
        assert (store.count_articles(), store.connection.in_transaction) == (0, False)
        with store.writing(), store.writing():
            store.put_article(BAC)
        assert other.count_articles() == 1


def test_who_reads_sees_one_moment_while_another_writes(store: Store, path: Path) -> None:
    with Store(path) as other:
        with other.reading():
            assert other.count_articles() == 0
            with store.writing():
                store.put_article(BAC)
            assert other.count_articles() == 0
        assert other.count_articles() == 1


def test_only_one_writes_at_a_time_from_the_beginning(store: Store, path: Path) -> None:
    with Store(path) as other:
        other.connection.execute("pragma busy_timeout = 0")
        with store.writing():
            with pytest.raises(StorageError, match="locked"), other.writing():
                raise AssertionError("two are writing")
            with other.reading():
                assert other.count_articles() == 0


def test_all_about_an_article_is_kept_and_when_it_came(store: Store) -> None:
    store.put_article(BAC)
    store.put_article(PUITS)
    assert (store.article("bac"), store.article("puits")) == (BAC, PUITS)
    ((key, digest, pages, added, changed),) = rows(
        store, "select url_key, digest, pages, added, changed from articles where id = 'bac'"
    )
    assert (key, digest, json.loads(pages)) == ("journal.example/bac", BAC.digest, [0, 7])
    assert added == changed
    assert is_now(added)
    assert rows(store, "select url_key from articles where id = 'puits'") == [(None,)]


def test_an_article_of_other_words_is_kept_as_an_edition_and_when_it_came_first(store: Store) -> None:
    store.put_article(BAC)
    store.put_article(PUITS)
    store.connection.execute("update articles set added = '2025', changed = '2025'")
    store.put_article(replace(BAC, author="Awa"))
    assert store.editions("bac") == []
    newer = replace(BAC, text="Le bac est reparti.", published=None)
    store.put_article(newer)
    assert store.article("bac") == newer
    (edition,) = store.editions("bac")
    assert edition == Edition(BAC.title, BAC.text, BAC.published, BAC.modified, edition.replaced)
    assert is_now(edition.replaced)
    ((added, changed),) = rows(store, "select added, changed from articles where id = 'bac'")
    assert (added, is_now(changed)) == ("2025", True)
    assert rows(store, "select added, changed from articles where id = 'puits'") == [("2025", "2025")]


def test_an_article_goes_with_its_editions_bands_and_links_and_no_others(store: Store, path: Path) -> None:
    for article in (BAC, PUITS):
        store.put_article(article)
        store.put_article(replace(article, text=f"{article.text} Enfin."))
        put_bands(store, article.id, [1, 2])
    link(store, "bac", ["puits"])
    link(store, "x", ["puits"])
    remove_articles(store, path.parent, ["bac"])
    assert (store.article("bac"), store.editions("bac")) == (None, [])
    assert (store.count_articles(), len(store.editions("puits"))) == (1, 1)
    assert rows(store, "select band, article_id from bands") == [(1, "puits"), (2, "puits")]
    assert links_of(store, ["bac", "puits", "x"]) == {"puits": {"x"}, "x": {"puits"}}


def test_bands_and_links_replace_those_of_before(store: Store) -> None:
    put_bands(store, "bac", [1, 2, 2])
    put_bands(store, "puits", [2])
    put_bands(store, "bac", [3])
    assert rows(store, "select band, article_id from bands order by band") == [(2, "puits"), (3, "bac")]
    link(store, "bac", ["puits", "x"])
    link(store, "x", ["y"])
    assert links_of(store, ["bac", "puits", "x", "y"]) == {"bac": {"puits"}, "puits": {"bac"}, "x": {"y"}, "y": {"x"}}
    unlink(store, "bac")
    assert rows(store, "select article_id from bands") == [("puits",)]
    assert links_of(store, ["bac", "puits", "x"]) == {"x": {"y"}}


def test_generations_are_numbered_upwards_and_one_is_current(store: Store) -> None:
    first = new_generation(store, "e5", 384, 1, 2)
    assert first == GenerationRow(1, "e5", 384, 1, 2)
    assert rows(store, "select * from generations") == [(1, "e5", 384, 1, 2, "building", None)]
    assert current_generation(store) is None
    make_current(store, first)
    second, third = new_generation(store, "e5", 384, 1, 2), new_generation(store, "e5", 384, 1, 2, above=7)
    assert (second.id, third.id, new_generation(store, "e5", 384, 1, 2, above=3).id) == (2, 8, 9)
    make_current(store, third)
    assert current_generation(store) == third
    assert rows(store, "select id, state from generations") == [
        (1, "old"), (2, "building"), (8, "current"), (9, "building")
    ]  # fmt: skip
    assert is_now(built_at(store) or "")
    assert rows(store, "select built from generations where id = 2") == [(None,)]


def test_generations_are_dropped_by_their_state_with_all_their_tables(store: Store) -> None:
    for state in ("old", "building", "current", "old"):
        generation = new_generation(store, "e5", 4, 1, 2)
        store.connection.execute("update generations set state = ? where id = ?", [state, generation.id])
    drop_generations(store, "old", "building")
    assert rows(store, "select id from generations") == [(3,)]
    tables = [name for (name,) in rows(store, "select name from sqlite_master where type = 'table'")]
    assert {name for name in tables if name[-1] in "124" or "_1_" in name} == set()
    assert {"passages_3", "indexed_3", "removed_3", "stems_3"} <= set(tables)
    drop_generations(store)
    assert rows(store, "select id from generations") == [(3,)]


@pytest.fixture
def passages(store: Store) -> PassageTable:
    """A generation with a passage of each article, their vectors, and sentences."""
    passages = PassageTable(store, new_generation(store, "e5", 2, 1, 2))
    for article, passage in ((BAC, PASSAGE), (PUITS, OTHER)):
        store.put_article(article)
        passages.put(article, [passage])
    VectorTable(store, passages.generation).put(
        [b"k1", b"k2", b"k3"], np.array([[0.6, 0.8], [1, 0], [0, 1]], np.float32)
    )
    spans = [Span(0, 6), Span(7, 14)]
    SentenceTable(store, passages.generation).put(
        [b"k1", b"k2", b"k3"],
        [
            (spans, np.array([[0.6, 0.8], [0, -1]], np.float32)),
            ([Span(0, 20)], np.array([[1, 0]], np.float32)),
            ([Span(0, 1)], np.array([[1, 0]], np.float32)),
        ],
    )
    return passages


@pytest.fixture
def g(passages: PassageTable) -> int:
    """Its number."""
    return passages.generation.id


@pytest.fixture
def vectors(passages: PassageTable) -> VectorTable:
    """Its vectors."""
    return VectorTable(passages.store, passages.generation)


@pytest.fixture
def sentences(passages: PassageTable) -> SentenceTable:
    """Its sentences."""
    return SentenceTable(passages.store, passages.generation)


def test_passages_are_found_by_their_stems_and_noted_as_indexed(store: Store, passages: PassageTable, g: int) -> None:
    assert passages.get([1, 2]) == [
        StoredPassage(1, "bac", 0, 14, "Fleuve"),
        StoredPassage(2, "puits", 0, 20, ""),
    ]
    assert rows(store, f"select rowid from stems_{g} where stems_{g} match 'title : bac'") == [(1,)]
    assert rows(store, f"select rowid from stems_{g} where stems_{g} match 'body : repart'") == [(1,)]
    assert rows(store, f"select rowid from stems_{g} where stems_{g} match 'body : puits'") == [(2,)]
    assert rows(store, f"select * from indexed_{g} where article_id = 'bac'") == [("bac", BAC.digest, "fr")]
    assert (passages.articles_to_index(), passages.articles_to_remove(), passages.removed_after(0)) == ([], [], [])
    assert passages.keys([1, 2]) == {b"k1", b"k2"}


def test_passages_put_again_replace_those_of_that_article_alone(store: Store, passages: PassageTable, g: int) -> None:
    passages.put(BAC, [replace(PASSAGE, end=6), replace(PASSAGE, start=7)])
    assert passages.get([1, 2, 3, 4]) == [
        StoredPassage(2, "puits", 0, 20, ""), StoredPassage(3, "bac", 0, 6, "Fleuve"),
        StoredPassage(4, "bac", 7, 14, "Fleuve"),
    ]  # fmt: skip
    assert rows(store, f"select rowid from stems_{g} order by 1") == [(2,), (3,), (4,)]
    assert passages.removed_after(0) == [(1, 1)]
    passages.delete("bac")
    assert passages.removed_after(1) == [(2, 3), (3, 4)]
    assert rows(store, f"select rowid from stems_{g} order by 1") == [(2,)]
    assert (passages.count(), passages.articles_to_index()) == (1, ["bac"])


def test_vectors_are_kept_within_half_a_thousandth_and_replaced(vectors: VectorTable) -> None:
    ids, found = vectors.get([1, 2])
    assert ids.tolist() == [1, 2]
    assert np.abs(found - [[0.6, 0.8], [1, 0]]).max() < 0.0005
    vectors.put([b"k1"], np.array([[0, 1]], np.float32))
    assert vectors.get([1])[1].tolist() == [[0, 1]]
    with pytest.raises(ValueError, match="shorter"):
        vectors.put([b"k1", b"k2"], np.zeros((1, 2), np.float32))


def test_sentences_are_kept_where_they_are_with_their_directions(sentences: SentenceTable) -> None:
    spans, vectors = sentences.get([1])[1]
    assert spans == [Span(0, 6), Span(7, 14)]
    assert np.abs(vectors - [[0.6, 0.8], [0, -1]]).max() < 0.01
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-6
    sentences.put([b"k1"], [([Span(0, 14)], np.array([[0, 1]], np.float32))])
    assert sentences.get([1])[1][0] == [Span(0, 14)]
    with pytest.raises(ValueError, match="shorter"):
        sentences.put([b"k1", b"k2"], [([Span(0, 14)], np.array([[0, 1]], np.float32))])


def test_sentences_are_kept_to_eight_bits_of_their_largest_number(store: Store, sentences: SentenceTable) -> None:
    vectors = np.array([[0.1, -0.2], [1, 0]], np.float32)
    sentences.put([b"k1"], [([Span(0, 6), Span(7, 14)], vectors)])
    ((spans, directions),) = rows(store, "select spans, vectors from sentences where key = ?", b"k1")
    assert np.frombuffer(spans, "<i4").tolist() == [0, 6, 7, 14]
    assert np.frombuffer(directions, "i1").tolist() == [64, -127, 127, 0]


def test_sentences_are_forgotten_for_some_passages(sentences: SentenceTable) -> None:
    sentences.delete([1])
    assert sentences.get([1, 2]).keys() == {2}


def test_vectors_and_sentences_that_no_passage_has_are_dropped(store: Store, passages: PassageTable) -> None:
    PassageTable(store, new_generation(store, "e5", 2, 1, 2)).put(PUITS, [OTHER])
    passages.delete("puits")
    drop_unused_vectors(store)
    for table in ("vectors", "sentences"):
        assert rows(store, f"select key from {table} order by key") == [(b"k1",), (b"k2",)]
    drop_generations(store, "building")
    drop_unused_vectors(store)
    for table in ("vectors", "sentences"):
        assert rows(store, f"select key from {table}") == []


@pytest.mark.parametrize(
    "error",
    [sqlite3.DatabaseError("database disk image is malformed"), sqlite3.DatabaseError("file is not a database"),
     sqlite3.OperationalError("no such table: articles"), sqlite3.OperationalError("no such column: pages")],
)  # fmt: skip
def test_damage_is_explained_with_what_to_do(error: sqlite3.DatabaseError) -> None:
    explained = explanation(error, Path("/srv/index"))
    assert isinstance(explained, IndexUnusable)
    assert str(explained) == (
        f"The database in /srv/index is damaged ({error}): put back a backup of it, or move the folder away and add "
        "the articles again."
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (sqlite3.OperationalError("database is locked"), "database is locked"),
        (sqlite3.InterfaceError("no such table"), "no such table"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("odd"), "odd"),
    ],
)
def test_a_disk_that_refuses_is_explained_with_what_to_check(error: sqlite3.Error | OSError, reason: str) -> None:
    explained = explanation(error, Path("/srv/index"))
    assert type(explained) is StorageError
    assert str(explained) == (
        f"The archive in /srv/index cannot be used ({reason}): check free space and permissions, and that no other "
        "process holds it."
    )


def test_what_the_disk_complains_of_while_writing_is_explained(store: Store, path: Path) -> None:
    with pytest.raises(StorageError, match=f"The archive in {path.parent} cannot be used \\(Gone\\)"), store.writing():
        raise OSError(5, "Gone")
    assert not store.connection.in_transaction
