"""Commands about the index: `kibaru rebuild` and `status`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from kibaru.cli.opening import open_archive
from kibaru.cli.options import json_option
from kibaru.cli.progress import progress_bar
from kibaru.errors import KibaruError
from kibaru.terminal import json_line, tell
from kibaru.text.plurals import counted

if TYPE_CHECKING:
    from kibaru.settings import Settings


@click.command()
@click.option("--from-scratch", is_flag=True, help="Embed every passage again, also those that did not change.")
@click.pass_obj
def rebuild(settings: Settings, from_scratch: bool) -> None:
    """Build a new index from the articles, then switch to it. The present one answers until then."""
    with open_archive(settings) as kibaru, progress_bar("indexing") as advance:
        try:
            built = kibaru.rebuild(
                from_scratch=from_scratch, progress=lambda done, total: advance("indexing", done, total)
            )
        except KeyboardInterrupt:
            raise KibaruError("The rebuild was stopped: the old index still answers; run it again to go on.") from None
    tell(
        f"generation {built.generation}: {counted(built.articles, 'article')}, {counted(built.passages, 'passage')}, "
        f"{built.embedded} of them embedded"
    )


@click.command()
@json_option
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Print counts, dates, model, size and health of the archive (exit code 2 when it is not healthy)."""
    from kibaru.cli.rendering import status_json, status_text

    with open_archive(settings) as kibaru:
        state = kibaru.status()
    tell(json_line(status_json(state)) if as_json else status_text(state))
    if state.problem:
        sys.exit(2)
