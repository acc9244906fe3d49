"""Ways to damage an archive on disk, for tests of what finds and repairs the damage."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

QUESTION = "Quel est le bilan des inondations de Kankan ?"
"""Answered by the sample archive with "19 morts"."""


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


def page_of(folder: Path, name: str) -> tuple[int, int]:
    """Where the first page of a table or index is in the file, and how long a page is."""
    with sqlite3.connect(folder / "kibaru.db") as connection:
        (root,) = connection.execute("select rootpage from sqlite_master where name = ?", [name]).fetchone()
        (size,) = connection.execute("pragma page_size").fetchone()
        connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    return (root - 1) * size, size


def spoil(folder: Path, name: str) -> None:
    """Overwrite the first page of a table or index."""
    start, size = page_of(folder, name)
    with (folder / "kibaru.db").open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * size)


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
