"""The database file: its tables, and how it is opened."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

_BUSY_SECONDS = 60.0

SCHEMA = 3
"""The layout of the tables, in SQLite's `user_version`. Earlier ones belong to builds that were never released."""

_TABLES = """
create table articles (
    id text primary key, title text not null, text text not null, url text, published text, author text,
    language text, digest text not null, added text not null, changed text not null, outlet text, modified text,
    pages text not null default '[]', url_key text
);
create index articles_url_key on articles (url_key);
create index articles_digest on articles (digest);
create index articles_title on articles (title);
create index articles_published on articles (published);
create index articles_language on articles (language);
create index articles_filtered on articles (id, published, language);
create table editions (
    number integer primary key, article_id text not null, title text not null, text text not null, published text,
    modified text, replaced text not null
);
create index editions_article on editions (article_id);
create table bands (band integer not null, article_id text not null, primary key (band, article_id)) without rowid;
create index bands_article on bands (article_id);
create table alike (
    article_id text not null, other_id text not null, primary key (article_id, other_id)
) without rowid;
create index alike_other on alike (other_id);
create table vectors (number integer primary key, key blob not null unique, vector blob not null);
create table sentences (key blob primary key, spans blob not null, vectors blob not null);
create table generations (
    id integer primary key, model text not null, dimension integer not null, chunking integer not null,
    stemming integer not null, state text not null, built text
)
"""
"""`articles_language` and `articles_filtered` let languages and dates be read without going through the texts. Vectors
are stored by number rather than by key, because consecutive ones then share pages and the tree stays shallow."""

GENERATION_TABLES = """
create table passages_{g} (
    id integer primary key autoincrement, article_id text not null, start integer not null, "end" integer not null,
    heading text not null, key blob not null
);
create index passages_{g}_article on passages_{g} (article_id);
create table indexed_{g} (article_id text primary key, digest text not null, language text) without rowid;
create table removed_{g} (number integer primary key autoincrement, passage_id integer not null);
create virtual table stems_{g} using fts5 (title, body, tokenize = 'unicode61 remove_diacritics 0')
"""
"""The tables of generation number `g`."""

_OF_A_GENERATION = re.compile(r"(passages|indexed|removed|stems)_\d+(_\w+)?")


def connect(path: Path, create: bool) -> sqlite3.Connection:
    """Open a connection that waits for other writers; on a read-only disk, one that only reads.

    Args:
        path: The database file.
        create: Whether it may be made or changed; then a disk that cannot be written is an error.
    """
    options: dict[str, Any] = {"timeout": _BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}
    connection: sqlite3.Connection = sqlite3.connect(path, **options)
    try:
        if create or connection.execute("pragma user_version").fetchone()[0] == 0:
            connection.execute("pragma journal_mode = wal")
        connection.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        wal = path.with_name(path.name + "-wal")
        if create or (wal.exists() and wal.stat().st_size):
            raise
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, **options)
    connection.execute("pragma synchronous = full")
    return connection


def version(connection: sqlite3.Connection) -> int:
    """The layout that the file has; 0 for a new one."""
    return int(connection.execute("pragma user_version").fetchone()[0])


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of a new archive; call inside a transaction that writes."""
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"pragma user_version = {SCHEMA}")


def expected() -> dict[str, str]:
    """The statement that makes each table and index of an archive, by its name."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        create_tables(fresh)
        return dict(fresh.execute("select name, sql from sqlite_master where sql is not null"))


def normalised(statement: str) -> str:
    """A statement in the form in which two that make the same table are equal: without quotes, spaces and case.

    SQLite keeps the text of a statement, and changes it when a table is altered or renamed.
    """
    return re.sub(r'["\s]', "", statement).lower()


def is_of_a_generation(table: str) -> bool:
    """Whether a table is one of GENERATION_TABLES, or one that FTS5 keeps beside them."""
    return bool(_OF_A_GENERATION.fullmatch(table))
