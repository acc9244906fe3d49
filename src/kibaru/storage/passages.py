"""The passages of a generation, with their stems: put, removed and found; and which articles are in it as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from kibaru.storage.filters import condition
from kibaru.storage.store import Store
from kibaru.types import Article, Filters, IndexedPassage, StoredPassage


def put_passages(store: Store, g: int, article: Article, passages: Sequence[IndexedPassage]) -> None:
    """Index an article in generation `g`, in place of what was indexed under its id."""
    delete_passages(store, g, article.id)
    for passage in passages:
        cursor = store.connection.execute(
            f'insert into passages_{g} (article_id, start, "end", heading, key) values (?, ?, ?, ?, ?)',
            [article.id, passage.start, passage.end, passage.heading, passage.key],
        )
        store.connection.execute(
            f"insert into stems_{g} (rowid, title, body) values (?, ?, ?)",
            [cursor.lastrowid, passage.title_stems, passage.body_stems],
        )
    store.connection.execute(
        f"insert or replace into indexed_{g} values (?, ?, ?)", [article.id, article.digest, article.language]
    )


def delete_passages(store: Store, g: int, article_id: str) -> None:
    """Take an article out of generation `g`; the removal of each passage gets a number, for `removed_after`."""
    parameters = [article_id]
    ids = f"select id from passages_{g} where article_id = ?"
    store.connection.execute(f"insert into removed_{g} (passage_id) {ids}", parameters)
    store.connection.execute(f"delete from stems_{g} where rowid in ({ids})", parameters)
    store.connection.execute(f"delete from passages_{g} where article_id = ?", parameters)
    store.connection.execute(f"delete from indexed_{g} where article_id = ?", parameters)


def passages_of(store: Store, g: int, ids: Iterable[int]) -> list[StoredPassage]:
    """The passages of these ids, in no particular order."""
    rows = store.rows_in(f'select id, article_id, start, "end", heading from passages_{g} where id', ids)
    return [StoredPassage(*row) for row in rows]


def keys_of(store: Store, g: int, ids: Iterable[int]) -> set[bytes]:
    """The keys of these passages' vectors."""
    return {row[0] for row in store.rows_in(f"select key from passages_{g} where id", ids)}


def passage_texts(store: Store, g: int, ids: Iterable[int]) -> dict[int, str]:
    """The words of the passages of these ids."""
    query = f"""select p.id, substr(a.text, p.start + 1, p."end" - p.start) from passages_{g} as p
        join articles as a on a.id = p.article_id where p.id"""
    return dict(store.rows_in(query, ids))


def count_passages(store: Store, g: int) -> int:
    return int(store.value(f"select count(*) from passages_{g}"))


def passage_ids(store: Store, g: int, filters: Filters) -> NDArray[np.int64]:
    """Ids of the passages whose articles pass."""
    query = f"select p.id from passages_{g} as p join articles on articles.id = p.article_id where {condition(filters)}"
    return np.fromiter((row[0] for row in store.connection.execute(query, asdict(filters))), np.int64)


def passing(store: Store, g: int, ids: Iterable[int], filters: Filters) -> list[int]:
    """Those of these passages whose articles pass."""
    query = f"""select p.id from passages_{g} as p join articles on articles.id = p.article_id
        where p.id in (select value from json_each(:ids)) and {condition(filters)}"""
    rows = store.connection.execute(query, asdict(filters) | {"ids": json.dumps(list(ids))})
    return [row[0] for row in rows]


def last_passage(store: Store, g: int) -> int:
    """The highest id a passage of the generation has."""
    return int(store.value(f"select max(id) from passages_{g}") or 0)


def last_removed(store: Store, g: int) -> int:
    """The number of the latest removal."""
    return int(store.value(f"select max(number) from removed_{g}") or 0)


def removed_after(store: Store, g: int, last: int) -> list[tuple[int, int]]:
    """Removals numbered above `last`, as (number, passage id), in order."""
    query = f"select number, passage_id from removed_{g} where number > ? order by number"
    return store.connection.execute(query, [last]).fetchall()


def unindexed(store: Store, g: int) -> list[str]:
    """Ids of articles that generation `g` has not, or has with an earlier text or language."""
    query = f"""
        select articles.id from articles left join indexed_{g} as indexed on indexed.article_id = articles.id
        where indexed.digest is not articles.digest or indexed.language is not articles.language
        order by articles.id
    """
    return [row[0] for row in store.connection.execute(query)]


def stale(store: Store, g: int) -> list[str]:
    """Ids that generation `g` has although the article is gone."""
    query = f"select article_id from indexed_{g} where article_id not in (select id from articles)"
    return [row[0] for row in store.connection.execute(query)]
