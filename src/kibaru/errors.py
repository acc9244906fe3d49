"""The errors of Kibaru, with messages that an editor understands.

Every message is one line: what happened, to which input, and what to do. The command line prints it and exits
with `exit_code`; nothing else in Kibaru ends a process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


class KibaruError(Exception):
    """An error that Kibaru explains to the user; the command line exits with its `exit_code`."""

    exit_code = 2


class BadInput(KibaruError):
    """A file, a field, a question or a setting that cannot be used as it is."""


class NotFound(KibaruError):
    """There is nothing with the given id or path."""

    exit_code = 1


class IndexUnusable(KibaruError):
    """The index is missing, damaged, or of another format or model; the message names the command that repairs it."""


class ModelUnavailable(KibaruError):
    """The embedding model cannot be found, unpacked or loaded."""


class StorageError(KibaruError):
    """The disk is read-only or full, or another process holds a lock for too long."""


class OutputClosed(KibaruError):
    """The program that reads what is printed has ended, as `head` does."""

    exit_code = 141  # as shells report a process that was ended by SIGPIPE


def first_line(error: Exception, longest: int) -> str:
    """The first line of a library's message, cut to `longest` characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:longest]


def is_no_folder(path: Path) -> bool:
    """Whether a path exists but is no folder: it is a file, or a link to nothing."""
    return os.path.lexists(path) and not path.is_dir()


def no_archive(folder: Path) -> IndexUnusable:
    """The error for a folder in which there is no archive."""
    if is_no_folder(folder):
        return IndexUnusable(f"{folder} is no folder: set KIBARU_INDEX to the folder of an archive.")
    return IndexUnusable(f"There is no archive in {folder} yet: add articles with 'kibaru add PATH'.")


def earlier_layout(database: Path) -> IndexUnusable:
    """The error for a database of a layout before the first release, which no Kibaru reads any more."""
    return IndexUnusable(
        f"{database} was written by an unreleased Kibaru: move its folder away and add the articles again."
    )


def explanation(error: sqlite3.Error | OSError, folder: Path) -> KibaruError:
    """The error of Kibaru for one of SQLite or of the disk, about the archive in `folder`."""
    import sqlite3  # here, because all of Kibaru imports this module, and much of it needs no database

    if is_no_folder(folder):
        return no_archive(folder)
    reason = str(error.strerror or error) if isinstance(error, OSError) else str(error)
    damaged = ("malformed", "not a database", "no such table", "no such column")
    if isinstance(error, sqlite3.DatabaseError) and any(sign in reason for sign in damaged):
        return IndexUnusable(
            f"The database in {folder} is damaged ({reason}): put back a backup of it, or move the folder away and add "
            "the articles again."
        )
    return StorageError(
        f"The archive in {folder} cannot be used ({reason}): check free space and permissions, and that no other "
        "process holds it."
    )


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the disk inside into a KibaruError about the archive in `folder`."""
    import sqlite3

    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise explanation(error, folder) from error
