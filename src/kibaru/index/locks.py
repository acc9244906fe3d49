"""Locks between processes that work on one archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kibaru.errors import BadInput, StorageError

WRITE_LOCK = "write.lock"
"""Held while articles are added or removed, and while a new generation takes over."""

REBUILD_LOCK = "rebuild.lock"
"""Held while a new generation is built, or the archive is replaced."""


@contextmanager
def locked(folder: Path, name: str, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock, which one process at a time can; the system releases it when the process dies.

    Args:
        folder: The folder of the archive.
        name: The file name of the lock in it.
        wait: Whether to wait for another process that holds it.

    Raises:
        BadInput: Another process holds the lock, and `wait` is false.
        StorageError: The folder cannot be written.
    """
    try:
        with FileLock(folder / name, timeout=-1 if wait else 0, mode=0o600):
            yield
    except Timeout:
        raise BadInput(f"Another process is rebuilding {folder}: wait for it to end.") from None
    except OSError as error:
        raise StorageError(
            f"The archive in {folder} cannot be written ({error.strerror or error}): check free space and permissions."
        ) from error
