"""A backup is the archive in one file, taken while it is used; a restore verifies it before it touches anything."""

import gzip
import hashlib
import json
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished
from fakes.damage import QUESTION

from kibaru.archive import Kibaru
from kibaru.ingest.article import make_article
from kibaru.maintenance.staging import staging
from kibaru.settings import Settings
from kibaru.types import Article, Filters
from kibaru_bot.store import BotStore

Run = Callable[..., Finished]
TOKEN = "123456789:AAtokenThatIsInNoBackup"


@pytest.fixture
def file(folder: Path, tmp_path: Path, run: Run) -> Path:
    """A backup of the samples, with a question in the journal."""
    with_journal(folder)
    made = run("backup", str(tmp_path / "b.kibaru"))
    assert (made.code, made.err) == (0, "")
    assert "18 articles and 1 question into" in made.out
    return tmp_path / "b.kibaru"


def with_journal(folder: Path) -> None:
    store = BotStore(folder / "kibaru.db")
    reader = store.fingerprints("reader", 4242)
    with sqlite3.connect(folder / "kibaru.db") as connection:
        connection.execute(
            """insert into questions (asked, question, understood, answered, confidence, reader, message)
            values ('2026-11-24', 'Où est le bac ?', 'Où est le bac ?', 0, 0.1, ?, 'm')""",
            [reader[0]],
        )
    connection.close()
    store.set_language(reader, "fr")
    store.receive(1, json.dumps({"from": {"id": 4242, "first_name": "Zoumana"}}))
    store.questions.log_change("admin", "added", "a1", "Titre")
    store.close()


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".lock"}


def parts(file: Path) -> tuple[dict[str, object], bytes]:
    line, _, packed = file.read_bytes().partition(b"\n")
    return json.loads(line), gzip.decompress(packed)


def forge(file: Path, change: Callable[[sqlite3.Connection], object] = lambda _: None, **fields: object) -> None:
    """A backup whose database was changed, with a manifest that goes with it."""
    manifest, data = parts(file)
    database = file.with_suffix(".db")
    database.write_bytes(data)
    connection = sqlite3.connect(database)
    change(connection)
    connection.commit()
    connection.close()
    data = database.read_bytes()
    database.unlink()
    manifest |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} | fields
    file.write_bytes(json.dumps(manifest).encode() + b"\n" + gzip.compress(data))


def test_a_lost_archive_comes_back_whole(
    folder: Path, file: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run("export").out
    monkeypatch.setenv("KIBARU_INDEX", str(tmp_path / "new" / "index"))
    restored = run("restore", str(file))
    assert (restored.code, restored.err) == (0, "")
    assert "18 articles" in restored.out
    assert ", 0 of them embedded" in restored.out
    assert run("doctor").out.endswith("is healthy.\n")
    assert run("export").out == before
    assert "19 morts" in run("ask", QUESTION).out
    with sqlite3.connect(tmp_path / "new" / "index" / "kibaru.db") as connection:
        assert connection.execute("select question from questions").fetchall() == [("Où est le bac ?",)]
        assert connection.execute("select title from audit").fetchall() == [("Titre",)]
    connection.close()


def test_nothing_in_it_tells_who_asked_or_opens_the_bot(
    folder: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    with_journal(folder)
    assert run("backup", str(tmp_path / "b.kibaru")).code == 0
    manifest, data = parts(tmp_path / "b.kibaru")
    with sqlite3.connect(folder / "kibaru.db") as connection:
        (key,) = connection.execute("select key from reader_keys").fetchone()
    connection.close()
    for secret in (TOKEN.encode(), b"4242", b"Zoumana\\u0022", key):
        assert secret not in data
        assert secret not in json.dumps(manifest).encode()
    assert stat.S_IMODE((tmp_path / "b.kibaru").stat().st_mode) == 0o600


def test_it_is_of_one_moment_while_articles_are_added(folder: Path, run: Run, tmp_path: Path, article: Article) -> None:
    """Each backup has as many articles as are linked to bands, whatever a writer does meanwhile."""
    stop = threading.Event()

    def write() -> None:
        with Kibaru(Settings(index=folder)) as kibaru:
            for number in range(1_000):
                if stop.is_set():
                    break
                text = f"{article.text} Le puits numéro {number} est ouvert."
                list(kibaru.add([make_article(title=f"Puits {number}", text=text)]))
                kibaru.remove([next(kibaru.store.articles(Filters())).id])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            assert run("backup", str(tmp_path / f"{number}")).code == 0
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        manifest, data = parts(tmp_path / f"{number}")
        (tmp_path / "x.db").write_bytes(data)
        with sqlite3.connect(tmp_path / "x.db") as connection:
            query = "select count(*), count(distinct article_id) from articles left join bands on article_id = id"
            _, linked = connection.execute(query).fetchone()
            assert (
                connection.execute("select count(*) from articles").fetchone() == (manifest["articles"],) == (linked,)
            )
        connection.close()


def test_an_archive_that_is_there_is_refused_then_set_aside(
    folder: Path, file: Path, run: Run, monkeypatch: pytest.MonkeyPatch, article: Article
) -> None:
    with Kibaru(Settings(index=folder)) as kibaru:
        list(kibaru.add([article]))
        before = everything(folder)
        refused = run("restore", str(file))
        assert (refused.code, refused.err.count("\n")) == (2, 1)
        assert "--force" in refused.err
        assert everything(folder) == before
        assert kibaru.ask("Qui est le capitaine du bac de Farabougou ?").quotes
        restored = run("restore", str(file), "--force")
        assert restored.code == 0
        assert kibaru.store.count_articles() == 18  # a running process goes on with what was restored
        assert "19 morts" in kibaru.ask(QUESTION).quotes[0].text
    assert run("doctor").code == 0
    assert run("list").out.count("\n") == 18
    (aside,) = folder.glob("replaced-*")
    monkeypatch.setenv("KIBARU_INDEX", str(aside))
    assert run("status").code == 0
    assert run("list").out.count("\n") == 19


@pytest.mark.parametrize("content", [b"", b"no database" * 900])
def test_a_destroyed_database_is_replaced_and_set_aside(folder: Path, file: Path, run: Run, content: bytes) -> None:
    (folder / "kibaru.db").write_bytes(content)
    assert run("restore", str(file), "--force").code == 0
    assert run("doctor").code == 0
    assert "19 morts" in run("ask", QUESTION).out
    (aside,) = folder.glob("replaced-*")
    assert content in (aside / "kibaru.db").read_bytes()


def flip(file: Path, at: float) -> None:
    data = bytearray(file.read_bytes())
    data[int(len(data) * at)] ^= 1
    file.write_bytes(data)


def bomb(file: Path) -> None:
    """Half a gigabyte of zeros in half a megabyte."""
    manifest, _ = parts(file)
    packed = gzip.compress(bytes(1 << 20)) * 1
    manifest |= {"size": 1 << 30}
    file.write_bytes(json.dumps(manifest).encode() + b"\n" + packed)


def longer_than_said(file: Path) -> None:
    manifest, data = parts(file)
    line = json.dumps(manifest | {"size": len(data)}).encode()
    file.write_bytes(line + b"\n" + gzip.compress(data + bytes(200 << 20)))


BROKEN: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "not a backup": lambda file: file.write_bytes(b"PK\x03\x04" + os.urandom(5000)),
    "one endless line": lambda file: file.write_bytes(b"[" * 100_000),
    "cut off early": lambda file: os.truncate(file, 100),
    "cut off late": lambda file: os.truncate(file, file.stat().st_size - 1),
    "flipped near the beginning": lambda file: flip(file, 0.1),
    "flipped in the middle": lambda file: flip(file, 0.5),
    "flipped near the end": lambda file: flip(file, 0.99999),
    "something behind it": lambda file: file.write_bytes(file.read_bytes() + b"more"),
    "two in one": lambda file: file.write_bytes(file.read_bytes() + gzip.compress(b"x")),
    "a bomb": bomb,
    "longer than it says": longer_than_said,
    "size no number": lambda file: forge(file, size="many"),
    "size negative": lambda file: forge(file, size=-1),
    "size beyond any disk": lambda file: forge(file, size=1 << 60),
    "unknown fields": lambda file: forge(file, path="../../etc/passwd"),
    "another kind": lambda file: forge(file, kind="../../etc/passwd"),
    "newer format": lambda file: forge(file, format=99),
    "newer layout": lambda file: forge(file, schema=99),
    "layout of an unreleased build": lambda file: forge(file, lambda c: c.execute("pragma user_version = 1"), schema=1),
    "other counts": lambda file: forge(file, articles=19),
    "with a trigger": lambda file: forge(
        file, lambda c: c.execute("create trigger t after insert on generations begin delete from articles; end")
    ),
    "with a view": lambda file: forge(file, lambda c: c.execute("create view v as select 1")),
    "with a virtual table": lambda file: forge(file, lambda c: c.execute("create virtual table v using fts5 (a)")),
    "with tables of a generation": lambda file: forge(file, lambda c: c.execute("create table passages_1 (id)")),
    "without a table": lambda file: forge(file, lambda c: c.execute("drop table alike")),
    "with another table of that name": lambda file: forge(
        file, lambda c: (c.execute("drop table alike"), c.execute("create table alike (article_id)"))
    ),
    "no database": lambda file: file.write_bytes(
        json.dumps(
            parts(file)[0] | {"size": 9000, "sha256": hashlib.sha256(b"x" * 9000).hexdigest()}
        ).encode() + b"\n" + gzip.compress(b"x" * 9000)
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_is_no_whole_backup_changes_nothing(
    folder: Path,
    file: Path,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], object],
) -> None:
    damage(file)
    before = everything(folder)
    ended = run("restore", str(file), "--force")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert everything(folder) == before
    assert not list(folder.glob(".replacing-*"))
    monkeypatch.setenv("KIBARU_INDEX", str(tmp_path / "new"))
    assert run("restore", str(file)).code == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_file_that_cannot_be_used_is_named(folder: Path, run: Run, tmp_path: Path, command: str) -> None:
    ended = run(command, str(tmp_path / "none" / "b"), *(["--force"] if command == "restore" else []))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "none/b" in ended.err


def test_a_damaged_database_is_not_backed_up_over_a_good_backup(folder: Path, file: Path, run: Run) -> None:
    good = file.read_bytes()
    size = (folder / "kibaru.db").stat().st_size
    with (folder / "kibaru.db").open("r+b") as database:
        database.seek(20_000)
        database.write(b"\xa5" * (size // 2))
    ended = run("backup", str(file))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert file.read_bytes() == good
    assert sorted(path.name for path in file.parent.iterdir() if path.is_file()) == [file.name]


def test_what_a_killed_backup_left_is_cleared_away_by_the_next(folder: Path, file: Path, run: Run) -> None:
    left = file.with_name(f".{file.name}-killed")
    left.mkdir()
    (left / "kibaru.db").write_bytes(b"half")
    with staging(file.parent, f".{file.name}-") as of_another:
        assert run("backup", str(file)).code == 0
        assert of_another.exists()
    assert not left.exists()
    assert not of_another.exists()


def test_a_log_of_a_database_that_is_gone_is_not_written_into_the_restored_one(
    folder: Path, file: Path, run: Run
) -> None:
    """`kibaru.db-wal` holds pages; SQLite writes them into whatever database it finds beside it."""
    before = run("export").out
    with sqlite3.connect(folder / "kibaru.db") as writer:
        for _ in range(20):
            writer.execute("update articles set title = title || 'x'")
        writer.commit()
        kept = (folder / "kibaru.db-wal").read_bytes()
    writer.close()
    (folder / "kibaru.db").unlink()
    (folder / "kibaru.db-wal").write_bytes(kept)
    assert run("restore", str(file)).code == 0
    assert run("export").out == before
    assert run("doctor").code == 0
