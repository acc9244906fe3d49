"""Looking things up in an archive: articles, counts, dates, editions. No index and no model is needed for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from kibaru.errors import NotFound
from kibaru.index.preview import preview
from kibaru.storage.duplicates import links_of
from kibaru.storage.generations import built_at
from kibaru.storage.store import DATABASE, Store
from kibaru.storage.titles import find_by_title
from kibaru.types import Article, Edition, Filters, Preview


class ArticleAccess:
    """The part of `Kibaru` that only looks up what is stored.

    Attributes:
        folder: The archive's folder.
        store: The archive's database.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open the database in `folder`, making it first if `create`. Raises IndexUnusable and StorageError."""
        self.folder = folder
        self.store = Store(self.database, create=create)

    @property
    def database(self) -> Path:
        """The file of the archive's database."""
        return self.folder / DATABASE

    def article(self, id: str) -> Article:
        """The article of this id. Raises NotFound."""
        article = self.store.article(id)
        if article is None:
            raise NotFound(f"There is no article {id}: 'kibaru list' shows those there are.")
        return article

    def articles(self, filters: Filters = Filters()) -> Iterator[Article]:  # noqa: B008  # frozen
        """All articles that pass `filters`, the newest first, those without a date last."""
        return self.store.articles(filters)

    def latest(self, most: int, filters: Filters = Filters()) -> list[Article]:  # noqa: B008  # frozen
        """The newest articles that pass `filters`, at most so many."""
        return list(islice(self.store.articles(filters), most))

    def find_articles(self, words: str, *, first: int = 0, most: int = 10) -> tuple[int, list[Article]]:
        """Find articles by words of their titles.

        Args:
            words: The words, separated by spaces; without any, all articles are found.
            first: How many of the articles found to skip.
            most: How many to return.

        Returns:
            How many were found in all, and those asked for, the newest first.
        """
        if words.strip():
            return find_by_title(self.store, words, first, most)
        return self.article_count(), list(islice(self.store.articles(), first, first + most))

    def article_count(self) -> int:
        """How many articles there are."""
        return self.store.count_articles()

    def date_range(self) -> tuple[str, str] | None:
        """The first and the last date of publication (ISO dates); None when no article has one."""
        return self.store.span_of_dates()

    def editions(self, id: str) -> list[Edition]:
        """What an article said before it was replaced, the latest first."""
        return self.store.editions(id)

    def near_duplicates_of(self, ids: Iterable[str]) -> dict[str, set[str]]:
        """For those of `ids` that have near-duplicates, the ids of these."""
        return links_of(self.store, ids)

    def stored_versions(self, articles: Iterable[Article]) -> list[Article | None]:
        """For each article the stored one that adding it would replace, or None."""
        with self.store.reading():
            return [self.store.same_article(article) for article in articles]

    def preview(self, articles: Sequence[Article]) -> list[Preview]:
        """What adding each article would do; nothing is changed."""
        with self.store.reading():
            return preview(self.store, articles)

    def built_at(self) -> str | None:
        """When the index that is served was built (ISO date and time, UTC); None when there is none."""
        return built_at(self.store)
