"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from kibaru.text.dates import parse_date
from kibaru.text.languages import language_code

if TYPE_CHECKING:
    from kibaru.types import Filters

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
"""`--json`, which the command receives as `as_json`."""


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `--since`, `--until` and `--language`, which `filters_of` takes.

    Args:
        command: The function of the command.

    Returns:
        The same function with the three options.
    """
    for option in (
        click.option("--language", help="Only articles in this language (a code: fr, en, ar…)."),
        click.option("--until", help="Only articles published on this date or before."),
        click.option("--since", help="Only articles published on this date or after."),
    ):
        command = option(command)
    return command


def filters_of(since: str | None, until: str | None, language: str | None) -> Filters:
    """Parse the values of `filter_options`.

    Args:
        since: The first day of publication, in any spelling that `parse_date` knows.
        until: The last day of publication, likewise.
        language: A language code.

    Returns:
        The filters for a search or a list of articles.

    Raises:
        BadInput: A date or the language cannot be parsed.
    """
    from kibaru.types import Filters

    return Filters(day_of(since), day_of(until), language_code(language or ""))


def day_of(text: str | None) -> str | None:
    """Parse a date given on the command line.

    Args:
        text: The date in any spelling that `parse_date` knows, or None.

    Returns:
        The day as `YYYY-MM-DD`, or None where none was given.

    Raises:
        BadInput: The text is no date.
    """
    return parse_date(text).isoformat()[:10] if text else None
