"""Paths that commands are told to read or write: what they must not be."""

from __future__ import annotations

from typing import Any

import click

from kibaru.errors import BadInput


class NamedPath(click.Path):
    """A path of the command line. One that is empty, as of a variable that is not set, would be the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value):
            named = param.get_error_hint(ctx) if param and ctx else "A path"
            raise BadInput(f"{named} is empty: name a file or folder (is a variable not set?).")
        return super().convert(value, param, ctx)
