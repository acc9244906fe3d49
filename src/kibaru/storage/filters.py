"""Filters as a condition of SQL."""

from __future__ import annotations

from kibaru.types import Filters

_CONDITIONS = {
    "since": "articles.published >= :since",
    "until": "substr(articles.published, 1, 10) <= :until",
    "language": "articles.language = :language",
    "without": "articles.id != :without",
}


def condition(filters: Filters) -> str:
    """The SQL condition on the table `articles` that `filters` stand for; their fields are its named parameters."""
    return " and ".join(["true", *(part for name, part in _CONDITIONS.items() if getattr(filters, name))])
