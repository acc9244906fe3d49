"""A whole database put in an archive's place: what is true is copied, what is derived is built, one commit switches."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from kibaru.embedding.embedder import Embedder
from kibaru.errors import explained
from kibaru.index.builder import locked, rebuild
from kibaru.index.snapshots import drop_other_snapshots, sync_folder
from kibaru.maintenance.staging import staging
from kibaru.storage.question_log import TABLES
from kibaru.storage.schema import connect, is_of_a_generation, version
from kibaru.storage.store import DATABASE, Store
from kibaru.types import Rebuilt

STAGING = ".replacing-"
"""What the folders begin with in which a database is made ready."""

_SET_ASIDE = ("replaced-*", "damaged-*")

_DERIVED = frozenset({"generations"})


def copy_truth(source: Path, target: Path, *, empty: Collection[str] = ()) -> None:
    """Copy what cannot be derived, and the vectors, as of one moment into a new database; others may write meanwhile.

    Of the tables in `empty` only the layout is copied. Raises KibaruError.
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
    return {name: sql for name, table, sql in rows if not (is_of_a_generation(table) or name.startswith("sqlite_"))}


@contextmanager
def making_ready(folder: Path) -> Iterator[Path]:
    """A folder in that of the archive, which is made if it is not there, to make a database ready in.

    Raises KibaruError.
    """
    new = not folder.exists()
    try:
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with staging(folder, STAGING) as made:
                yield made
    finally:
        if new:  # and nothing came of it
            with suppress(OSError):
                folder.rmdir()


def set_aside(folder: Path) -> dict[Path, int]:
    """The archives that were set aside in that of `folder`, with their sizes in bytes."""
    found = sorted(path for pattern in _SET_ASIDE for path in folder.glob(pattern))
    return {path: sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) for path in found}


def replace_archive(folder: Path, staged: Path, embedder: Embedder, aside: str) -> tuple[Rebuilt, Path | None]:
    """Index the database in the folder `staged`, and put both in the place of the archive in `folder`.

    The archive there was is set aside first, in a folder beginning with `aside`, which is an archive itself; a running
    bot goes on with the new one. Until the switch nothing changes. Returns what was built, and where the old one is.
    Raises KibaruError.
    """
    target, ready = folder / DATABASE, staged / DATABASE
    with explained(folder), locked(folder, "rebuild.lock", wait=False):
        with closing(Store(ready)) as store:
            store.connection.executescript(TABLES)  # which a running bot counts on
            built = rebuild(store, staged, embedder, above=_last_generation(folder))
        with locked(folder, "write.lock"):
            is_first = not target.exists()
            kept = None if is_first else _set_aside(folder, staged, aside)
            generation = f"generation-{built.generation}"
            try:
                if is_first:  # the truth comes before what can be made of it
                    _switch(ready, target)
                (staged / generation).rename(folder / generation)
                if not is_first:
                    _switch(ready, target)
            except BaseException:  # what is set aside is in its place still
                for made in filter(None, (kept, folder / generation)):
                    shutil.rmtree(made, ignore_errors=True)
                raise
            for other in folder.glob("generation-*"):
                if kept and other.name != generation:
                    other.rename(kept / other.name)
            drop_other_snapshots(folder, built.generation)
    return built, kept


def _last_generation(folder: Path) -> int:
    """The highest number of a generation in use or left over: whoever serves it must see that the next is another."""
    numbers = [path.name.removeprefix("generation-") for path in folder.glob("generation-*")]
    last = max((int(number) for number in numbers if number.isdigit()), default=0)
    if (folder / DATABASE).exists():
        try:
            with closing(connect(folder / DATABASE, create=False)) as old:
                last = max(last, old.execute("select max(id) from generations").fetchone()[0] or 0)
        except sqlite3.DatabaseError:  # damaged, or of another layout: the folders tell
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
    """Put the database `ready` in place of `target`, under the connections that others have to it."""
    if target.exists():
        try:
            with closing(sqlite3.connect(ready)) as new, closing(connect(target, create=True)) as old:
                new.backup(old)
            return
        except sqlite3.OperationalError:  # full, read-only or locked
            raise
        except sqlite3.DatabaseError:  # so damaged that nobody can have it open
            pass
    for beside in ("-wal", "-shm"):  # of another database: SQLite would write its pages into this one
        target.with_name(target.name + beside).unlink(missing_ok=True)
    ready.replace(target)
    sync_folder(target.parent)
