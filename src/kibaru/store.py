"""The archive's database: articles, which are the truth, and what is derived from them.

One SQLite file in WAL mode. Readers see a consistent snapshot and never wait; a writer's transaction is all or
nothing, whatever kills it. Each generation of the index has tables of its own (`passages_3`, `stems_3`, …), so that a
rebuild fills new ones beside those in use; the one row of `generations` whose state is `current` says which count.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kibaru.articles import Article, digest, url_key
from kibaru.errors import IndexUnusable, explanation
from kibaru.filters import Filters
from kibaru.rows import Edition, Generation, IndexedPassage, StoredPassage
from kibaru.schema import GENERATION_TABLES, SCHEMA, connect, migrate, version
from kibaru.sentences import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlite_utils import Database

    Vectors = NDArray[np.float32]

DATABASE = "kibaru.db"
"""The file's name in the folder of an archive."""

_ARTICLE_COLUMNS = "id, title, text, url, published, author, language, outlet, modified, pages"


class Store:
    """A connection to the database. Methods that write belong inside `with store.writing():`."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the database, making it first if `create`. Raises IndexUnusable or StorageError."""
        self.path = path
        with self._explained():
            if create:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                if not path.exists():
                    path.touch(mode=0o600)  # readers' questions will be in it, and in what SQLite puts beside it
            elif not path.exists():
                raise IndexUnusable(f"There is no archive in {path.parent} yet: add articles with 'kibaru add PATH'.")
            self.connection = connect(path, create)
            self._check_schema(create)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
        with self._explained():
            self.connection.execute(begin)
            try:
                yield
                self.connection.execute("COMMIT")
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise explanation(error, self.path.parent) from error

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

    def articles_where(self, rest: str, parameters: Sequence[Any] | dict[str, Any]) -> Iterator[Article]:
        """The articles of `select … from articles`, then `rest`: a condition, an order."""
        cursor = self.connection.execute(f"select {_ARTICLE_COLUMNS} from articles {rest}", parameters)
        return map(_article, cursor)

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
        """Delete an article and its editions; what is derived from it stays, see `kibaru.indexing.remove_articles`."""
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
        rest = f"where {filters.sql()} order by published desc, added desc, id"
        return self.articles_where(rest, asdict(filters))

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

    # Generations

    def current_generation(self) -> Generation | None:
        row = self.connection.execute(
            "select id, model, dimension, chunking, stemming from generations where state = 'current'"
        ).fetchone()
        return Generation(*row) if row else None

    def built(self) -> str | None:
        """When the current generation was built (ISO date and time, UTC)."""
        built: str | None = self.value("select built from generations where state = 'current'")
        return built

    def new_generation(self, model: str, dimension: int, chunking: int, stemming: int, *, above: int = 0) -> Generation:
        """Make the empty tables of a generation being built; its number is above those there are, and `above`."""
        last = self.value("select max(id) from generations") or 0
        generation = Generation(max(int(last), above) + 1, model, dimension, chunking, stemming)
        g = generation.id
        self.database.table("generations").insert(asdict(generation) | {"state": "building", "built": None})
        for statement in GENERATION_TABLES.format(g=g).split(";"):
            self.connection.execute(statement)
        return generation

    def make_current(self, generation: Generation) -> None:
        """The switch: from this commit on, questions are answered from `generation`."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.connection.execute("update generations set state = 'old' where state = 'current'")
        query = "update generations set state = 'current', built = ? where id = ?"
        self.connection.execute(query, [now, generation.id])

    def drop_generations(self, *states: str) -> None:
        """Delete the generations in these states, and the vectors that then belong to none."""
        marks = ", ".join("?" * len(states))
        for (g,) in self.connection.execute(f"select id from generations where state in ({marks})", states).fetchall():
            # Kibaru 0.1 made vocabularies, which read the stems: they go first.
            for table in (f"vocabulary_{g}", f"stems_{g}", f"passages_{g}", f"indexed_{g}", f"removed_{g}"):
                self.connection.execute(f"drop table if exists {table}")
            self.connection.execute("delete from generations where id = ?", [g])

    def drop_unused_vectors(self) -> None:
        """Delete vectors that no passage of any generation refers to."""
        generations = self.connection.execute("select id from generations").fetchall()
        used = " union all ".join(f"select key from passages_{g}" for (g,) in generations)
        for table in ("vectors", "sentences"):
            self.connection.execute(f"delete from {table} where key not in ({used or 'select null where false'})")

    def unindexed(self, g: int) -> list[str]:
        """Ids of articles that generation `g` has not, or has with an earlier text or language."""
        query = f"""
            select articles.id from articles left join indexed_{g} as indexed on indexed.article_id = articles.id
            where indexed.digest is not articles.digest or indexed.language is not articles.language
            order by articles.id
        """
        return [row[0] for row in self.connection.execute(query)]

    def stale(self, g: int) -> list[str]:
        """Ids that generation `g` has although the article is gone."""
        query = f"select article_id from indexed_{g} where article_id not in (select id from articles)"
        return [row[0] for row in self.connection.execute(query)]

    # Passages and their vectors

    def put_passages(self, g: int, article: Article, passages: Sequence[IndexedPassage]) -> None:
        """Index an article in generation `g`, in place of what was indexed under its id."""
        self.delete_passages(g, article.id)
        for passage in passages:
            cursor = self.connection.execute(
                f'insert into passages_{g} (article_id, start, "end", heading, key) values (?, ?, ?, ?, ?)',
                [article.id, passage.start, passage.end, passage.heading, passage.key],
            )
            self.connection.execute(
                f"insert into stems_{g} (rowid, title, body) values (?, ?, ?)",
                [cursor.lastrowid, passage.title_stems, passage.body_stems],
            )
        self.connection.execute(
            f"insert or replace into indexed_{g} values (?, ?, ?)", [article.id, article.digest, article.language]
        )

    def delete_passages(self, g: int, article_id: str) -> None:
        parameters = [article_id]
        ids = f"select id from passages_{g} where article_id = ?"
        self.connection.execute(f"insert into removed_{g} (passage_id) {ids}", parameters)
        self.connection.execute(f"delete from stems_{g} where rowid in ({ids})", parameters)
        self.connection.execute(f"delete from passages_{g} where article_id = ?", parameters)
        self.connection.execute(f"delete from indexed_{g} where article_id = ?", parameters)

    def passages(self, g: int, ids: Iterable[int]) -> list[StoredPassage]:
        """The passages of these ids, in no particular order."""
        rows = self.rows_in(f'select id, article_id, start, "end", heading from passages_{g} where id', ids)
        return [StoredPassage(*row) for row in rows]

    def count_passages(self, g: int) -> int:
        return int(self.value(f"select count(*) from passages_{g}"))

    def passage_ids(self, g: int, filters: Filters) -> NDArray[np.int64]:
        """Ids of the passages whose articles pass."""
        import numpy as np

        query = f"select p.id from passages_{g} as p join articles on articles.id = p.article_id where {filters.sql()}"
        return np.fromiter((row[0] for row in self.connection.execute(query, asdict(filters))), np.int64)

    def passing(self, g: int, ids: Iterable[int], filters: Filters) -> list[int]:
        """Those of these passages whose articles pass."""
        query = f"""select p.id from passages_{g} as p join articles on articles.id = p.article_id
            where p.id in (select value from json_each(:ids)) and {filters.sql()}"""
        rows = self.connection.execute(query, asdict(filters) | {"ids": json.dumps(list(ids))})
        return [row[0] for row in rows]

    def known_vectors(self, keys: Iterable[bytes]) -> set[bytes]:
        """Those of `keys` that have a vector."""
        return {row[0] for row in self.rows_in("select key from vectors where key", keys)}

    def put_vectors(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Keep vectors, in half precision: it changes a cosine by less than 0.0005 and halves the database."""
        rows = [(key, vector.tobytes()) for key, vector in zip(keys, vectors.astype("<f2"), strict=True)]
        self.connection.executemany("insert or replace into vectors (key, vector) values (?, ?)", rows)

    def put_sentences(self, keys: Sequence[bytes], sentences: Sequence[tuple[Sequence[Span], Vectors]]) -> None:
        """Keep where the sentences of passages are, counted from their passage, and their unit vectors (n, dimension),
        whose directions need 8 bits a number: it changes a cosine by less than 0.001."""
        import numpy as np

        rows = [
            (key, np.array(spans, "<i4").tobytes(), np.rint(vectors / np.abs(vectors).max(1, keepdims=True) * 127))
            for key, (spans, vectors) in zip(keys, sentences, strict=True)
        ]
        self.connection.executemany(
            "insert or replace into sentences values (?, ?, ?)",
            [(key, spans, directions.astype("i1").tobytes()) for key, spans, directions in rows],
        )

    def sentences(self, g: int, ids: Iterable[int], dimension: int) -> dict[int, tuple[list[Span], Vectors]]:
        """For those of these passages whose sentences are known and not damaged, where these are in the article, and
        their unit vectors (n, dimension)."""
        import numpy as np

        found = {}
        query = f"""select p.id, p.start, p."end", s.spans, s.vectors from passages_{g} as p
            join sentences as s on s.key = p.key
            where length(s.spans) % 8 = 0 and 8 * length(s.vectors) = {dimension} * length(s.spans) and p.id"""
        for id, start, end, blob, directions in self.rows_in(query, ids):
            spans = np.frombuffer(blob, "<i4").reshape(-1, 2) + start
            if not _are_sentences(spans, start, end):
                continue
            vectors = np.frombuffer(directions, "i1").reshape(-1, dimension).astype(np.float32)
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
            found[id] = ([Span(*span) for span in spans.tolist()], vectors)
        return found

    def damaged_sentences(self, g: int, dimension: int) -> list[int]:
        """The passages whose sentences are kept, but not so that they can be."""
        query = f"select id from passages_{g} where key in (select key from sentences)"
        kept = [id for (id,) in self.connection.execute(query)]
        parts = (kept[at : at + 1000] for at in range(0, len(kept), 1000))
        return [id for part in parts for id in set(part) - self.sentences(g, part, dimension).keys()]

    def drop_sentences(self, g: int, ids: Iterable[int]) -> None:
        """Forget the sentences of these passages: they are read anew when they are wanted."""
        keys = [(key,) for key in self.keys_of(g, ids)]
        self.connection.executemany("delete from sentences where key = ?", keys)

    def vectors_after(
        self, g: int, last: int, dimension: int, limit: int = -1
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (n,) and vectors (n, dimension) of the first passages with an id above `last`, by id; -1 is no limit.

        Raises IndexUnusable when a passage has no vector, or one of another dimension.
        """
        query = f"""
            select p.id, v.vector from passages_{g} as p left join vectors as v on v.key = p.key
            where p.id > ? order by p.id limit ?
        """
        rows = self.connection.execute(query, [last, limit]).fetchall()
        if any(vector is None or len(vector) != 2 * dimension for _, vector in rows):
            raise IndexUnusable(f"The index in {self.path.parent} lacks vectors: run 'kibaru rebuild'.")
        return _arrays(rows, dimension)

    def vectors_of(self, g: int, ids: Iterable[int], dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids (n,) and vectors (n, dimension) of those of these passages that have one, by id."""
        query = f"""select p.id, v.vector from passages_{g} as p join vectors as v on v.key = p.key
            where length(v.vector) = {2 * dimension} and p.id"""
        return _arrays(sorted(self.rows_in(query, ids)), dimension)

    def keys_of(self, g: int, ids: Iterable[int]) -> set[bytes]:
        """The keys of these passages' vectors."""
        return {row[0] for row in self.rows_in(f"select key from passages_{g} where id", ids)}

    def last_passage(self, g: int) -> int:
        """The highest id a passage of the generation has."""
        return int(self.value(f"select max(id) from passages_{g}") or 0)

    def last_removed(self, g: int) -> int:
        """The number of the latest removal."""
        return int(self.value(f"select max(number) from removed_{g}") or 0)

    def removed_after(self, g: int, last: int) -> list[tuple[int, int]]:
        """Removals numbered above `last`, as (number, passage id), in order."""
        query = f"select number, passage_id from removed_{g} where number > ? order by number"
        return self.connection.execute(query, [last]).fetchall()

    # Helpers

    def _check_schema(self, create: bool) -> None:
        found = version(self.connection)
        if found == SCHEMA:
            return
        if found > SCHEMA:
            raise IndexUnusable(f"{self.path} was written by a newer Kibaru: upgrade with 'pip install -U kibaru'.")
        if not create and not self.value("select count(*) from sqlite_master"):
            raise IndexUnusable(f"{self.path} is empty: add articles with 'kibaru add PATH'.")
        with self.writing():
            migrate(self.connection)  # nothing to do when another process was first

    def _one_article(self, condition: str, value: str) -> Article | None:
        return next(self.articles_where(f"where {condition}", [value]), None)


def _article(row: tuple[Any, ...]) -> Article:
    *fields, pages = row
    return Article(*(*fields, tuple(json.loads(pages))))


def _arrays(rows: Sequence[tuple[int, bytes]], dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    import numpy as np

    vectors = np.frombuffer(b"".join(vector for _, vector in rows), "<f2").astype(np.float32)
    return np.array([id for id, _ in rows], np.int64), vectors.reshape(-1, dimension)


def _are_sentences(spans: NDArray[np.int64], start: int, end: int) -> bool:
    """Whether these (n, 2) fill `start` to `end` one after the other."""
    flat = spans.ravel()
    return bool(flat.size and flat[0] == start and flat[-1] == end and (flat[1:] >= flat[:-1]).all())


def _site(url: str) -> str:
    return url_key(url).split("/", 1)[0]
