"""Commands that answer questions: `kibaru ask`, `chat` and `demo`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from kibaru.cli.opening import open_archive
from kibaru.cli.options import filter_options, filters_of, json_option
from kibaru.errors import BadInput
from kibaru.terminal import json_line, tell, tell_styled

if TYPE_CHECKING:
    from kibaru.archive import Kibaru
    from kibaru.settings import Settings

DEMO_QUESTIONS = (
    "Quel est le bilan des inondations de Kankan ?",
    "Who won the Coupe des Balafons?",
    "Qui a gagné la Coupe du monde 1998 ?",
)
"""What `kibaru demo` asks: two questions that the sample articles answer, and one that they don't."""


@click.command()
@click.argument("question")
@click.option("--top", default=3, show_default=True, type=click.IntRange(1, 10), help="Show at most so many quotes.")
@filter_options
@json_option
@click.pass_obj
def ask(
    settings: Settings,
    question: str,
    top: int,
    since: str | None,
    until: str | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Answer a question with quotes, or say that the articles don't answer it (exit code 1)."""
    from kibaru.cli.rendering import answer_json, answer_text

    with open_archive(settings) as kibaru:
        answer = kibaru.ask(question, quotes=top, filters=filters_of(since, until, language))
    tell_styled(json_line(answer_json(answer)) if as_json else answer_text(answer))
    if answer.is_refusal:
        sys.exit(1)


@click.command()
@click.pass_obj
def chat(settings: Settings) -> None:
    """Answer one question after another with the model loaded once. An empty line or Ctrl-D ends."""
    with open_archive(settings) as kibaru:
        kibaru.check()
        _chat(kibaru)


@click.command()
@click.pass_obj
def demo(settings: Settings) -> None:
    """Try Kibaru on its sample articles, in an archive of their own: three questions, then yours."""
    from kibaru.cli.articles import add_and_print
    from kibaru.cli.rendering import answer_text
    from kibaru.ingest.files import read_articles
    from kibaru.samples import SAMPLES

    with open_archive(settings.model_copy(update={"index": settings.index / "demo"}), create=True) as kibaru:
        add_and_print(kibaru, read_articles([SAMPLES]))
        for question in DEMO_QUESTIONS:
            tell_styled(f"\n{click.style('? ' + question, fg='cyan')}\n{answer_text(kibaru.ask(question))}")
        if sys.stdin.isatty():
            tell("\nYour turn (an empty line ends):")
            _chat(kibaru)


def _chat(kibaru: Kibaru) -> None:
    from kibaru.cli.rendering import answer_text

    for question in iter(_next_question, ""):
        try:
            tell_styled(answer_text(kibaru.ask(question)) + "\n")
        except BadInput as error:
            tell(f"kibaru: {error}\n", err=True)


def _next_question() -> str:
    """The next question from a terminal or a pipe; empty at its end."""
    if sys.stdin.isatty():
        import readline  # noqa: F401  # gives input() a history and editing

        try:
            return input("? ").strip()
        except (EOFError, KeyboardInterrupt):
            tell_styled()
            return ""
    return next((line.strip() for line in sys.stdin if line.strip()), "")
