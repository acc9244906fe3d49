"""Raising the hits that were published when a question is about.

What a reader means by a date is guessed, and an article may tell of other days than its own; so the date of
publication only adds to a score, and by so little that a clearly better match stays before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from kibaru.search.dates import Period, Timing
from kibaru.types import Filters

if TYPE_CHECKING:
    from kibaru.search.hybrid import Hit

OF_THE_PERIOD = 0.3
"""Added to the score (0…1) of a passage whose article was published in the days asked about."""

OF_NOW = 0.2
"""When a question is about now, this is added to the newest of the passages that score no more than as much below the
best, half of it to the next newest, and so on: one that is further below never comes first."""

_A_WEEK = timedelta(days=7)
_A_MONTH = timedelta(days=31)
_DELAY = timedelta(days=1)
"""What happens on a day, or in a week, is often published on the next day."""


def within(filters: Filters, period: Period) -> Filters | None:
    """What `filters` let pass of the days asked about; None when these are too many to look into apart."""
    if period.until - period.since > _A_MONTH:
        return None
    since, until = period.since.isoformat(), _published_until(period).isoformat()
    return replace(filters, since=max(filters.since or since, since), until=min(filters.until or until, until))


def timely(hits: Sequence[Hit], published: Mapping[str, str | None], timing: Timing) -> list[Hit]:
    """The hits with their scores raised, in no particular order; `published` gives each article's ISO date."""
    days = {id: date.fromisoformat(day[:10]) for id, day in published.items() if day}
    best = max((hit.score for hit in hits), default=0.0)
    close = {day for hit in hits if best - hit.score <= OF_NOW and (day := days.get(hit.passage.article_id))}
    newest_first = sorted(close, reverse=True)

    def bonus(hit: Hit) -> float:
        day = days.get(hit.passage.article_id)
        if day and timing.period and _is_of(day, timing.period):
            return OF_THE_PERIOD
        if timing.now and day in close and best - hit.score <= OF_NOW:
            return OF_NOW * 0.5 ** newest_first.index(day)
        return 0.0

    return [replace(hit, score=hit.score + bonus(hit)) for hit in hits]


def _is_of(day: date, period: Period) -> bool:
    return period.since <= day <= _published_until(period)


def _published_until(period: Period) -> date:
    is_short = period.until - period.since < _A_WEEK
    return period.until + is_short * _DELAY
