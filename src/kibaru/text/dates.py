"""Parsing dates of articles."""

from __future__ import annotations

import re
from datetime import date, datetime

from kibaru.errors import BadInput

_YEAR_FIRST = re.compile(r"(\d{4})\D(\d\d?)\D(\d\d?)(?!\d)")


def parse_date(written: str) -> date:
    """Parse a date, or a date and time, in ISO 8601 or as people write it: "11 novembre 2025", "11/11/2025".

    Numbers are taken as day, month, year.

    Returns:
        A datetime when a time is given, else a date.

    Raises:
        BadInput: The text is no date.
    """
    written = " ".join(written.split())
    for parse in (date.fromisoformat, datetime.fromisoformat):
        try:
            return parse(written)
        except ValueError:
            continue
    if re.search(r"\d", written) and len(written) <= 60 and not _is_impossible(written):
        import dateparser

        found: datetime | None = dateparser.parse(
            written, languages=["fr", "en"], settings={"DATE_ORDER": "DMY", "REQUIRE_PARTS": ["day", "month", "year"]}
        )
        if found is not None:
            return found if re.search(r"\d[:h]\d", written) else found.date()
    raise BadInput(f"{written[:60]!r} is no date (write 2025-11-11)")


def _is_impossible(written: str) -> bool:
    """Whether a text begins with year, month and day, but there is no such day: dateparser would swap day and month."""
    if begins := _YEAR_FIRST.match(written):
        try:
            date(*map(int, begins.groups()))
        except ValueError:
            return True
    return False
