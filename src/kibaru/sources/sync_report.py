"""What a sync reports: what became of each page, and a summary of a source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kibaru.sources.registry import Source

Change = Literal["added", "updated", "unchanged", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class Event:
    """What became of one page of a source.

    Attributes:
        title: The article's title, empty where there is no article.
        article: The article's id.
        why: Why it failed, empty when it did not.
    """

    change: Change
    url: str
    title: str = ""
    article: str | None = None
    why: str = ""


@dataclass(slots=True)
class Summary:
    """What a sync did to the articles of one source.

    Attributes:
        counts: Number of pages by what became of them.
        problem: What ended the sync early, None when it came to its end.
    """

    source: Source
    counts: dict[Change, int] = field(default_factory=dict)
    problem: str | None = None

    def __str__(self) -> str:
        """One line, such as "Le Journal: 12 added, 3 updated, 1 gone"."""
        counts = ", ".join(
            f"{count} {change}" for change, count in self.counts.items() if count and change != "unchanged"
        )
        return f"{self.source.title}: {counts or 'nothing new'}" + (f"; {self.problem}" if self.problem else "")
