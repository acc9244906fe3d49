"""Checks of the database file: its layout, its soundness, and whether the articles are as they were stored."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from kibaru.errors import earlier_layout, explanation
from kibaru.maintenance.checks import RUN_REPAIR, RUN_RESTORE, Finding, Repair
from kibaru.storage.schema import SCHEMA, connect, expected, is_of_a_generation, version
from kibaru.storage.store import Store

_MESSAGES = 100
"""Messages that SQLite's check gives at most."""

_INDEX_ONLY = re.compile(r"(row \d+ missing from|wrong # of entries in|non-unique entry in) index ", re.IGNORECASE)
"""Messages about an index of a table alone; SQLite makes these again from the rows."""

_IN_TREE = re.compile(r"(?:on )?tree (?:page )?(\d+)\b", re.IGNORECASE)
"""Messages that name the root page of the table or index in which the damage is."""

_KEYWORDS = re.compile(r"\bfts5\b.*\bstems_\d+|^unable to validate the inverted index", re.IGNORECASE)
"""Messages about keywords that are out of step, which a rebuild makes again."""

_TRUTH = ("articles", "editions")
"""Tables that cannot be derived from anything."""


def is_new(path: Path) -> bool:
    """Whether a database has no tables yet."""
    if not path.stat().st_size:
        return True
    try:
        with closing(connect(path, create=False)) as connection:
            return not connection.execute("select count(*) from sqlite_master").fetchone()[0]
    except sqlite3.Error:
        return False


def check_file(path: Path) -> Iterator[Finding]:
    """Find what keeps the database in an existing file from being used. Raises KibaruError when it cannot be opened."""
    if is_new(path):
        yield Finding(f"The database {path} is empty", RUN_RESTORE, None)
        return
    try:
        with closing(connect(path, create=False)) as connection:
            yield from _layout(connection, path)
            yield from _soundness(connection, path)
    except sqlite3.OperationalError as error:
        raise explanation(error, path.parent) from error
    except sqlite3.DatabaseError as error:
        yield Finding(f"The database {path} is damaged ({error})", RUN_RESTORE, None)


def _layout(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    found = version(connection)
    if found > SCHEMA:
        problem = f"The database {path} was written by a newer Kibaru (layout {found}, this one has {SCHEMA})"
        yield Finding(problem, "upgrade with 'pip install -U kibaru'", None)
    elif found < SCHEMA:
        problem, _, remedy = str(earlier_layout(path)).removesuffix(".").partition(": ")
        yield Finding(problem, remedy, None)
    else:
        there = {name for (name,) in connection.execute("select name from sqlite_master")}
        missing = expected().keys() - there
        if lost := sorted(missing & set(_TRUTH)):
            yield Finding(f"The database {path} has lost its {' and '.join(lost)}", RUN_RESTORE, None)
        elif missing:
            yield Finding(f"The database {path} lacks {', '.join(sorted(missing))}", RUN_REPAIR, Repair.COMPLETE)


def _soundness(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    messages = _complaints(connection, "pragma integrity_check({})", _MESSAGES)
    if not messages:
        return
    first = " ".join(messages[0].replace("***", "").split())[:120]
    if _truth_is_sound(connection):
        yield Finding(f"The database {path} is damaged where nothing is lost ({first})", RUN_REPAIR, Repair.REWRITE)
    else:
        yield Finding(f"The database {path} is damaged ({first})", RUN_RESTORE, None)


def _complaints(connection: sqlite3.Connection, pragma: str, of: int | str) -> list[str]:
    """What SQLite finds wrong, except keywords that are out of step."""
    try:
        lines = [line for (text,) in connection.execute(pragma.format(of)) for line in str(text).splitlines()]
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:  # so damaged that the check cannot go on
        return [str(error)]
    return [line for line in lines if line not in ("ok", "*** in database main ***") and not _KEYWORDS.search(line)]


def _truth_is_sound(connection: sqlite3.Connection) -> bool:
    """Whether the rows of every table that is not derived are undamaged; then all else can be made again.

    This is checked on a copy whose schema has neither indexes nor derived tables, so that SQLite passes them over.
    """
    objects = connection.execute("select type, name, rootpage from sqlite_master").fetchall()
    tables = [name for kind, name, _ in objects if kind == "table" and not is_of_a_generation(name)]
    own = {str(root) for kind, _, root in objects if kind == "index"}
    with closing(sqlite3.connect("", isolation_level=None)) as copy:  # a temporary file that SQLite deletes
        connection.backup(copy)
        copy.execute("pragma writable_schema = on")
        copy.execute("delete from sqlite_master where type = 'index' and sql is not null")
        copy.executemany(
            "delete from sqlite_master where tbl_name = ?",
            [[name] for _, name, _ in objects if is_of_a_generation(name)],
        )
        copy.execute("pragma writable_schema = reset")
        return all(
            _INDEX_ONLY.search(line) or ((tree := _IN_TREE.search(line)) and tree[1] in own)
            for table in tables
            for line in _complaints(copy, "pragma integrity_check('{}')", table)
        )


def check_articles(store: Store) -> Iterator[Finding]:
    """Find articles whose text is not the one that was stored."""
    for id in store.damaged_texts():
        remedy = f"add it again, or {RUN_RESTORE}; {RUN_REPAIR} to go on with what it says now"
        yield Finding(f"The text of article {id} is damaged", remedy, Repair.ACCEPT, lost=True)
