"""Links between near-duplicate articles, and the bands of words by which candidates for such links are found."""

from __future__ import annotations

from collections.abc import Iterable

from kibaru.storage.store import Store
from kibaru.text import near_duplicates
from kibaru.types import Article

_CANDIDATES = 50
"""Articles that one article is compared with at most."""


def link_near_duplicates(store: Store, article: Article) -> tuple[str, ...]:
    """Find the near-duplicates of a stored article, link it to them and to no others, and return their ids."""
    put_bands(store, article.id, near_duplicates.bands(article.text))
    others = _sharing_bands(store, article.id)
    same = tuple(other.id for other in others if near_duplicates.are_near_duplicates(article.text, other.text))
    link(store, article.id, same)
    return same


def put_bands(store: Store, id: str, bands: Iterable[int]) -> None:
    """Store the bands of an article's words, in place of those it had."""
    store.connection.execute("delete from bands where article_id = ?", [id])
    store.connection.executemany("insert or ignore into bands values (?, ?)", ((band, id) for band in bands))


def _sharing_bands(store: Store, id: str) -> list[Article]:
    """Other articles that share a band with this one, those that share most first, at most _CANDIDATES."""
    query = """where id in (
            select other.article_id from bands as own join bands as other on other.band = own.band
            where own.article_id = ? and other.article_id != own.article_id
            group by 1 order by count(*) desc limit ?
        )"""
    return list(store.articles_where(query, [id, _CANDIDATES]))


def without_bands(store: Store) -> list[str]:
    """Ids of the articles that have no bands: short ones, and those whose bands were lost with a damaged table."""
    query = "select id from articles where id not in (select article_id from bands)"
    return [row[0] for row in store.connection.execute(query)]


def link(store: Store, id: str, others: Iterable[str]) -> None:
    """Link an article to `others`, and remove its other links."""
    store.connection.execute("delete from alike where ? in (article_id, other_id)", [id])
    pairs = [pair for other in others for pair in ((id, other), (other, id))]
    store.connection.executemany("insert into alike values (?, ?)", pairs)


def unlink(store: Store, id: str) -> None:
    """Delete an article's bands and links."""
    put_bands(store, id, ())
    link(store, id, ())


def links_of(store: Store, ids: Iterable[str]) -> dict[str, set[str]]:
    """The ids of the near-duplicates of each of these articles; articles without any are left out."""
    found: dict[str, set[str]] = {}
    for id, other in store.rows_in("select article_id, other_id from alike where article_id", ids):
        found.setdefault(id, set()).add(other)
    return found
