"""The database file: how it is opened, its tables, and how one of an earlier Kibaru is brought up to date."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from kibaru.text.urls import url_key

_BUSY_SECONDS = 60.0

_MIGRATIONS = (
    # 0 to 1: Kibaru 0.1
    """
    create table articles (
        id text primary key, title text not null, text text not null, url text, published text, author text,
        language text, digest text not null, added text not null, changed text not null
    );
    create index articles_url on articles (url);
    create index articles_digest on articles (digest);
    create index articles_title on articles (title);
    create index articles_published on articles (published);
    create table vectors (key blob primary key, vector blob not null) without rowid;
    create table generations (
        id integer primary key, model text not null, dimension integer not null, chunking integer not null,
        stemming integer not null, state text not null, built text
    )
    """,
    # 1 to 2: outlets, editions, and articles that tell the same
    """
    alter table articles add column outlet text;
    alter table articles add column modified text;
    alter table articles add column pages text not null default '[]';
    alter table articles add column url_key text;
    update articles set url_key = url_key(url);
    drop index articles_url;
    create index articles_url_key on articles (url_key);
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
    create index alike_other on alike (other_id)
    """,
    # 2 to 3: a large archive. Languages and dates are read without going through texts. Five vectors fill a page: in a
    # tree by key they are nine pages deep at a million, and each new one splits another page; by number they are three
    # deep, and new ones follow one another.
    """
    create index articles_language on articles (language);
    create index articles_filtered on articles (id, published, language);
    create table vectors_by_number (number integer primary key, key blob not null unique, vector blob not null);
    insert into vectors_by_number (key, vector) select key, vector from vectors;
    drop table vectors;
    alter table vectors_by_number rename to vectors;
    create table sentences (key blob primary key, spans blob not null, vectors blob not null)
    """,
)
SCHEMA = len(_MIGRATIONS)
"""The layout of the tables, in SQLite's `user_version`."""

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

_OF_A_GENERATION = re.compile(r"(passages|indexed|removed|stems|vocabulary)_\d+(_\w+)?")


def connect(path: Path, create: bool) -> sqlite3.Connection:
    """A connection that waits for other writers; on a read-only disk, one that only reads."""
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
    connection.create_function("url_key", 1, lambda url: url and url_key(url), deterministic=True)
    return connection


def version(connection: sqlite3.Connection) -> int:
    """The schema the file has; 0 for a new one."""
    return int(connection.execute("pragma user_version").fetchone()[0])


def expected() -> dict[str, str]:
    """The statement that makes each table and index of an archive, by its name."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.create_function("url_key", 1, url_key, deterministic=True)
        migrate(fresh)
        return dict(fresh.execute("select name, sql from sqlite_master where sql is not null"))


def is_of_a_generation(table: str) -> bool:
    """Whether a table is one of GENERATION_TABLES, or one FTS5 keeps beside them, or a vocabulary of Kibaru 0.1."""
    return bool(_OF_A_GENERATION.fullmatch(table))


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables up to SCHEMA; call inside a transaction that writes."""
    for statements in _MIGRATIONS[version(connection) :]:
        for statement in statements.split(";"):
            connection.execute(statement)
    connection.execute(f"pragma user_version = {SCHEMA}")
