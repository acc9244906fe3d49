"""The archive's database: a connection with its transactions, and articles, which are the truth.

One SQLite file in WAL mode. Readers see a consistent snapshot and never wait; a writer's transaction is all or
nothing, whatever kills it. What is derived from articles is in the same file: see `duplicates`, `generations`,
`passages` and `vectors`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kibaru.errors import IndexUnusable, earlier_layout, explained, no_archive
from kibaru.storage.filters import condition
from kibaru.storage.schema import SCHEMA, connect, create_tables, version
from kibaru.text.urls import url_key
from kibaru.types import Article, Edition, Filters, digest

if TYPE_CHECKING:
    from sqlite_utils import Database

DATABASE = "kibaru.db"
"""The file's name in the folder of an archive."""

_ARTICLE_COLUMNS = "id, title, text, url, published, author, language, outlet, modified, pages"


class Store:
    """A connection to the database. Methods that write belong inside `with store.writing():`."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the database, making it first if `create`. Raises IndexUnusable or StorageError."""
        self.path = path
        with explained(self.path.parent):
            if create:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                if not path.exists():
                    path.touch(mode=0o600)  # readers' questions will be in it, and in what SQLite puts beside it
            elif not path.exists():
                raise no_archive(path.parent)
            self.connection = connect(path, create)
            self._check_schema(create)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_schema(self, create: bool) -> None:
        found = version(self.connection)
        if found == SCHEMA:
            return
        if found > SCHEMA:
            raise IndexUnusable(f"{self.path} was written by a newer Kibaru: upgrade with 'pip install -U kibaru'.")
        if found:
            raise earlier_layout(self.path)
        if not create and not self.value("select count(*) from sqlite_master"):
            raise IndexUnusable(f"{self.path} is empty: add articles with 'kibaru add PATH'.")
        with self.writing():
            if not version(self.connection):  # else another process was first
                create_tables(self.connection)

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
        if self.connection.in_transaction:
            yield
            return
        with explained(self.path.parent):
            self.connection.execute(begin)
            try:
                yield
                self.connection.execute("COMMIT")
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    # Queries

    @cached_property
    def database(self) -> Database:
        """The same connection by sqlite-utils, which makes rows of dictionaries; imported when first wanted."""
        from sqlite_utils import Database

        return Database(self.connection)

    def value(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row; None when there is no row."""
        row = self.connection.execute(query, parameters).fetchone()
        return row[0] if row else None

    def rows_in(self, query: str, values: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        """Rows of `query in (values)`, a thousand values at a time."""
        remaining = list(values)
        for at in range(0, len(remaining), 1000):
            chunk = remaining[at : at + 1000]
            yield from self.connection.execute(f"{query} in ({', '.join('?' * len(chunk))})", chunk)

    # Articles

    def put_article(self, article: Article) -> None:
        """Add an article, or replace the one of the same id, whose words are kept as an edition."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        added = self.value("select added from articles where id = ?", [article.id])
        self.connection.execute(
            """insert into editions (article_id, title, text, published, modified, replaced)
            select id, title, text, published, modified, ? from articles where id = ? and digest != ?""",
            [now, article.id, article.digest],
        )
        row = asdict(article) | {
            "pages": json.dumps(article.pages),
            "url_key": article.url and url_key(article.url),
            "digest": article.digest,
            "added": added or now,
            "changed": now,
        }
        self.database.table("articles").insert(row, replace=True)

    def delete_article(self, id: str) -> None:
        """Delete an article and its editions, but not what is derived from it: see `kibaru.index.builder`."""
        self.connection.execute("delete from articles where id = ?", [id])
        self.connection.execute("delete from editions where article_id = ?", [id])

    def editions(self, id: str) -> list[Edition]:
        """What an article said before it was replaced, the latest first."""
        query = """select title, text, published, modified, replaced from editions where article_id = ?
            order by number desc"""
        return [Edition(*row) for row in self.connection.execute(query, [id])]

    def article(self, id: str) -> Article | None:
        return self._one_article("id = ?", id)

    def articles_of(self, ids: Iterable[str]) -> list[Article]:
        """Those of these articles that there are, in no particular order."""
        return [_article(row) for row in self.rows_in(f"select {_ARTICLE_COLUMNS} from articles where id", ids)]

    def published(self, ids: Iterable[str]) -> dict[str, str | None]:
        """The date of publication of each of these articles."""
        return dict(self.rows_in("select id, published from articles where id", ids))

    def same_article(self, article: Article) -> Article | None:
        """The stored article this one is: of the same id, else of the same URL, else of the same title and text,
        unless another site has published those."""
        return (
            self.article(article.id)
            or (self._one_article("url_key = ?", url_key(article.url)) if article.url else None)
            or next(
                (
                    same
                    for same in self.articles_where("where digest = ?", [article.digest])
                    if not (same.url and article.url) or _site(same.url) == _site(article.url)
                ),
                None,
            )
        )

    def other_of_same_title(self, article: Article) -> str | None:
        """The id of another article under the same title, if there is one."""
        found = self.value("select id from articles where title = ? and id != ?", [article.title, article.id])
        return str(found) if found is not None else None

    def articles(self, filters: Filters = Filters()) -> Iterator[Article]:  # noqa: B008  # frozen
        """The articles that pass, the newest first, those without a date last."""
        rest = f"where {condition(filters)} order by published desc, added desc, id"
        return self.articles_where(rest, asdict(filters))

    def articles_where(self, rest: str, parameters: Sequence[Any] | dict[str, Any]) -> Iterator[Article]:
        """The articles of `select … from articles`, then `rest`: a condition, an order."""
        cursor = self.connection.execute(f"select {_ARTICLE_COLUMNS} from articles {rest}", parameters)
        return map(_article, cursor)

    def count_articles(self) -> int:
        return int(self.value("select count(*) from articles"))

    def damaged_texts(self) -> dict[str, str]:
        """Ids of the articles whose words are not those that were stored, with the digest of what they are now."""
        self.connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            rows = self.connection.execute("select id, title, text, digest from articles")
            found = ((id, digest(title, text), stored) for id, title, text, stored in rows)
            return {id: now for id, now, stored in found if now != stored}
        finally:
            self.connection.text_factory = str

    def languages(self) -> list[str]:
        """The languages of the articles, the most frequent first."""
        query = "select language from articles where language is not null group by 1 order by count(*) desc"
        return [row[0] for row in self.connection.execute(query)]

    def known_languages(self) -> list[str]:
        """The same in alphabetical order, without going through all articles."""
        query = """with recursive known(language) as (
                select min(language) from articles union all
                select (select min(language) from articles where language > known.language)
                from known where language is not null
            ) select language from known where language is not null"""
        return [row[0] for row in self.connection.execute(query)]

    def span_of_dates(self) -> tuple[str, str] | None:
        """The first and the last date of publication."""
        row = self.connection.execute("select min(published), max(published) from articles").fetchone()
        return (row[0][:10], row[1][:10]) if row[0] else None

    def _one_article(self, condition: str, value: str) -> Article | None:
        return next(self.articles_where(f"where {condition}", [value]), None)


def _article(row: tuple[Any, ...]) -> Article:
    *fields, pages = row
    return Article(*(*fields, tuple(json.loads(pages))))


def _site(url: str) -> str:
    return url_key(url).split("/", 1)[0]
