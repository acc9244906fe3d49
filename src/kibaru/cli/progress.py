"""The progress bar of long commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is in all."""


@contextmanager
def progress_bar(description: str = "") -> Iterator[Advance]:
    """Show a bar with the share done and the time left on standard error, or nothing where that is no terminal.

    Args:
        description: What stands before the bar until the first call.

    Yields:
        The function to call as the work goes on.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    ) as bar:
        task = bar.add_task(description, total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
