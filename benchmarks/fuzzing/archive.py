"""Targets: files of Kibaru's own that somebody may have changed: backups, manifests, settings, evaluation sets."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from fuzzing.invariants import refusing
from fuzzing.target import Target
from kibaru.evaluation.results import read_run
from kibaru.evaluation.sets import read_set
from kibaru.index.snapshots import FORMAT, read_manifest
from kibaru.maintenance import restore
from kibaru.maintenance.backup import back_up
from kibaru.settings import load_settings
from kibaru.storage.schema import SCHEMA
from kibaru.storage.store import DATABASE, Store
from kibaru.types import GenerationRow

_SNAPSHOT = "vectors-1-0.faiss"


@cache
def _folder() -> Path:
    return Path(mkdtemp(prefix="kibaru-fuzz-"))


@contextmanager
def _written(name: str, data: bytes) -> Iterator[Path]:
    with TemporaryDirectory(prefix="kibaru-fuzz-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path


def backup(data: bytes) -> None:
    """A backup, up to the point where its database would be used."""
    with _written("backup", data) as file, refusing(), restore.opened(file) as stream:
        target = file.with_name(DATABASE)
        manifest = restore.read_manifest(file, stream, file.parent)
        restore.unpack(file, stream, manifest, target)
        restore.verify(file, manifest, target)
        with sqlite3.connect(target) as connection:
            kinds = {kind for (kind,) in connection.execute("select type from sqlite_master")}
        connection.close()
        assert kinds <= {"table", "index"}


def database(data: bytes) -> None:
    """A backup whose checksum is right and whose database is anything."""
    made = {
        "kind": "kibaru-backup",
        "format": 1,
        "kibaru": "1",
        "schema": SCHEMA,
        "made": "2026-01-01T00:00:00+00:00",
        "model": "",
    }
    counts = {
        "articles": 1,
        "vectors": 0,
        "questions": 0,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    backup(json.dumps(made | counts).encode() + b"\n" + gzip.compress(data, 1))


def manifest(data: bytes) -> None:
    """The manifest of an index."""
    with _written("manifest.json", data) as file, refusing():
        found = read_manifest(file.parent, GenerationRow(1, "m", 4, 1, 1))
        assert (file.parent / found.file).resolve().parent == file.parent.resolve(), "a file elsewhere is read"


def settings(data: bytes) -> None:
    """A `.env` file."""
    with _written(".env", data) as file:
        before = Path.cwd()
        os.chdir(file.parent)
        try:
            with refusing():
                load_settings()
        finally:
            os.chdir(before)


def questions(data: bytes) -> None:
    """A file of questions to measure on."""
    with _written("questions.jsonl", data) as file, refusing():
        for question in read_set(file.parent).questions:
            assert question.id
            assert question.question


def run(data: bytes) -> None:
    """A run that `kibaru eval --save` kept."""
    with _written("run.jsonl", data) as file, refusing():
        read_run(file)


def _backups() -> list[bytes]:
    from kibaru.ingest.article import make_article

    with Store(_folder() / DATABASE, create=True) as store, store.writing():
        store.put_article(make_article(title="Le pont", text="Le pont est ouvert."))
    back_up(_folder(), _folder() / "backup")
    return [(_folder() / "backup").read_bytes()]


def _databases() -> list[bytes]:
    """An honest one, and small ones with what acts by itself."""
    honest = [gzip.decompress(each.split(b"\n", 1)[1]) for each in _backups()]
    table = "create table articles (id text); create table vectors (key); create table questions (id);"
    acts = (
        "create trigger t after insert on articles begin delete from articles; end;",
        "create view v as select load_extension('x');",
        "create virtual table f using fts5(x);",
        "create index i on articles (upper(id));",
    )
    return [*honest, *(_small_database(table + act) for act in acts)]


def _small_database(script: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(f"pragma page_size = 512; vacuum; {script}")
        return connection.serialize()


def _manifests() -> list[bytes]:
    numbers = dict.fromkeys(("generation", "articles", "passages", "last_passage", "last_removed", "head", "size"), 1)
    made = numbers | {
        "format": FORMAT,
        "rest": "0" * 32,
        "model": "m",
        "dimension": 4,
        "file": _SNAPSHOT,
        "checksum": "0" * 32,
        "built": "2026-01-01",
    }
    return [json.dumps(made).encode()]


def _environments() -> list[bytes]:
    example = Path(__file__).parents[2] / ".env.example"
    return [example.read_bytes(), b"KIBARU_ADMINS=1, 2;3\nKIBARU_MIN_CONFIDENCE=0.5\nTELEGRAM_BOT_TOKEN='1:a'\n"]


def _questions() -> list[bytes]:
    rows = (
        (Path(__file__).parents[2] / "tests" / "data" / "sample_questions.jsonl").read_bytes().splitlines(keepends=True)
    )
    return [
        b"".join(rows[:3]),
        b'{"id": "1", "kind": "headline", "question": "Q", "article_id": "a", "to_check": true}\n',
    ]


def _runs() -> list[bytes]:
    words = dict.fromkeys(("id", "question", "expected", "answer", "language", "variant", "clean_id"), "a")
    numbers = {
        "group": "question",
        "rank": 1,
        "confidence": 0.5,
        "in_passage": True,
        "in_first": True,
        "in_three": False,
    }
    result = words | numbers | {"quotes": [{"article": "a", "title": "T", "text": "x"}]}
    rows = [{"run": {"version": "1"}, "threshold": 0.3, "sure": 0.5}, result]
    return ["".join(json.dumps(row) + "\n" for row in rows).encode()]


_JSON = ('{"', '":', "[" * 50, "null", "1e999", "-1", "\\u001b", "\\ud800", "true", '"../../etc/passwd"', "9" * 30)

TARGETS = {
    "backup": Target(backup, _backups, ('"size":', '"kind": "kibaru-backup"', "\x1f\x8b", *_JSON), 6_000),
    "backup-database": Target(database, _databases, ("create trigger", "create view", "SQLite format 3\0"), 200_000),
    "manifest": Target(manifest, _manifests, ('"file":', '"format":', '"checksum":', *_JSON), 1_000),
    "settings": Target(
        settings,
        _environments,
        ("KIBARU_", "TELEGRAM_BOT_TOKEN=", "ADMINS", "=", "'", '"', "${", "\n", "export "),
        3_000,
    ),
    "questions": Target(questions, _questions, ('"id":', '"kind":', '"answer":', '"variant":', *_JSON), 2_000),
    "run": Target(run, _runs, _JSON, 2_000),
}
