"""An index that is missing, older, foreign or damaged says so in one line, with the command that mends it."""

import errno
import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Finished
from fakes.damage import DAMAGES, QUESTION, execute, mounted

from kibaru.archive import Kibaru
from kibaru.types import Article, Outcome

Run = Callable[..., Finished]


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
