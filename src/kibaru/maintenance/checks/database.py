"""The database file: there, readable, of this Kibaru's layout, sound; and the articles in it as they were stored."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from kibaru.errors import explanation
from kibaru.maintenance.checks import REPAIR, RESTORE, Finding, Mend
from kibaru.storage.schema import SCHEMA, connect, expected, is_of_a_generation, version
from kibaru.storage.store import Store

_MESSAGES = 100
_INDEX_ONLY = re.compile(r"(row \d+ missing from|wrong # of entries in|non-unique entry in) index ", re.IGNORECASE)
_IN_TREE = re.compile(r"(?:on )?tree (?:page )?(\d+)\b", re.IGNORECASE)
_KEYWORDS = re.compile(r"\bfts5\b.*\bstems_\d+|^unable to validate the inverted index", re.IGNORECASE)
_TRUTH = ("articles", "editions")


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
    """What keeps the database from being used; `path` exists. Raises KibaruError when it cannot be opened."""
    if is_new(path):
        yield Finding(f"The database {path} is empty", RESTORE, None)
        return
    try:
        with closing(connect(path, create=False)) as connection:
            yield from _layout(connection, path)
            yield from _soundness(connection, path)
    except sqlite3.OperationalError as error:
        raise explanation(error, path.parent) from error
    except sqlite3.DatabaseError as error:
        yield Finding(f"The database {path} is damaged ({error})", RESTORE, None)


def _layout(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    found = version(connection)
    if found > SCHEMA:
        problem = f"The database {path} was written by a newer Kibaru (layout {found}, this one has {SCHEMA})"
        yield Finding(problem, "upgrade with 'pip install -U kibaru'", None)
    elif found < SCHEMA:
        problem = f"The database {path} is of an earlier Kibaru (layout {found}, this one has {SCHEMA})"
        yield Finding(problem, f"{REPAIR}, or any other command", Mend.MIGRATE)
    else:
        there = {name for (name,) in connection.execute("select name from sqlite_master")}
        missing = expected().keys() - there
        if lost := sorted(missing & set(_TRUTH)):
            yield Finding(f"The database {path} has lost its {' and '.join(lost)}", RESTORE, None)
        elif missing:
            yield Finding(f"The database {path} lacks {', '.join(sorted(missing))}", REPAIR, Mend.MIGRATE)


def _soundness(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    messages = _complaints(connection, "pragma integrity_check({})", _MESSAGES)
    if not messages:
        return
    first = " ".join(messages[0].replace("***", "").split())[:120]
    if _truth_is_sound(connection):
        yield Finding(f"The database {path} is damaged where nothing is lost ({first})", REPAIR, Mend.REWRITE)
    else:
        yield Finding(f"The database {path} is damaged ({first})", RESTORE, None)


def _complaints(connection: sqlite3.Connection, pragma: str, of: int | str) -> list[str]:
    """What SQLite finds wrong, but for keywords out of step, which a rebuild mends."""
    try:
        lines = [line for (text,) in connection.execute(pragma.format(of)) for line in str(text).splitlines()]
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:  # so damaged that the check cannot go on
        return [str(error)]
    return [line for line in lines if line not in ("ok", "*** in database main ***") and not _KEYWORDS.search(line)]


def _truth_is_sound(connection: sqlite3.Connection) -> bool:
    """Whether the damage spares the rows of every table that is not derived: their indexes can be made anew.

    Looked into on a copy whose schema knows of neither indexes nor what is derived, so that these are passed over.
    """
    objects = connection.execute("select type, name, rootpage from sqlite_master").fetchall()
    tables = [name for kind, name, _ in objects if kind == "table" and not is_of_a_generation(name)]
    own = {str(root) for kind, _, root in objects if kind == "index"}
    with closing(sqlite3.connect("", isolation_level=None)) as copy:  # a file of its own that goes away by itself
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
    """Articles whose words are not those that were stored."""
    for id in store.damaged_texts():
        remedy = f"add it again, or {RESTORE}; {REPAIR} to go on with what it says now"
        yield Finding(f"The text of article {id} is damaged", remedy, Mend.ACCEPT, lost=True)
