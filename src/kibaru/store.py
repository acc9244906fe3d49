"""The archive's database: articles, which are the truth, and what is derived from them.

One SQLite file in WAL mode. Readers see a consistent snapshot and never wait; a writer's transaction is all or
nothing, whatever kills it. Each generation of the index has tables of its own (`passages_3`, `stems_3`, …), so that a
rebuild fills new ones beside those in use; the one row of `generations` whose state is `current` says which count.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from kibaru.articles import Article
from kibaru.errors import IndexUnusable, KibaruError, StorageError

SCHEMA = 1
"""The layout of the tables, in SQLite's `user_version`."""

_BUSY_SECONDS = 60.0
_ARTICLE_COLUMNS = "id, title, text, url, published, author, language"


@dataclass(frozen=True, slots=True)
class Generation:
    """One complete built index. `chunking` and `stemming` are the versions of the code that built it."""

    id: int
    model: str
    dimension: int
    chunking: int
    stemming: int


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """A passage as it goes into the index: offsets, heading, the key of its vector, and its stems."""

    start: int
    end: int
    heading: str
    key: bytes
    title_stems: str
    body_stems: str


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage as it comes out of the index."""

    id: int
    article_id: str
    start: int
    end: int
    heading: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles a question is about: ISO dates, both ends included, a language code, and one article left out."""

    since: str | None = None
    until: str | None = None
    language: str | None = None
    without: str | None = None

    def __bool__(self) -> bool:
        return any((self.since, self.until, self.language, self.without))

    def sql(self) -> str:
        """A condition on `articles`, with the fields as named parameters."""
        parts = {
            "since": "articles.published >= :since",
            "until": "substr(articles.published, 1, 10) <= :until",
            "language": "articles.language = :language",
            "without": "articles.id != :without",
        }
        return " and ".join(["true", *(part for name, part in parts.items() if getattr(self, name))])


class Store:
    """A connection to the database. Methods that write belong inside `with store.writing():`."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the database, making it first if `create`. Raises IndexUnusable or StorageError."""
        self.path = path
        with self._explained():
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            elif not path.exists():
                raise IndexUnusable(f"There is no archive in {path.parent} yet: add articles with 'kibaru add PATH'.")
            self._connection = _connect(path, create)
            self.database = Database(self._connection)
            self._check_schema(create)

    def close(self) -> None:
        self._connection.close()

    # Transactions

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All queries inside see the same moment, whatever other processes write meanwhile."""
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All writes inside happen together or not at all, and are on disk when this returns."""
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        if self._connection.in_transaction:
            yield
            return
        with self._explained():
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise explanation(error, self.path.parent) from error

    # Articles

    def put_article(self, article: Article) -> None:
        """Add an article, or replace the one of the same id, keeping the time it was first added."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        added = self._value("select added from articles where id = ?", [article.id])
        row = asdict(article) | {"digest": article.digest, "added": added or now, "changed": now}
        self.database.table("articles").insert(row, pk="id", replace=True)

    def delete_article(self, id: str) -> None:
        self._connection.execute("delete from articles where id = ?", [id])

    def article(self, id: str) -> Article | None:
        return self._one_article("id = ?", id)

    def same_article(self, article: Article) -> Article | None:
        """The stored article this one is: of the same id, else of the same URL, else of the same title and text."""
        return (
            self.article(article.id)
            or (self._one_article("url = ?", article.url) if article.url else None)
            or self._one_article("digest = ?", article.digest)
        )

    def other_of_same_title(self, article: Article) -> str | None:
        """The id of another article under the same title, if there is one."""
        found = self._value("select id from articles where title = ? and id != ?", [article.title, article.id])
        return str(found) if found is not None else None

    def articles(self, filters: Filters = Filters()) -> Iterator[Article]:  # frozen
        """The articles that pass, the newest first, those without a date last."""
        cursor = self._connection.execute(
            f"select {_ARTICLE_COLUMNS} from articles where {filters.sql()} order by published desc, added desc, id",
            asdict(filters),
        )
        return (Article(*row) for row in cursor)

    def count_articles(self) -> int:
        return int(self._value("select count(*) from articles"))

    def languages(self) -> list[str]:
        """The languages of the articles, the most frequent first."""
        query = "select language from articles where language is not null group by 1 order by count(*) desc"
        return [row[0] for row in self._connection.execute(query)]

    def span_of_dates(self) -> tuple[str, str] | None:
        """The first and the last date of publication."""
        row = self._connection.execute("select min(published), max(published) from articles").fetchone()
        return (row[0][:10], row[1][:10]) if row[0] else None

    # Generations

    def current_generation(self) -> Generation | None:
        row = self._connection.execute(
            "select id, model, dimension, chunking, stemming from generations where state = 'current'"
        ).fetchone()
        return Generation(*row) if row else None

    def new_generation(self, model: str, dimension: int, chunking: int, stemming: int) -> Generation:
        """Make the empty tables of a generation being built."""
        last = self._value("select max(id) from generations") or 0
        generation = Generation(int(last) + 1, model, dimension, chunking, stemming)
        g = generation.id
        self.database.table("generations").insert(asdict(generation) | {"state": "building", "built": None})
        for statement in _GENERATION_TABLES.format(g=g).split(";"):
            self._connection.execute(statement)
        return generation

    def make_current(self, generation: Generation) -> None:
        """The switch: from this commit on, questions are answered from `generation`."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._connection.execute("update generations set state = 'old' where state = 'current'")
        query = "update generations set state = 'current', built = ? where id = ?"
        self._connection.execute(query, [now, generation.id])

    def drop_generations(self, *states: str) -> None:
        """Delete the generations in these states, and the vectors that then belong to none."""
        marks = ", ".join("?" * len(states))
        for (g,) in self._connection.execute(f"select id from generations where state in ({marks})", states).fetchall():
            for table in (f"vocabulary_{g}", f"stems_{g}", f"passages_{g}", f"indexed_{g}", f"removed_{g}"):
                self._connection.execute(f"drop table if exists {table}")
            self._connection.execute("delete from generations where id = ?", [g])

    def drop_unused_vectors(self) -> None:
        """Delete vectors that no passage of any generation refers to."""
        generations = self._connection.execute("select id from generations").fetchall()
        used = " union all ".join(f"select key from passages_{g}" for (g,) in generations)
        self._connection.execute(f"delete from vectors where key not in ({used or 'select null where false'})")

    def unindexed(self, g: int) -> list[str]:
        """Ids of articles that generation `g` has not, or has with an earlier text or language."""
        query = f"""
            select articles.id from articles left join indexed_{g} as indexed on indexed.article_id = articles.id
            where indexed.digest is not articles.digest or indexed.language is not articles.language
            order by articles.id
        """
        return [row[0] for row in self._connection.execute(query)]

    def stale(self, g: int) -> list[str]:
        """Ids that generation `g` has although the article is gone."""
        query = f"select article_id from indexed_{g} where article_id not in (select id from articles)"
        return [row[0] for row in self._connection.execute(query)]

    # Passages and their vectors

    def put_passages(self, g: int, article: Article, passages: Sequence[IndexedPassage]) -> None:
        """Index an article in generation `g`, in place of what was indexed under its id."""
        self.delete_passages(g, article.id)
        for passage in passages:
            cursor = self._connection.execute(
                f'insert into passages_{g} (article_id, start, "end", heading, key) values (?, ?, ?, ?, ?)',
                [article.id, passage.start, passage.end, passage.heading, passage.key],
            )
            self._connection.execute(
                f"insert into stems_{g} (rowid, title, body) values (?, ?, ?)",
                [cursor.lastrowid, passage.title_stems, passage.body_stems],
            )
        self._connection.execute(
            f"insert or replace into indexed_{g} values (?, ?, ?)", [article.id, article.digest, article.language]
        )

    def delete_passages(self, g: int, article_id: str) -> None:
        parameters = [article_id]
        ids = f"select id from passages_{g} where article_id = ?"
        self._connection.execute(f"insert into removed_{g} (passage_id) {ids}", parameters)
        self._connection.execute(f"delete from stems_{g} where rowid in ({ids})", parameters)
        self._connection.execute(f"delete from passages_{g} where article_id = ?", parameters)
        self._connection.execute(f"delete from indexed_{g} where article_id = ?", parameters)

    def passages(self, g: int, ids: Iterable[int]) -> list[StoredPassage]:
        """The passages of these ids, in no particular order."""
        rows = self._in(f'select id, article_id, start, "end", heading from passages_{g} where id', ids)
        return [StoredPassage(*row) for row in rows]

    def count_passages(self, g: int) -> int:
        return int(self._value(f"select count(*) from passages_{g}"))

    def passage_ids(self, g: int, filters: Filters) -> NDArray[np.int64]:
        """Ids of the passages whose articles pass."""
        query = f"select p.id from passages_{g} as p join articles on articles.id = p.article_id where {filters.sql()}"
        return np.fromiter((row[0] for row in self._connection.execute(query, asdict(filters))), np.int64)

    def known_vectors(self, keys: Iterable[bytes]) -> set[bytes]:
        """Those of `keys` that have a vector."""
        return {row[0] for row in self._in("select key from vectors where key", keys)}

    def put_vectors(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Keep vectors, in half precision: it changes a cosine by less than 0.0005 and halves the database."""
        rows = [(key, vector.tobytes()) for key, vector in zip(keys, vectors.astype("<f2"), strict=True)]
        self._connection.executemany("insert or replace into vectors values (?, ?)", rows)

    def vectors_after(self, g: int, last: int, dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (n,) and vectors (n, dimension) of the passages with an id above `last`, by id.

        Raises IndexUnusable when a passage has no vector, or one of another dimension.
        """
        query = f"""
            select p.id, v.vector from passages_{g} as p left join vectors as v on v.key = p.key
            where p.id > ? order by p.id
        """
        rows = self._connection.execute(query, [last]).fetchall()
        if any(vector is None or len(vector) != 2 * dimension for _, vector in rows):
            raise IndexUnusable(f"The index in {self.path.parent} lacks vectors: run 'kibaru rebuild'.")
        ids = np.array([row[0] for row in rows], np.int64)
        joined = np.frombuffer(b"".join(row[1] for row in rows), "<f2")
        return ids, joined.astype(np.float32).reshape(-1, dimension)

    def removed_after(self, g: int, last: int) -> list[tuple[int, int]]:
        """Removals numbered above `last`, as (number, passage id), in order."""
        query = f"select number, passage_id from removed_{g} where number > ? order by number"
        return self._connection.execute(query, [last]).fetchall()

    # Keywords

    def search_keywords(self, g: int, words: Sequence[str], limit: int, filters: Filters) -> list[tuple[int, float]]:
        """Passage ids with their BM25 score (higher is better), the best first, of passages with any of `words`."""
        if not words:
            return []
        condition = ""
        if filters:
            condition = f"""and rowid in (select p.id from passages_{g} as p
                join articles on articles.id = p.article_id where {filters.sql()})"""
        query = f"""
            select rowid, -bm25(stems_{g}) from stems_{g} where stems_{g} match :match {condition}
            order by bm25(stems_{g}) limit :limit
        """
        match = " OR ".join(f'"{word}"' for word in words)  # stems are letters and digits: no quote can be in them
        return self._connection.execute(query, asdict(filters) | {"match": match, "limit": limit}).fetchall()

    def frequencies(self, g: int, words: Iterable[str]) -> dict[str, int]:
        """In how many passages each word stands; words that stand in none are left out."""
        return dict(self._in(f"select term, doc from vocabulary_{g} where term", words))

    # Helpers

    def _check_schema(self, create: bool) -> None:
        version = int(self._value("pragma user_version"))
        if version == SCHEMA:
            return
        if version > SCHEMA:
            raise IndexUnusable(f"{self.path} was written by a newer Kibaru: upgrade with 'pip install -U kibaru'.")
        if not create and not self._value("select count(*) from sqlite_master"):
            raise IndexUnusable(f"{self.path} is empty: add articles with 'kibaru add PATH'.")
        with self.writing():
            if int(self._value("pragma user_version")) == 0:  # else another process was first
                for statement in _TABLES.split(";"):
                    self._connection.execute(statement)
                self._connection.execute(f"pragma user_version = {SCHEMA}")

    def _one_article(self, condition: str, value: str) -> Article | None:
        row = self._connection.execute(f"select {_ARTICLE_COLUMNS} from articles where {condition}", [value]).fetchone()
        return Article(*row) if row else None

    def _value(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        row = self._connection.execute(query, parameters).fetchone()
        return row[0] if row else None

    def _in(self, query: str, values: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        """Rows of `query in (values)`, a thousand values at a time."""
        remaining = list(values)
        for at in range(0, len(remaining), 1000):
            chunk = remaining[at : at + 1000]
            yield from self._connection.execute(f"{query} in ({', '.join('?' * len(chunk))})", chunk)


_TABLES = """
create table articles (
    id text primary key, title text not null, text text not null, url text, published text, author text, language text,
    digest text not null, added text not null, changed text not null
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
"""

_GENERATION_TABLES = """
create table passages_{g} (
    id integer primary key autoincrement, article_id text not null, start integer not null, "end" integer not null,
    heading text not null, key blob not null
);
create index passages_{g}_article on passages_{g} (article_id);
create table indexed_{g} (article_id text primary key, digest text not null, language text) without rowid;
create table removed_{g} (number integer primary key autoincrement, passage_id integer not null);
create virtual table stems_{g} using fts5 (title, body, tokenize = 'unicode61 remove_diacritics 0');
create virtual table vocabulary_{g} using fts5vocab (stems_{g}, 'row')
"""


def _connect(path: Path, create: bool) -> sqlite3.Connection:
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
    return connection


def explanation(error: sqlite3.Error | OSError, folder: Path) -> KibaruError:
    """What SQLite or the disk complained of, as a line for the editor."""
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
