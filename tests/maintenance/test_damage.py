"""An index that is missing, older, foreign or damaged says so in one line, with the command that mends it."""

import errno
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Finished

from kibaru.archive import Kibaru
from kibaru.types import Article, Outcome

QUESTION = "Quel est le bilan des inondations de Kankan ?"
Run = Callable[..., Finished]


def manifest(folder: Path) -> Path:
    return next(folder.glob("generation-*/manifest.json"))


def snapshot(folder: Path) -> Path:
    return next(folder.glob("generation-*/vectors-*"))


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def change(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def execute(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "kibaru.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "snapshot missing": lambda folder: snapshot(folder).unlink(),
    "snapshot truncated": lambda folder: snapshot(folder).write_bytes(snapshot(folder).read_bytes()[:1000]),
    "snapshot with a flipped bit": lambda folder: flip_a_bit(snapshot(folder)),
    "manifest missing": lambda folder: manifest(folder).unlink(),
    "manifest no JSON": lambda folder: manifest(folder).write_text("{"),
    "manifest of a newer format": lambda folder: change(manifest(folder), format=99),
    "manifest of another generation": lambda folder: change(manifest(folder), generation=99),
    "manifest with unknown fields": lambda folder: change(manifest(folder), surprise=1),
    "whole generation gone": lambda folder: shutil.rmtree(manifest(folder).parent),
    "older chunking": lambda folder: execute(folder, "update generations set chunking = 0"),
    "other model": lambda folder: execute(folder, "update generations set model = 'another/model#hub'"),
    "no generation": lambda folder: execute(folder, "update generations set state = 'building'"),
    "passages lost": lambda folder: execute(folder, "delete from passages_1 where id = 3"),
    "vectors lost": lambda folder: execute(folder, "update passages_1 set id = 999, key = x'00' where id = 3"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_index_names_what_mends_it(folder: Path, run: Run, damage: Callable[[Path], object]) -> None:
    damage(folder)
    asked = run("ask", QUESTION)
    assert asked.code == 2
    assert asked.err.count("\n") == 1
    assert "kibaru rebuild" in asked.err
    assert run("status").code == 2
    assert run("list").code == 0
    assert run("rebuild").code == 0
    assert run("status").code == 0
    assert run("ask", QUESTION).code == 0


@pytest.mark.parametrize(
    "command", [f"ask {QUESTION.split(maxsplit=1)[0]}", "chat", "list", "status", "rebuild", "export"]
)
def test_missing_archive_says_how_to_begin(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("KIBARU_INDEX", str(tmp_path / "none"))
    ended = run(*command.split())
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "kibaru add" in ended.err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000])
def test_database_that_is_none_is_explained(folder: Path, run: Run, content: bytes) -> None:
    (folder / "kibaru.db").write_bytes(content)
    for command in (["ask", QUESTION], ["list"], ["status"]):
        ended = run(*command)
        assert (ended.code, ended.err.count("\n")) == (2, 1)


def test_damaged_database_is_explained(folder: Path, run: Run) -> None:
    path = folder / "kibaru.db"
    data = bytearray(path.read_bytes())
    data[100:] = b"\xff" * (len(data) - 100)
    path.write_bytes(data)
    ended = run("ask", QUESTION)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "damaged" in ended.err


def test_database_of_a_newer_kibaru_is_left_alone(folder: Path, run: Run) -> None:
    execute(folder, "pragma user_version = 99")
    ended = run("ask", QUESTION)
    assert ended.code == 2
    assert "newer Kibaru" in ended.err


def test_index_of_another_model_names_both(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBARU_MODEL", "someone/else")
    ended = run("ask", QUESTION)
    assert ended.code == 2
    assert "multilingual-e5-small" in ended.err
    assert "someone/else" in ended.err


def mounted(script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount, in a namespace of its own; skips the test where that is not allowed."""
    if not shutil.which("unshare"):
        pytest.skip("no unshare here")
    probe = ["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", "/mnt"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no mount namespaces here")
    return subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_full_disk_loses_nothing(folder: Path, tmp_path: Path) -> None:
    """On a disk of which the archive leaves little: add and rebuild fail, the archive is whole and answers."""
    (tmp_path / "long.txt").write_text("Long\n" + "".join(f"Le puits numéro {n} est ouvert. " for n in range(8_000)))
    disk, kibaru = tmp_path / "disk", f"KIBARU_INDEX={tmp_path}/disk/index {sys.executable} -m kibaru"
    ended = mounted(
        f"mkdir {disk} && mount -t tmpfs -o size=1m none {disk} && cp -r {folder} {disk}/index && "
        f"{kibaru} add {tmp_path}/long.txt; echo add $?; {kibaru} status; echo status $?;"
        f"dd if=/dev/zero of={disk}/filler 2>/dev/null; {kibaru} rebuild --from-scratch; echo rebuild $?;"
        f"{kibaru} status; echo status $?; {kibaru} ask '{QUESTION}'"
    )
    assert re.findall(r"^(add|rebuild|status) (\d)$", ended.stdout, re.MULTILINE) == [
        ("add", "2"), ("status", "0"), ("rebuild", "2"), ("status", "0"),
    ], ended  # fmt: skip
    assert "19 morts" in ended.stdout
    assert ended.stderr.count("free space") == ended.stderr.count("\n") == 2


def test_read_only_archive_answers_and_refuses_additions(folder: Path, article: Article, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{article.title}\n{article.text}")
    ended = mounted(
        f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && "
        f'{sys.executable} -m kibaru ask "{QUESTION}" && {sys.executable} -m kibaru add {tmp_path}/a.txt'
    )
    assert "19 morts" in ended.stdout, ended
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "permissions" in ended.stderr


def test_articles_are_added_though_the_snapshot_cannot_be_renewed(
    archive: Kibaru, article: Article, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("kibaru.index.renewal.write_snapshot", full)
    long = replace(article, text="\n\n".join(f"Le puits numéro {n} du village est ouvert. " * 12 for n in range(40)))
    (outcome,) = archive.add([long])
    assert isinstance(outcome, Outcome)
    assert "was not renewed" in caplog.text
    assert archive.store.article(outcome.article.id)
