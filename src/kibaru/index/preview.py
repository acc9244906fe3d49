"""What adding articles would do to an archive."""

from __future__ import annotations

from collections.abc import Iterable

from kibaru.storage.store import Store
from kibaru.text.chunking import split_passages
from kibaru.types import Article, Preview


def preview(store: Store, articles: Iterable[Article]) -> list[Preview]:
    """What adding each article would do; nothing is changed."""
    return [
        Preview(
            article,
            passages=len(split_passages(article.text, article.language)),
            replaces=store.same_article(article),
            same_title=store.other_of_same_title(article),
        )
        for article in articles
    ]
