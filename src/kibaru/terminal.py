"""Printing to a terminal safely: control characters in articles, names and messages are shown, never executed."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import click

from kibaru.errors import OutputClosed, StorageError

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters except line feed and tab, of C0 and C1; and surrogates, which cannot be encoded."""

_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of writing (UAX 9): they can make `exe.txt` look like `txt.exe`."""


def harmless(text: str) -> str:
    """Replace control characters of a text by U+FFFD, and remove those that change the direction of writing."""
    return _DIRECTION.sub("", _CONTROL.sub("\ufffd", text))


def one_line(text: str) -> str:
    """Make a text harmless, and put it on one line."""
    return harmless(text.replace("\n", " "))


def tell(text: str = "", *, err: bool = False) -> None:
    """Print a line of harmless text.

    Args:
        text: The line; control characters are replaced.
        err: Whether to print on standard error.

    Raises:
        OutputClosed: The program that reads standard output has ended.
        StorageError: Standard output cannot be written.
    """
    tell_styled(harmless(text), err=err)


def tell_styled(text: str = "", *, err: bool = False) -> None:
    """Print a line unchanged, with its terminal styles.

    Args:
        text: The line, harmless but for its styles.
        err: Whether to print on standard error, where errors of writing are ignored.

    Raises:
        OutputClosed: The program that reads standard output has ended.
        StorageError: Standard output cannot be written.
    """
    try:
        click.echo(text, err=err)
    except OSError as error:
        if err:
            return
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still in the buffer goes there at exit
        if isinstance(error, BrokenPipeError):
            raise OutputClosed("Nobody reads standard output any more.") from None
        raise StorageError(
            f"Standard output cannot be written ({error.strerror}): check free space and permissions where it goes."
        ) from error


def json_line(value: Any) -> str:
    """Serialize a value as JSON on one line, with control characters escaped so that a terminal can show it."""
    text = json.dumps(value, ensure_ascii=False)
    return _DIRECTION.sub(_escaped, _CONTROL.sub(_escaped, text))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
