"""Words on their way to a terminal, which obeys what it is given: what articles, sites, readers and files are called or
say is only ever shown."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import click

from kibaru.errors import OutputClosed, StorageError

_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but line ends and tabs, those of one byte with the eighth bit too; and halves of characters, which
no terminal is sent."""

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of writing (UAX 9): behind one, `exe.txt` may read `txt.exe`. Letters have their own."""


def harmless(text: str) -> str:
    """`text` with a sign in place of each character that a terminal obeys, and without what turns its writing."""
    return _TURNS.sub("", _OBEYED.sub("\ufffd", text))


def one_line(text: str) -> str:
    """The same on one line."""
    return harmless(text.replace("\n", " "))


def tell(text: str = "", *, err: bool = False) -> None:
    """Print a line, on standard error with `err`, none of which is obeyed."""
    tell_styled(harmless(text), err=err)


def tell_styled(text: str = "", *, err: bool = False) -> None:
    """Print a line as it stands, with the styles that it has.

    Raises OutputClosed when nobody reads it any more, StorageError when it cannot be written. When it is standard error
    that cannot, nobody could be told.
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
    """JSON on one line for programs, which can be looked at too: what a terminal obeys is escaped, so that nothing is
    lost."""
    text = json.dumps(value, ensure_ascii=False)
    return _TURNS.sub(_escaped, _OBEYED.sub(_escaped, text))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
