"""An index that is missing, older, foreign or damaged says so in one line, with the command that mends it."""

import json
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished

from kibaru.articles import Article
from kibaru.newsroom import Kibaru
from kibaru.settings import Settings

QUESTION = "Combien a coûté la réparation du pont de Diallassagou ?"
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


def test_full_disk_loses_nothing(folder: Path, tmp_path: Path) -> None:
    """A process that may write no file over some size meets what a full disk is: a write that fails half-way."""
    (tmp_path / "long.txt").write_text("Long\n" + "Le fleuve a monté de douze centimètres à Mopti. " * 8000)
    limit = (folder / "kibaru.db").stat().st_size
    for command in (["add", str(tmp_path / "long.txt")], ["rebuild", "--from-scratch"]):
        ended = subprocess.run(
            [sys.executable, "-m", "kibaru", *command],
            capture_output=True, text=True, timeout=120, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )  # fmt: skip
        assert ended.returncode == 2, ended.stderr
        assert ended.stderr.count("\n") == 1, ended.stderr
        assert "free space" in ended.stderr
        with Kibaru(Settings(index=folder)) as kibaru:
            assert kibaru.status().problem is None
            assert kibaru.ask(QUESTION).quotes


def test_read_only_archive_answers_and_refuses_additions(folder: Path, article: Article, tmp_path: Path) -> None:
    """In a namespace of its own, where the folder is mounted read-only: root may write anything else."""
    (tmp_path / "a.txt").write_text(f"{article.title}\n{article.text}")
    script = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} || exit 77; "
    script += f'{sys.executable} -m kibaru ask "{QUESTION}" && {sys.executable} -m kibaru add {tmp_path}/a.txt'
    try:
        ended = subprocess.run(
            ["unshare", "--mount", "--map-root-user", "sh", "-c", script],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if ended.returncode in (1, 77) and ("unshare" in ended.stderr or "mount" in ended.stderr):
        pytest.skip(f"no mount namespaces here: {ended.stderr.strip()}")
    assert "millions" in ended.stdout
    assert ended.returncode == 2, ended.stderr
    assert "permissions" in ended.stderr
    assert "Traceback" not in ended.stderr
