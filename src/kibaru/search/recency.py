"""Raising the scores of hits whose article was published at the time that a question is about.

What a reader means by a date is a guess, and an article may be about other days than the one it was published on. So
the date only adds a little to a score: a clearly better match stays first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from kibaru.search.dates import Period, Timing
from kibaru.search.hits import Hit
from kibaru.types import Filters

PERIOD_BONUS = 0.3
"""Added to the score (0…1) of a passage whose article was published in the days asked about."""

RECENCY_BONUS = 0.2
"""Added to the score of the newest passage when a question is about the present; half of it to the next newest, and so
on. Passages that score lower than the best by more than this get nothing, so they never come first."""

_WEEK = timedelta(days=7)
_MONTH = timedelta(days=31)
_PUBLISHING_DELAY = timedelta(days=1)
"""What happens on a day, or in a week, is often published on the next day."""


def narrowed_to(filters: Filters, period: Period) -> Filters | None:
    """The filters, narrowed to articles published in a period; None for a period longer than a month.

    So long a period needs no candidates of its own: the search of the whole archive finds enough of it.
    """
    if period.until - period.since > _MONTH:
        return None
    since, until = period.since.isoformat(), _published_until(period).isoformat()
    return replace(filters, since=max(filters.since or since, since), until=min(filters.until or until, until))


def boost_by_date(hits: Sequence[Hit], published: Mapping[str, str | None], timing: Timing) -> list[Hit]:
    """Raise the scores of hits whose article was published when the question is about.

    Args:
        hits: The hits.
        published: The ISO date of each article, by article id; None where it is unknown.
        timing: When the question is about.

    Returns:
        All hits in the order given, which need no longer be that of their scores.
    """
    days = {id: date.fromisoformat(day[:10]) for id, day in published.items() if day}
    best = max((hit.score for hit in hits), default=0.0)
    close = {day for hit in hits if best - hit.score <= RECENCY_BONUS and (day := days.get(hit.passage.article_id))}
    newest_first = sorted(close, reverse=True)

    def bonus(hit: Hit) -> float:
        day = days.get(hit.passage.article_id)
        if day and timing.period and _is_of(day, timing.period):
            return PERIOD_BONUS
        if timing.now and day in close and best - hit.score <= RECENCY_BONUS:
            return RECENCY_BONUS * 0.5 ** newest_first.index(day)
        return 0.0

    return [replace(hit, score=hit.score + bonus(hit)) for hit in hits]


def _is_of(day: date, period: Period) -> bool:
    return period.since <= day <= _published_until(period)


def _published_until(period: Period) -> date:
    is_short = period.until - period.since < _WEEK
    return period.until + is_short * _PUBLISHING_DELAY
