"""The passages of one generation, with their stems, and which articles are in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np

from kibaru.arrays import Ids
from kibaru.storage.filters import condition
from kibaru.storage.store import Store
from kibaru.types import Article, Filters, GenerationRow, IndexedPassage, StoredPassage


class PassageTable:
    """The passages of one generation in the database. Methods that write belong inside `with store.writing():`."""

    def __init__(self, store: Store, generation: GenerationRow) -> None:
        self.store = store
        self.generation = generation
        self._g = generation.id

    def put(self, article: Article, passages: Sequence[IndexedPassage]) -> None:
        """Index an article, in place of what was indexed under its id."""
        self.delete(article.id)
        connection, g = self.store.connection, self._g
        for passage in passages:
            cursor = connection.execute(
                f'insert into passages_{g} (article_id, start, "end", heading, key) values (?, ?, ?, ?, ?)',
                [article.id, passage.start, passage.end, passage.heading, passage.key],
            )
            connection.execute(
                f"insert into stems_{g} (rowid, title, body) values (?, ?, ?)",
                [cursor.lastrowid, passage.title_stems, passage.body_stems],
            )
        row = [article.id, article.digest, article.language]
        connection.execute(f"insert or replace into indexed_{g} values (?, ?, ?)", row)

    def delete(self, article_id: str) -> None:
        """Remove an article from the generation; the removal of each passage gets a number, see `removed_after`."""
        g, parameters = self._g, [article_id]
        ids = f"select id from passages_{g} where article_id = ?"
        for statement in (
            f"insert into removed_{g} (passage_id) {ids}",
            f"delete from stems_{g} where rowid in ({ids})",
            f"delete from passages_{g} where article_id = ?",
            f"delete from indexed_{g} where article_id = ?",
        ):
            self.store.connection.execute(statement, parameters)

    def get(self, ids: Iterable[int]) -> list[StoredPassage]:
        """The passages with these ids, in no particular order."""
        rows = self.store.rows_in(f'select id, article_id, start, "end", heading from passages_{self._g} where id', ids)
        return [StoredPassage(*row) for row in rows]

    def keys(self, ids: Iterable[int]) -> set[bytes]:
        """The keys under which the vectors of these passages are stored."""
        return {row[0] for row in self.store.rows_in(f"select key from passages_{self._g} where id", ids)}

    def texts(self, ids: Iterable[int]) -> dict[int, str]:
        """The text of each of these passages, by id."""
        query = f"""select p.id, substr(a.text, p.start + 1, p."end" - p.start) from passages_{self._g} as p
            join articles as a on a.id = p.article_id where p.id"""
        return dict(self.store.rows_in(query, ids))

    def count(self) -> int:
        """The number of passages."""
        return int(self.store.value(f"select count(*) from passages_{self._g}"))

    def ids(self, filters: Filters) -> Ids:
        """Ids, shape (n,), of the passages whose articles pass `filters`."""
        query = f"""select p.id from passages_{self._g} as p join articles on articles.id = p.article_id
            where {condition(filters)}"""
        rows = self.store.connection.execute(query, asdict(filters))
        return np.fromiter((row[0] for row in rows), np.int64)

    def passing(self, ids: Iterable[int], filters: Filters) -> list[int]:
        """Those of these passages whose articles pass `filters`."""
        query = f"""select p.id from passages_{self._g} as p join articles on articles.id = p.article_id
            where p.id in (select value from json_each(:ids)) and {condition(filters)}"""
        rows = self.store.connection.execute(query, asdict(filters) | {"ids": json.dumps(list(ids))})
        return [row[0] for row in rows]

    def last_id(self) -> int:
        """The highest id of a passage; 0 when there is none."""
        return int(self.store.value(f"select max(id) from passages_{self._g}") or 0)

    def last_removal(self) -> int:
        """The number of the latest removal; 0 when there was none."""
        return int(self.store.value(f"select max(number) from removed_{self._g}") or 0)

    def removed_after(self, number: int) -> list[tuple[int, int]]:
        """The removals after this one, as (number, passage id), in order."""
        query = f"select number, passage_id from removed_{self._g} where number > ? order by number"
        return self.store.connection.execute(query, [number]).fetchall()

    def articles_to_index(self) -> list[str]:
        """Ids of the articles that the generation lacks, or has with an earlier text or language."""
        query = f"""
            select articles.id from articles left join indexed_{self._g} as indexed on indexed.article_id = articles.id
            where indexed.digest is not articles.digest or indexed.language is not articles.language
            order by articles.id
        """
        return [row[0] for row in self.store.connection.execute(query)]

    def articles_to_remove(self) -> list[str]:
        """Ids of the articles that the generation has although they are no longer in the archive."""
        query = f"select article_id from indexed_{self._g} where article_id not in (select id from articles)"
        return [row[0] for row in self.store.connection.execute(query)]
