"""Which articles a question is about, as a condition of SQL."""

from __future__ import annotations

from dataclasses import dataclass


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
