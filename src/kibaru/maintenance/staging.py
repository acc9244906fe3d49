"""Temporary folders in which something is prepared before it takes its place.

A process holds a lock on its folder, so folders of processes that were killed can be told from those in use.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staging(folder: Path, prefix: str) -> Iterator[Path]:
    """Make a temporary folder that only its owner can read, and delete it at the end.

    Temporary folders that killed processes left are deleted too.

    Args:
        folder: Where the temporary folder is made.
        prefix: What its name begins with.

    Raises:
        OSError: It cannot be made.
    """
    with _locked(folder):
        for path in _abandoned(folder, prefix):
            shutil.rmtree(path, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        held = os.open(made, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)  # the system releases it when the process dies
    try:
        yield made
    finally:
        os.close(held)
        shutil.rmtree(made, ignore_errors=True)


def abandoned(folder: Path, prefix: str) -> list[Path]:
    """The temporary folders that killed processes left. Raises OSError."""
    with _locked(folder):
        return _abandoned(folder, prefix)


def _abandoned(folder: Path, prefix: str) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.startswith(prefix) and not _is_locked(path))


def _is_locked(path: Path) -> bool:
    opened = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(opened)
    return False


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from making a temporary folder here, so that none is seen before it is locked."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
