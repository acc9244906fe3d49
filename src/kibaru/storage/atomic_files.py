"""Writing files so that a crash leaves either the former file or the new one, never a part."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def replace_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Replace a file by one rename, after its new content is on disk.

    Args:
        path: The file, which need not exist. Only its owner may read it afterwards.
        write: Writes the content into the file object that it is given.
    """
    building = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the system write a folder's list of files to disk, so that renames in it survive a power cut."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
