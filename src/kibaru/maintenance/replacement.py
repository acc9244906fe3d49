"""Putting a database in the place of an archive: the data is copied, what is derived is built, one commit switches."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from kibaru.embedding.embedder import Embedder
from kibaru.errors import explained
from kibaru.index.builder import rebuild
from kibaru.index.locks import REBUILD_LOCK, WRITE_LOCK, locked
from kibaru.index.snapshots import drop_earlier_snapshots
from kibaru.maintenance.staging import staging
from kibaru.storage.atomic_files import sync_folder
from kibaru.storage.schema import connect, is_of_a_generation, version
from kibaru.storage.store import DATABASE, Store
from kibaru.types import Rebuilt

STAGING = ".replacing-"
"""What the names of the folders begin with in which a database is prepared."""

_SET_ASIDE = ("replaced-*", "damaged-*")
"""The folders of archives that were set aside."""

_DERIVED = frozenset({"generations"})
"""Tables that are made again when the archive is indexed, beside those of generations."""


def copy_truth(source: Path, target: Path, *, empty: Collection[str] = ()) -> None:
    """Copy what cannot be derived, and the vectors, as of one moment; other processes may write meanwhile.

    Args:
        source: The database of an archive.
        target: The new database, an empty file or none.
        empty: Tables of which only the layout is copied.

    Raises:
        KibaruError: The source cannot be read or the target written.
    """
    with (
        explained(source.parent),
        closing(connect(source, create=False)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.execute("attach ? as copy", [str(target)])
        old.execute("begin")
        tables, indexes = _objects(old, "table"), _objects(old, "index")
        for statement in tables.values():
            new.execute(statement)
        for table in tables.keys() - _DERIVED - set(empty):
            old.execute(f'insert into copy."{table}" select * from main."{table}"')
        if old.execute("select 1 from copy.sqlite_master where name = 'sqlite_sequence'").fetchone():
            old.execute("delete from copy.sqlite_sequence")
            query = "insert into copy.sqlite_sequence select * from main.sqlite_sequence where name = ?"
            old.executemany(query, [[table] for table in tables])
        old.execute("commit")
        for statement in indexes.values():
            new.execute(statement)
        new.execute(f"pragma user_version = {version(old)}")


def _objects(connection: sqlite3.Connection, kind: str) -> dict[str, str]:
    """The statements that make the tables or indexes that belong to no generation, by name."""
    query = "select name, tbl_name, sql from main.sqlite_master where type = ? and sql is not null"
    rows = connection.execute(query, [kind]).fetchall()
    return {name: sql for name, table, sql in rows if not _is_internal(table)}


def _is_internal(table: str) -> bool:
    """Whether a table belongs to a generation or to SQLite itself."""
    return is_of_a_generation(table) or table.startswith("sqlite_")


@contextmanager
def making_ready(folder: Path) -> Iterator[Path]:
    """Make a temporary folder in that of an archive, to prepare a database in.

    Args:
        folder: The folder of the archive, which is made if it is not there, and removed if nothing comes of it.

    Raises:
        KibaruError: The folder cannot be written.
    """
    new = not folder.exists()
    try:
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with staging(folder, STAGING) as made:
                yield made
    finally:
        if new:
            with suppress(OSError):  # it is not empty any more
                folder.rmdir()


def set_aside(folder: Path) -> dict[Path, int]:
    """The folders of archives that were set aside in that of another archive, with their sizes in bytes."""
    found = sorted(path for pattern in _SET_ASIDE for path in folder.glob(pattern))
    return {path: sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) for path in found}


def replace_archive(folder: Path, staged: Path, embedder: Embedder, aside: str) -> tuple[Rebuilt, Path | None]:
    """Index a prepared database, and put it and its index in the place of an archive.

    Nothing changes until the switch. The archive that was there is set aside first, in a folder that is an archive
    itself; a running bot goes on with the new one.

    Args:
        folder: The folder of the archive.
        staged: The folder with the prepared database, see `making_ready`.
        embedder: The model to index with.
        aside: What the name of the folder begins with in which the old archive is set aside.

    Returns:
        What was built, and the folder of the old archive; None when there was none.

    Raises:
        KibaruError: The archive cannot be indexed or written.
    """
    target, ready = folder / DATABASE, staged / DATABASE
    with explained(folder), locked(folder, REBUILD_LOCK, wait=False):
        _carry_over_tables(target, ready)
        with closing(Store(ready)) as store:
            built = rebuild(store, staged, embedder, above=_last_generation(folder))
        with locked(folder, WRITE_LOCK):
            kept = _set_aside(folder, staged, aside) if target.exists() else None
            _put_in_place(folder, staged, built, kept)
    return built, kept


def _carry_over_tables(old: Path, new: Path) -> None:
    """Make, without rows, the tables that the old database has and the new one lacks: a running bot needs its own."""
    if not old.exists():
        return
    statements = dict[str, str]()
    with suppress(sqlite3.DatabaseError), closing(connect(old, create=False)) as source:  # it may be damaged
        statements = _objects(source, "table") | _objects(source, "index")
    with closing(connect(new, create=False)) as target:
        there = {name for (name,) in target.execute("select name from sqlite_master")}
        for name, statement in statements.items():
            if name not in there:
                target.execute(statement)


def _put_in_place(folder: Path, staged: Path, built: Rebuilt, kept: Path | None) -> None:
    """Move the staged index and database into the archive, and the old index into `kept`."""
    target, ready = folder / DATABASE, staged / DATABASE
    generation, is_first = f"generation-{built.generation}", kept is None
    try:
        if is_first:  # the database comes first: the index can be made of it
            _switch(ready, target)
        (staged / generation).rename(folder / generation)
        if not is_first:
            _switch(ready, target)
    except BaseException:  # the archive that was set aside is still in its place
        for made in filter(None, (kept, folder / generation)):
            shutil.rmtree(made, ignore_errors=True)
        raise
    for other in folder.glob("generation-*"):
        if kept and other.name != generation:
            other.rename(kept / other.name)
    drop_earlier_snapshots(folder, built.generation)


def _last_generation(folder: Path) -> int:
    """The highest number of a generation in use or left over, so that the next one gets another number."""
    numbers = [path.name.removeprefix("generation-") for path in folder.glob("generation-*")]
    last = max((int(number) for number in numbers if number.isdigit()), default=0)
    if (folder / DATABASE).exists():
        try:
            with closing(connect(folder / DATABASE, create=False)) as old:
                last = max(last, old.execute("select max(id) from generations").fetchone()[0] or 0)
        except sqlite3.DatabaseError:  # damaged, or of another layout: the folders have to do
            pass
    return last


def _set_aside(folder: Path, staged: Path, prefix: str) -> Path:
    """Copy the database into a folder of its own: as of one moment where it can be read, else its files as they are."""
    copies = staged / prefix
    copies.mkdir(mode=0o700)
    copy = copies / DATABASE
    copy.touch(mode=0o600)
    try:
        with closing(connect(folder / DATABASE, create=False)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
    except sqlite3.DatabaseError:
        for file in folder.glob(f"{DATABASE}*"):
            shutil.copy2(file, copies / file.name)
    sync_folder(copies)
    mark = staged.name.removeprefix(STAGING)
    kept = copies.rename(folder / f"{prefix}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{mark}")
    sync_folder(folder)
    return kept


def _switch(ready: Path, target: Path) -> None:
    """Put the database `ready` in place of `target`; connections that other processes have to it see the new one."""
    if target.exists():
        try:
            with closing(sqlite3.connect(ready)) as new, closing(connect(target, create=True)) as old:
                new.backup(old)
            return
        except sqlite3.OperationalError:  # full, read-only or locked
            raise
        except sqlite3.DatabaseError:  # so damaged that no process can have it open
            pass
    for beside in ("-wal", "-shm"):  # of another database: SQLite would write its pages into this one
        target.with_name(target.name + beside).unlink(missing_ok=True)
    ready.replace(target)
    sync_folder(target.parent)
