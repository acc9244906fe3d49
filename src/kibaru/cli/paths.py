"""The type of the paths that are given to commands."""

from __future__ import annotations

from typing import Any

import click

from kibaru.errors import BadInput


class NamedPath(click.Path):
    """A path given to a command. An empty one, as from a variable that is not set, would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value):
            named = param.get_error_hint(ctx) if param and ctx else "A path"
            raise BadInput(f"{named} is empty: name a file or folder (is a variable not set?).")
        return super().convert(value, param, ctx)
