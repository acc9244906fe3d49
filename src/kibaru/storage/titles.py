"""Search for articles by words of their titles."""

from __future__ import annotations

from kibaru.storage.store import Store
from kibaru.text.stems import fold
from kibaru.types import Article


def find_by_title(store: Store, words: str, first: int, most: int) -> tuple[int, list[Article]]:
    """Find the articles whose title contains all of some words, or parts of words, whatever their case and accents.

    Args:
        store: The archive's database.
        words: The words, separated by spaces; without any, all articles are found.
        first: How many of the articles found to skip.
        most: How many to return.

    Returns:
        How many were found in all, and those asked for, the newest first.
    """
    parts = fold(words).split()
    rows = store.connection.execute("select id, title from articles order by published desc, added desc, id")
    ids = [id for id, title in rows if all(part in fold(title) for part in parts)]
    wanted = ids[first : first + most]
    articles = {article.id: article for article in store.articles_of(wanted)}
    return len(ids), [articles[id] for id in wanted]
