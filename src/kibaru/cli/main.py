"""The `kibaru` command: its group of commands, and how errors end it."""

from __future__ import annotations

import logging
import sqlite3
import sys

import click

from kibaru import __version__
from kibaru.cli import articles, asking, evaluation, index, maintenance, sources
from kibaru.errors import KibaruError, OutputClosed, explanation
from kibaru.process import prepare
from kibaru.terminal import tell


def main() -> None:
    """Run the command line; an error that Kibaru can explain ends it with one line and an exit code."""
    prepare()
    try:
        commands()
    except OutputClosed as error:
        sys.exit(error.exit_code)
    except KibaruError as error:
        _fail(str(error), error.exit_code)
    except (sqlite3.Error, OSError) as error:
        from kibaru.settings import load_settings

        _fail(str(explanation(error, load_settings().index)), 2)


def _fail(message: str, code: int) -> None:
    tell(f"kibaru: {message}", err=True)
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kibaru")
@click.pass_context
def commands(context: click.Context) -> None:
    """Kibaru answers questions about your articles, with quotes word for word and their source.

    Where the archive is and which model it uses are settings: see .env.example.
    """
    from kibaru.settings import load_settings

    context.obj = settings = load_settings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


for command in (
    *(articles.add, articles.list_, articles.show, articles.remove, articles.export),
    *(asking.ask, asking.chat, asking.demo),
    *(index.rebuild, index.status),
    *(sources.source, sources.sync),
    *(maintenance.doctor, maintenance.backup, maintenance.restore),
    evaluation.evaluation,
):
    commands.add_command(command)
