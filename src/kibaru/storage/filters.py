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
    """A condition on the table `articles`, with the fields of `filters` as named parameters."""
    return " and ".join(["true", *(part for name, part in _CONDITIONS.items() if getattr(filters, name))])
