"""Folders in which something is made ready before it takes its place; a lock tells those whose maker was killed."""

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
    """A folder in `folder`, for one's own eyes and gone at the end; those of makers that were killed go too.

    Raises OSError.
    """
    with _held(folder):
        for path in _abandoned(folder, prefix):
            shutil.rmtree(path, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        held = os.open(made, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)  # let go of by the system when the process dies
    try:
        yield made
    finally:
        os.close(held)
        shutil.rmtree(made, ignore_errors=True)


def abandoned(folder: Path, prefix: str) -> list[Path]:
    """Folders of `staging` whose makers were killed. Raises OSError."""
    with _held(folder):
        return _abandoned(folder, prefix)


def _abandoned(folder: Path, prefix: str) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.startswith(prefix) and not _is_held(path))


def _is_held(path: Path) -> bool:
    opened = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(opened)
    return False


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Nobody else makes a folder here meanwhile, so that none is seen before it is locked."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
