"""A database put in an archive's place: what is true is copied, what was there is set aside, one commit switches."""

import re
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kibaru.archive import Kibaru
from kibaru.embedding.embedder import Embedder
from kibaru.errors import BadInput, IndexUnusable, StorageError
from kibaru.index.locks import locked
from kibaru.maintenance.replacement import (
    _last_generation,
    _switch,
    copy_truth,
    making_ready,
    replace_archive,
    set_aside,
)
from kibaru.settings import Settings
from kibaru.storage.duplicates import unlink
from kibaru.storage.generations import make_current, new_generation
from kibaru.storage.question_log import QuestionLog
from kibaru.storage.schema import SCHEMA
from kibaru.storage.store import Store
from kibaru.types import Article
from kibaru_bot.store import BotStore

BAC = Article("bac", "Le bac", "Le bac repart.", "https://journal.example/bac", pages=(0, 7))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A database with an article, a vector, a generation, and the tables of the bot, from which a draft was deleted."""
    path = tmp_path / "source" / "kibaru.db"
    with Store(path, create=True) as store:
        BotStore(path).close()
        with store.writing():
            store.put_article(BAC)
            make_current(store, new_generation(store, "e5", 4, 1, 1))
            store.connection.execute("insert into vectors (key, vector) values (x'01', x'02')")
            for id in (1, 2, 3):
                store.connection.execute("insert into drafts values (?, '2026', '[]')", [id])
            store.connection.execute("delete from drafts where id = 3")
            store.connection.execute("insert into preferences values ('r', 'fr')")
    return path


def names(connection: sqlite3.Connection, kind: str) -> set[str]:
    query = "select name from sqlite_master where type = ? and name not like 'sqlite_%'"
    return {name for (name,) in connection.execute(query, [kind])}


def test_a_copy_has_all_that_is_true_and_no_index(source: Path, tmp_path: Path) -> None:
    copy_truth(source, tmp_path / "copy.db", empty={"preferences"})
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy, closing(sqlite3.connect(source)) as old:
        assert names(copy, "table") == {n for n in names(old, "table") if not n.endswith("_1") and "_1_" not in n}
        assert names(copy, "index") == {n for n in names(old, "index") if "_1_" not in n}
        for table in ("articles", "vectors", "drafts"):
            rows = old.execute(f"select * from {table}").fetchall()
            assert copy.execute(f"select * from {table}").fetchall() == rows != []
        for table in ("generations", "preferences"):
            assert copy.execute(f"select * from {table}").fetchall() == []
        assert copy.execute("pragma user_version").fetchone() == (SCHEMA,)
        assert copy.execute("pragma integrity_check").fetchone() == ("ok",)
        copy.execute("insert into drafts (made, articles) values ('2026', '[]')")
        assert copy.execute("select max(id) from drafts").fetchone() == (4,)  # 3 was given, and is given to no other
        assert copy.execute("select count(*) from sqlite_sequence where name like 'passages%'").fetchone() == (0,)


def test_a_copy_of_an_archive_without_a_journal_is_one(tmp_path: Path) -> None:
    with Store(tmp_path / "kibaru.db", create=True) as store, store.writing():
        store.put_article(BAC)
    copy_truth(tmp_path / "kibaru.db", tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("select id from articles").fetchall() == [("bac",)]


def test_a_copy_is_of_one_moment_and_lets_others_write(source: Path, tmp_path: Path) -> None:
    with Store(source) as store, store.writing():
        store.put_article(Article("puits", "Le puits", "Ouvert."))
        copy_truth(source, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("select id from articles").fetchall() == [("bac",)]


def test_what_cannot_be_copied_is_explained(source: Path, tmp_path: Path) -> None:
    source.write_bytes(b"no database" * 900)
    with pytest.raises(IndexUnusable, match=f"The database in {source.parent} is damaged"):
        copy_truth(source, tmp_path / "copy.db")


def test_what_is_made_ready_is_made_apart_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "new"
    with making_ready(folder) as staged:
        assert (staged.parent, staged.name.startswith(".replacing-")) == (folder, True)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()
    folder.mkdir()
    with pytest.raises(KeyboardInterrupt), making_ready(folder):
        raise KeyboardInterrupt
    assert list(folder.iterdir()) == []
    shutil.rmtree(folder)
    with making_ready(folder) as staged:
        (folder / "kibaru.db").touch()
    assert [path.name for path in folder.iterdir()] == ["kibaru.db"]


def test_a_place_that_cannot_be_made_ready_in_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(
            StorageError, match=f"archive in {tmp_path / 'file' / 'new'} cannot be used \\(Not a directory\\)"
        ),
        making_ready(tmp_path / "file" / "new"),
    ):
        pass


def test_archives_set_aside_are_listed_with_their_sizes(tmp_path: Path) -> None:
    for name in ("replaced-b/generation-1", "damaged-a", "generation-3", "other-replaced-1"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "replaced-b" / "kibaru.db").write_bytes(bytes(10))
    (tmp_path / "replaced-b" / "generation-1" / "v").write_bytes(bytes(5))
    assert set_aside(tmp_path) == {tmp_path / "damaged-a": 0, tmp_path / "replaced-b": 15}
    assert list(set_aside(tmp_path)) == [tmp_path / "damaged-a", tmp_path / "replaced-b"]


def test_the_next_generation_is_above_all_that_are_in_use_or_left_over(source: Path, tmp_path: Path) -> None:
    assert _last_generation(tmp_path) == 0
    with Store(tmp_path / "kibaru.db", create=True):  # in which nothing was ever indexed
        assert _last_generation(tmp_path) == 0
    assert _last_generation(source.parent) == 1
    for name in ("generation-2", "generation-12", "generation-x"):
        (source.parent / name).mkdir()
    assert _last_generation(source.parent) == 12
    with closing(sqlite3.connect(source)) as old:
        old.execute("update generations set id = 20")
        old.commit()
    assert _last_generation(source.parent) == 20
    with closing(sqlite3.connect(source)) as old:
        old.execute("delete from generations")
        old.commit()
    assert _last_generation(source.parent) == 12
    source.write_bytes(b"no database" * 900)
    assert _last_generation(source.parent) == 12


def database(path: Path, value: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as made:
        made.execute("create table t (value)")
        made.execute("insert into t values (?)", [value])
        made.commit()
    return path


def value(connection: sqlite3.Connection) -> int:
    return int(connection.execute("select value from t").fetchone()[0])


def test_a_switch_shows_the_new_database_to_who_has_the_old_one_open(tmp_path: Path) -> None:
    target, ready = database(tmp_path / "a" / "kibaru.db", 1), database(tmp_path / "b" / "kibaru.db", 2)
    with closing(sqlite3.connect(target)) as reader:
        assert value(reader) == 1
        _switch(ready, target)
        assert value(reader) == 2
    assert ready.exists()


@pytest.mark.parametrize("there", [None, b"no database" * 900])
def test_a_switch_needs_no_database_that_can_be_read(tmp_path: Path, there: bytes | None) -> None:
    target, ready = tmp_path / "a" / "kibaru.db", database(tmp_path / "b" / "kibaru.db", 2)
    target.parent.mkdir()
    if there:
        target.write_bytes(there)
    for name in ("kibaru.db-wal", "kibaru.db-shm"):
        (target.parent / name).write_bytes(b"of another")
    _switch(ready, target)
    assert [path.name for path in target.parent.iterdir()] == ["kibaru.db"]
    with closing(sqlite3.connect(target)) as connection:
        assert value(connection) == 2


def test_a_switch_that_the_disk_refuses_puts_nothing_in_the_place(tmp_path: Path) -> None:
    target, ready = tmp_path / "kibaru.db", database(tmp_path / "b" / "kibaru.db", 2)
    target.mkdir()  # which SQLite says is a file that it cannot open
    with pytest.raises(sqlite3.OperationalError):
        _switch(ready, target)
    assert ready.exists()
    assert target.is_dir()


@pytest.fixture
def kibaru(folder: Path) -> Iterator[Kibaru]:
    with Kibaru(Settings(index=folder)) as kibaru:
        yield kibaru


def replaced(folder: Path, embedder: Embedder, source: Path, aside: str = "replaced") -> tuple[int, Path | None]:
    with making_ready(folder) as staged:
        copy_truth(source, staged / "kibaru.db")
        built, kept = replace_archive(folder, staged, embedder, aside)
        return built.generation, kept


@pytest.fixture
def fresh(kibaru: Kibaru, tmp_path: Path) -> Path:
    """A copy of the samples, less one article."""
    copy_truth(kibaru.folder / "kibaru.db", tmp_path / "fresh.db")
    with Store(tmp_path / "fresh.db") as store, store.writing():
        gone = next(store.articles()).id
        store.delete_article(gone)
        unlink(store, gone)
    return tmp_path / "fresh.db"


def test_the_archive_that_was_there_is_one_still_in_its_place_apart(kibaru: Kibaru, fresh: Path) -> None:
    folder = kibaru.folder
    (folder / "generation-0").mkdir()
    QuestionLog(folder / "kibaru.db").close()
    generation, kept = replaced(folder, kibaru.embedder, fresh)
    assert generation == 2
    assert kept is not None
    assert kept.parent == folder
    assert re.fullmatch(r"replaced-20\d{6}-\d{6}-[^.-]+", kept.name)
    assert kibaru.store.count_articles() == 17
    assert kibaru.status().problem is None
    assert [path.name for path in folder.glob("generation-*")] == ["generation-2"]
    assert sorted(path.name for path in kept.glob("generation-*")) == ["generation-0", "generation-1"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert stat.S_IMODE((kept / "kibaru.db").stat().st_mode) == 0o600
    with Kibaru(Settings(index=kept)) as old:
        assert old.store.count_articles() == 18
        assert old.status().problem is None
    assert not list(folder.glob(".replacing-*"))
    kibaru.store.connection.execute("select * from questions")  # a running bot needs its tables


def test_the_first_archive_of_a_folder_sets_nothing_aside(kibaru: Kibaru, fresh: Path, tmp_path: Path) -> None:
    (tmp_path / "new" / "generation-5").mkdir(parents=True)  # of an archive whose database somebody has deleted
    generation, kept = replaced(tmp_path / "new", kibaru.embedder, fresh)
    assert (generation, kept) == (6, None)
    assert [path.name for path in (tmp_path / "new").glob("generation-*")] == ["generation-6"]
    with Kibaru(Settings(index=tmp_path / "new")) as made:
        assert (made.store.count_articles(), made.status().problem) == (17, None)


def test_a_database_that_cannot_be_read_is_set_aside_as_its_files_are(kibaru: Kibaru, fresh: Path) -> None:
    kibaru.close()
    for path in kibaru.folder.glob("kibaru.db*"):
        path.unlink()
    (kibaru.folder / "kibaru.db").write_bytes(b"no database" * 900)
    _, kept = replaced(kibaru.folder, kibaru.embedder, fresh, "damaged")
    assert kept is not None
    assert kept.name.startswith("damaged-20")
    assert (kept / "kibaru.db").read_bytes() == b"no database" * 900


def test_an_archive_that_is_being_rebuilt_is_not_replaced_meanwhile(kibaru: Kibaru, fresh: Path) -> None:
    with locked(kibaru.folder, "rebuild.lock"), pytest.raises(BadInput, match="rebuilding"):
        replaced(kibaru.folder, kibaru.embedder, fresh)
    assert kibaru.store.count_articles() == 18


@pytest.mark.parametrize("first", [False, True])
def test_a_switch_that_fails_leaves_all_as_it_was(
    kibaru: Kibaru, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    folder = tmp_path / "new" if first else kibaru.folder

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("kibaru.maintenance.replacement._switch", fail)
    with pytest.raises(StorageError, match=f"The archive in {folder} cannot be used \\(database or disk is full\\)"):
        replaced(folder, kibaru.embedder, fresh)
    left = {path.name for path in folder.iterdir() if path.suffix != ".lock"} if folder.exists() else set()
    assert not [name for name in left if name.startswith(("replaced-", ".replacing-", "generation-2"))]
    if first:
        assert not left
    else:
        assert (kibaru.store.count_articles(), kibaru.status().problem) == (18, None)
