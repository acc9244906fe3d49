"""`kibaru doctor` finds each damage, says in a line what to do, and `--repair` mends all that can be derived."""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished
from fakes.damage import DAMAGES, QUESTION, change, execute, flip_a_bit, manifest, mounted, snapshot, spoil
from filelock import FileLock

from kibaru.archive import Kibaru
from kibaru.embedding.e5_small import model
from kibaru.index.generation import Generation
from kibaru.index.snapshots import SnapshotState, checksum, read_snapshot, write_snapshot
from kibaru.ingest.article import make_article
from kibaru.maintenance.replacement import making_ready
from kibaru.settings import Settings
from kibaru.types import Article

Run = Callable[..., Finished]


def answers(run: Run) -> bool:
    return "19 morts" in run("ask", QUESTION).out


def swap_snapshots(folder: Path) -> None:
    """Put a whole snapshot in place of another, with a manifest that goes with it: only its vectors are others."""
    with Kibaru(Settings(index=folder)) as kibaru, kibaru.store.reading():
        generation = Generation.current(kibaru.store, folder)
        assert generation
        served = snapshot(folder).parent
        manifest, index = read_snapshot(served, generation.row)
        ids, vectors = generation.vectors.after(0)
        index.reset()
        index.add_with_ids(vectors[[1, 0, *range(2, len(ids))]], ids)
        state = SnapshotState(18, manifest.last_passage, manifest.last_removed)
        write_snapshot(served, generation.row, index, state)


def flip_in_a_vector(folder: Path) -> None:
    with sqlite3.connect(folder / "kibaru.db") as connection:
        key, vector = connection.execute("select key, vector from vectors limit 1").fetchone()
        data = bytearray(vector)
        data[100] ^= 4
        connection.execute("update vectors set vector = ? where key = ?", [bytes(data), key])
    connection.close()


def set_a_vector(folder: Path, value: str) -> None:
    execute(folder, f"update vectors set vector = {value} where key = (select min(key) from vectors)")


def leave_files(folder: Path) -> None:
    (snapshot(folder).parent / ".manifest.json.4711").write_text("half")
    (snapshot(folder).parent / "vectors-1-0.faiss").write_bytes(b"former")
    (folder / "generation-7").mkdir()
    (folder / ".replacing-abc").mkdir(mode=0o700)
    (folder / ".replacing-abc" / "kibaru.db").write_bytes(b"half")


def open_files(folder: Path) -> None:
    (folder / "kibaru.db").chmod(0o644)
    snapshot(folder).chmod(0o640)


def open_folder(folder: Path) -> None:
    folder.chmod(0o755)


MENDED = {
    **DAMAGES,
    "snapshot and manifest of other vectors": swap_snapshots,
    "snapshot that is no index": lambda folder: (
        snapshot(folder).write_bytes(b"IxXX" * 9),
        change(manifest(folder), checksum=checksum(b"IxXX" * 9)),
    ),
    "vector with a flipped bit": flip_in_a_vector,
    "vector of another dimension": lambda folder: execute(
        folder, "update vectors set vector = zeroblob(8) where key = (select min(key) from vectors)"
    ),
    "vector of length zero": lambda folder: execute(
        folder, "update vectors set vector = zeroblob(768) where key = (select min(key) from vectors)"
    ),
    "vectors gone": lambda folder: execute(folder, "delete from vectors"),
    "table of vectors gone": lambda folder: execute(folder, "drop table vectors"),
    "sentences elsewhere": lambda folder: execute(
        folder, "update sentences set spans = x'0000000000000100' || substr(spans, 9) where rowid = 1"
    ),
    "sentences cut off": lambda folder: execute(
        folder, "update sentences set spans = substr(spans, 1, 12), vectors = zeroblob(576) where rowid = 1"
    ),
    "table of sentences gone": lambda folder: execute(folder, "drop table sentences"),
    "index of a table gone": lambda folder: execute(folder, "drop index articles_title"),
    "stems of a passage gone": lambda folder: execute(folder, "delete from stems_1 where rowid = 2"),
    "keywords out of step": lambda folder: execute(folder, "delete from stems_1_data where id > 10"),
    "keywords of another text": lambda folder: execute(folder, "update stems_1_content set c1 = 'autre' where id = 2"),
    "passage elsewhere": lambda folder: execute(folder, "update passages_1 set start = start + 4 where id = 3"),
    "passage of another article": lambda folder: execute(folder, "update passages_1 set article_id = 'x' where id = 3"),
    "article not indexed": lambda folder: execute(
        folder, "delete from indexed_1 where article_id = (select min(id) from articles)"
    ),
    "article not compared": lambda folder: execute(folder, "delete from bands"),
    "links to an article that is gone": lambda folder: execute(folder, "insert into alike values ('gone', 'other')"),
    "tables of no generation": lambda folder: execute(
        folder, "create virtual table stems_9 using fts5 (title, body, tokenize = 'unicode61')"
    ),
    "unfinished generation": lambda folder: execute(
        folder, "insert into generations values (2, 'm', 384, 1, 1, 'building', null)"
    ),
    "files left over": leave_files,
    "files open to others": open_files,
    "folder open to others": open_folder,
    "files that may not be written": lambda folder: (snapshot(folder).chmod(0o400), folder.chmod(0o500)),
    "tables and indexes gone": lambda folder: (
        execute(folder, "drop table alike"),
        execute(folder, "drop table bands"),
        execute(folder, "drop table sentences"),
        execute(folder, "drop index articles_url_key"),
        execute(folder, "drop index articles_language"),
        execute(folder, "drop index articles_filtered"),
    ),
    "page of passages spoilt": lambda folder: spoil(folder, "passages_1"),
    "page of the list of what is indexed spoilt": lambda folder: spoil(folder, "indexed_1"),
    "page of an index spoilt": lambda folder: spoil(folder, "articles_title"),
}


@pytest.mark.parametrize("damage", MENDED.values(), ids=MENDED.keys())
def test_each_damage_is_found_explained_and_mended(folder: Path, run: Run, damage: Callable[[Path], object]) -> None:
    damage(folder)
    found = run("doctor")
    assert (found.code, found.err) == (2, "")
    assert all("run 'kibaru " in line for line in found.out.splitlines())
    mended = run("doctor", "--repair")
    assert (mended.code, mended.err) == (0, ""), mended.out
    assert "repaired   " in mended.out
    assert mended.out.endswith("is healthy.\n")
    assert run("status").code == 0
    assert answers(run)


def test_a_healthy_archive_is_left_as_it_is(folder: Path, run: Run) -> None:
    def state() -> dict[str, bytes]:
        passing = (".lock", "-shm", "-wal")  # SQLite makes and removes the last two as it opens and closes
        files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(passing))
        return {str(path): path.read_bytes() for path in files}

    run("status")  # SQLite moves what is in its log into the database when the last one closes it
    before = state()
    for arguments in ([], ["--repair"]):
        ended = run("doctor", *arguments)
        assert ended == Finished(0, f"The archive in {folder} is healthy.\n", "")
    assert state() == before
    assert json.loads(run("doctor", "--json").out) == {"healthy": True, "findings": [], "set_aside": []}


def test_what_a_program_reads(folder: Path, run: Run) -> None:
    snapshot(folder).unlink()
    ended = run("doctor", "--repair", "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["healthy"], told["left"]) == (0, True, [])
    assert told["findings"][0]["repair"] == "rebuild the index"
    assert "0 of them embedded" in told["done"][0]


def test_only_what_cannot_be_relied_on_is_embedded_again(folder: Path, run: Run) -> None:
    flip_in_a_vector(folder)
    assert ", 1 of them embedded" in run("doctor", "--repair").out


def test_a_lost_article_is_said_even_when_the_rest_serves_again(folder: Path, run: Run) -> None:
    execute(folder, "delete from articles where id = (select min(id) from articles)")
    mended = run("doctor", "--repair")
    assert mended.code == 2
    assert mended.out.split("Still wrong:")[1].count("kibaru restore FILE") == 1
    assert answers(run)
    assert run("doctor").code == 0


def test_a_damaged_text_is_said_even_when_it_serves_again(folder: Path, run: Run) -> None:
    execute(folder, "update articles set text = replace(text, '19 morts', '11 morts') where text like '%19 morts%'")
    mended = run("doctor", "--repair")
    assert mended.code == 2
    assert "The text of article" in mended.out
    assert "kibaru restore FILE" in mended.out
    assert "11 morts" in run("ask", QUESTION).out
    assert run("doctor").code == 0


def test_a_rebuild_does_not_take_a_damaged_text(folder: Path, run: Run) -> None:
    execute(folder, "update articles set text = replace(text, '19 morts', '11 morts') where text like '%19 morts%'")
    ended = run("rebuild")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "kibaru doctor" in ended.err


UNMENDABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "database gone": (lambda folder: (folder / "kibaru.db").unlink(), "kibaru restore FILE"),
    "database empty": (lambda folder: (folder / "kibaru.db").write_bytes(b""), "kibaru restore FILE"),
    "no database": (lambda folder: (folder / "kibaru.db").write_bytes(b"none" * 2000), "kibaru restore FILE"),
    "database cut off": (lambda folder: os.truncate(folder / "kibaru.db", 40_000), "kibaru restore FILE"),
    "page of articles spoilt": (lambda folder: spoil(folder, "articles"), "kibaru restore FILE"),
    "articles gone": (lambda folder: execute(folder, "drop table articles"), "kibaru restore FILE"),
    "layout of an unreleased build": (
        lambda folder: execute(folder, "pragma user_version = 1"),
        "move its folder away and add the articles again",
    ),
    "newer layout": (lambda folder: execute(folder, "pragma user_version = 99"), "pip install -U kibaru"),
}


@pytest.mark.parametrize(("damage", "remedy"), UNMENDABLE.values(), ids=UNMENDABLE.keys())
def test_what_cannot_be_derived_is_said_and_not_touched(
    folder: Path, run: Run, damage: Callable[[Path], object], remedy: str
) -> None:
    damage(folder)
    path = folder / "kibaru.db"
    before = path.read_bytes() if path.exists() else None
    ended = run("doctor", "--repair")
    assert (ended.code, ended.err) == (2, "")
    assert remedy in ended.out
    assert (path.read_bytes() if path.exists() else None) == before


def test_without_an_archive_it_says_how_to_begin(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBARU_INDEX", str(tmp_path / "none"))
    ended = run("doctor")
    assert (ended.code, ended.err) == (2, run("list").err)
    assert "kibaru add" in ended.err
    assert not (tmp_path / "none").exists()


def test_index_of_another_model_is_rebuilt_for_the_one_of_the_settings(folder: Path, run: Run) -> None:
    execute(folder, "update generations set model = 'another/model#hub'")
    found = run("doctor")
    assert "another/model#hub" in found.out
    assert "KIBARU_MODEL" in found.out
    assert run("doctor", "--repair").code == 0


def test_the_index_is_left_alone_while_a_rebuild_runs(folder: Path, run: Run) -> None:
    execute(folder, "insert into generations values (2, 'm', 384, 1, 1, 'building', null)")
    (folder / "generation-2").mkdir(mode=0o700)
    with FileLock(folder / "rebuild.lock", mode=0o600):
        assert run("doctor").code == 0
    assert run("doctor").code == 2


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with a small folder in place of the unpacked model: the checks read files, whatever is in them."""
    unpacked = model.unpacked_folder(tmp_path / "cache" / "models")
    unpacked.mkdir(parents=True)
    for name in ("model.safetensors", "tokenizer.json"):
        (unpacked / name).write_bytes(name.encode() * 9)
    model.seal(unpacked)
    monkeypatch.setenv("KIBARU_CACHE", str(tmp_path / "cache"))
    return unpacked


@pytest.mark.parametrize(
    "damage",
    [
        lambda model: (model / "model.safetensors").unlink(),
        lambda model: os.truncate(model / "model.safetensors", 7),
        lambda model: flip_a_bit(model / "tokenizer.json"),
        lambda model: (model / "complete.json").unlink(),
        lambda model: (model / "checksums.json").write_text("{"),
        lambda model: (model / "checksums.json").unlink(),
        lambda model: (model.parent / f".{model.name}-abc").mkdir(),
    ],
    ids=["missing", "half written", "flipped", "never completed", "checksums", "no checksums", "unpacking killed"],
)
def test_a_damaged_model_folder_is_found(folder: Path, run: Run, cache: Path, damage: Callable[[Path], object]) -> None:
    assert run("doctor").code == 0
    damage(cache)
    found = run("doctor")
    assert found.code == 2
    assert str(cache.parent) in found.out
    assert "kibaru doctor --repair" in found.out


def test_a_damaged_model_folder_is_unpacked_anew(folder: Path, run: Run, cache: Path) -> None:
    (cache / "complete.json").unlink()
    (cache.parent / f".{cache.name}-abc").mkdir()
    mended = run("doctor", "--repair")
    assert mended.code == 0
    assert "unpacked the model" in mended.out
    assert (cache / "model.safetensors").stat().st_size > 200_000_000
    assert not list(cache.parent.glob(".multi*"))


def test_a_read_only_archive_is_examined(folder: Path) -> None:
    ended = mounted(
        f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && {sys.executable} -m kibaru doctor"
    )
    assert "is healthy" in ended.stdout, ended


def test_new_archives_are_closed_to_others(folder: Path, run: Run, article: Article) -> None:
    shutil.rmtree(folder)
    with Kibaru(Settings(index=folder), create=True) as kibaru:
        list(kibaru.add([article]))
        assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.glob("kibaru.db*")))
    assert run("doctor").code == 0
    assert run("rebuild").code == 0
    assert {path.name for path in folder.rglob("*.lock")} == {"write.lock", "rebuild.lock", "snapshot.lock"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*"))


def test_what_an_earlier_kibaru_left_open_is_mended(folder: Path, run: Run) -> None:
    (folder / "write.lock").chmod(0o644)
    assert "write.lock has the mode 0644 instead of 0600" in run("doctor").out
    assert run("doctor", "--repair").code == 0
    assert (folder / "write.lock").stat().st_mode & 0o777 == 0o600


def test_modes_are_mended(folder: Path, run: Run) -> None:
    open_files(folder)
    open_folder(folder)
    assert "0755 instead of 0700" in run("doctor").out
    assert run("doctor", "--repair").code == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (folder / "kibaru.db", snapshot(folder))} == {0o600}


def test_a_short_notice_is_nothing_to_compare(archive: Kibaru, run: Run) -> None:
    list(archive.add([make_article(title="Mairie", text="La mairie est fermée lundi.")]))
    assert run("doctor").code == 0


def test_an_archive_that_was_never_filled_says_how_to_begin(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `kibaru add` leaves it when it is killed at once."""
    (tmp_path / "new").mkdir(mode=0o700)
    monkeypatch.setenv("KIBARU_INDEX", str(tmp_path / "new"))
    database = tmp_path / "new" / "kibaru.db"
    database.touch(mode=0o600)
    for _ in range(2):
        for arguments in (["doctor"], ["doctor", "--repair"]):
            ended = run(*arguments)
            assert (ended.code, ended.err.count("\n")) == (2, 1)
            assert "kibaru add" in ended.err
        connection = sqlite3.connect(database)
        connection.execute("pragma journal_mode = wal")
        connection.close()


def test_what_is_being_restored_is_not_left_over(folder: Path, run: Run) -> None:
    with making_ready(folder) as staged:
        (staged / "kibaru.db").write_bytes(b"half")
        assert run("doctor").code == 0
        assert run("doctor", "--repair").code == 0
        assert (staged / "kibaru.db").exists()


def test_an_archive_set_aside_is_mentioned_with_how_to_delete_it(folder: Path, run: Run) -> None:
    spoil(folder, "articles_title")
    assert run("doctor", "--repair").code == 0
    (aside,) = folder.glob("damaged-*")
    examined = run("doctor")
    assert examined.code == 0
    assert f"'rm -r {aside}' deletes it" in examined.out
    assert json.loads(run("doctor", "--json").out)["set_aside"][0]["folder"] == str(aside)
