"""The command line: one verb a job. Parses, calls Kibaru, renders."""

from __future__ import annotations

import logging
import sqlite3
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kibaru import __version__
from kibaru.cli.evaluation import evaluation
from kibaru.cli.maintenance import backup, doctor, restore
from kibaru.cli.paths import NamedPath
from kibaru.cli.sources import source, sync
from kibaru.errors import BadInput, KibaruError, OutputClosed, explanation
from kibaru.terminal import json_line, tell, tell_styled
from kibaru.text.dates import parse_date
from kibaru.text.languages import language_code
from kibaru.text.plurals import counted

if TYPE_CHECKING:
    from kibaru.archive import Kibaru
    from kibaru.settings import Settings
    from kibaru.storage.store import Store
    from kibaru.types import Filters, Outcome

_DEMO_QUESTIONS = (
    "Quel est le bilan des inondations de Kankan ?",
    "Who won the Coupe des Balafons?",
    "Qui a gagné la Coupe du monde 1998 ?",
)


def main() -> None:
    """Run the command line; what Kibaru can explain ends in one line and its exit code."""
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


commands.add_command(evaluation)


def _json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def _filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--language", help="Only articles in this language (fr, en, ar…)."),
        click.option("--until", help="Only articles published on this date or before."),
        click.option("--since", help="Only articles published on this date or after."),
    ):
        command = option(command)
    return command


def _filters(since: str | None, until: str | None, language: str | None) -> Filters:
    from kibaru.types import Filters

    first, last = (parse_date(day).isoformat()[:10] if day else None for day in (since, until))
    return Filters(first, last, language_code(language or ""))


def _open(settings: Settings, *, create: bool = False) -> Kibaru:
    from kibaru.archive import Kibaru

    return Kibaru(settings, create=create)


def _open_store(settings: Settings) -> Store:
    """The articles alone: what only lists them need not wait for all that answers questions."""
    from kibaru.storage.store import DATABASE, Store

    return Store(settings.index / DATABASE)


@commands.command()
@click.argument("paths", nargs=-1, required=True, type=NamedPath())
@click.pass_obj
def add(settings: Settings, paths: tuple[str, ...]) -> None:
    """Add articles: files, folders and zip archives of them, pages on the web, or - for standard input.

    Kinds: .txt, .md, .jsonl, .csv, .html, .mhtml, .pdf, .docx, .odt, .epub, .eml.

    An article of the same URL, or the same id, replaces the one there was.
    """
    from kibaru.sources.single_pages import read_inputs

    with _open(settings, create=True) as kibaru:
        failures = _add(kibaru, read_inputs(settings, paths))
    if failures:
        sys.exit(2)


def _add(kibaru: Kibaru, items: Iterable[Any]) -> int:
    """Add, a line an article; returns how many inputs failed."""
    from kibaru.types import Failure

    counts = {"added": 0, "updated": 0, "unchanged": 0, "failed": 0}
    try:
        for outcome in kibaru.add(items):
            if isinstance(outcome, Failure):
                counts["failed"] += 1
                tell(f"kibaru: {outcome}", err=True)
            else:
                counts[outcome.change] += 1
                _tell_outcome(outcome)
    except KeyboardInterrupt:
        raise KibaruError(
            f"Adding was stopped after {_told(counts)}: what went in is kept; run it again to go on."
        ) from None
    tell(_told(counts))
    return counts["failed"]


def _tell_outcome(outcome: Outcome) -> None:
    tell(f"{outcome.change:9}  {outcome.article.id}  {outcome.article.title}")
    if outcome.alike:
        tell(f"           tells the same as {', '.join(outcome.alike)}")
    elif outcome.same_title:
        tell(
            f"kibaru: {outcome.same_title} has the same title; if this is its new version, "
            f"run 'kibaru remove {outcome.same_title}'",
            err=True,
        )


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {change}" for change, count in counts.items() if count) or "0 added"


@commands.command("list")
@_filter_options
@_json_option
@click.pass_obj
def list_(settings: Settings, since: str | None, until: str | None, language: str | None, as_json: bool) -> None:
    """List the articles, the newest first: id, date, language, title."""
    from kibaru.cli.rendering import article_json, article_line

    with _open_store(settings) as store:
        for article in store.articles(_filters(since, until, language)):
            line = json_line(article_json(article)) if as_json else article_line(article)
            tell_styled(line)


@commands.command()
@click.argument("id")
@click.option("--editions", is_flag=True, help="Then what it said before it was replaced, the latest first.")
@_json_option
@click.pass_obj
def show(settings: Settings, id: str, editions: bool, as_json: bool) -> None:
    """Print one article."""
    from kibaru.cli.rendering import article_text, edition_text
    from kibaru.storage.duplicates import links_of

    with _open(settings) as kibaru:
        article = kibaru.article(id)
        earlier = kibaru.store.editions(id) if editions else []
        alike = sorted(links_of(kibaru.store, [id]).get(id, ()))
    if as_json:
        record = asdict(article) | {"alike": alike}
        record |= {"editions": [asdict(edition) for edition in earlier]} if editions else {}
        tell(json_line(record))
    else:
        tell_styled("\n\n".join([article_text(article, alike), *map(edition_text, earlier)]))


@commands.command()
@click.argument("ids", nargs=-1, required=True)
@click.pass_obj
def remove(settings: Settings, ids: tuple[str, ...]) -> None:
    """Remove articles by id."""
    with _open(settings) as kibaru:
        removed = {article.id: article for article in kibaru.remove(ids)}
    for article in removed.values():
        tell(f"removed    {article.id}  {article.title}")
    missing = [id for id in ids if id not in removed]
    for id in missing:
        tell(f"kibaru: there is no article {id}", err=True)
    if missing:
        sys.exit(1)


@commands.command()
@click.pass_obj
def export(settings: Settings) -> None:
    """Print every article as a line of JSON, which 'kibaru add' takes back."""
    with _open_store(settings) as store:
        for article in store.articles():
            tell(json_line(asdict(article)))


@commands.command()
@click.option("--from-scratch", is_flag=True, help="Embed every passage again, also those that did not change.")
@click.pass_obj
def rebuild(settings: Settings, from_scratch: bool) -> None:
    """Build the index anew from the articles, then switch to it. The present one answers until then."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    with (
        _open(settings) as kibaru,
        Progress(
            TextColumn("indexing"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        ) as bar,
    ):
        task = bar.add_task("", total=None)
        try:
            built = kibaru.rebuild(
                from_scratch=from_scratch, progress=lambda done, total: bar.update(task, completed=done, total=total)
            )
        except KeyboardInterrupt:
            raise KibaruError("The rebuild was stopped: the old index still answers; run it again to go on.") from None
    tell(
        f"generation {built.generation}: {counted(built.articles, 'article')}, {counted(built.passages, 'passage')}, "
        f"{built.embedded} of them embedded"
    )


@commands.command()
@click.argument("question")
@click.option("--top", default=3, show_default=True, type=click.IntRange(1, 10), help="At most so many quotes.")
@_filter_options
@_json_option
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
    """Answer a question with quotes, or say that the articles don't tell (exit code 1)."""
    from kibaru.cli.rendering import answer_json, answer_text

    with _open(settings) as kibaru:
        answer = kibaru.ask(question, quotes=top, filters=_filters(since, until, language))
    tell_styled(json_line(answer_json(answer)) if as_json else answer_text(answer))
    if answer.is_refusal:
        sys.exit(1)


@commands.command()
@click.pass_obj
def chat(settings: Settings) -> None:
    """Ask again and again; the model stays loaded. An empty line or Ctrl-D ends."""
    with _open(settings) as kibaru:
        kibaru.check()
        _chat(kibaru)


def _chat(kibaru: Kibaru) -> None:
    from kibaru.cli.rendering import answer_text

    for question in iter(_next_question, ""):
        try:
            tell_styled(answer_text(kibaru.ask(question)) + "\n")
        except BadInput as error:
            tell(f"kibaru: {error}\n", err=True)


def _next_question() -> str:
    if sys.stdin.isatty():
        import readline  # noqa: F401  # gives input() a history and editing

        try:
            return input("? ").strip()
        except (EOFError, KeyboardInterrupt):
            tell_styled()
            return ""
    return next((line.strip() for line in sys.stdin if line.strip()), "")


@commands.command()
@_json_option
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Tell counts, dates, model, size and health of the archive (exit code 2 when it is not healthy)."""
    from kibaru.cli.rendering import status_json, status_text

    with _open(settings) as kibaru:
        state = kibaru.status()
    tell(json_line(status_json(state)) if as_json else status_text(state))
    if state.problem:
        sys.exit(2)


@commands.command()
@click.pass_obj
def demo(settings: Settings) -> None:
    """Try Kibaru on its sample articles, in an archive of their own: three questions, then yours."""
    from kibaru.cli.rendering import answer_text
    from kibaru.ingest.files import read_articles
    from kibaru.samples import SAMPLES

    with _open(settings.model_copy(update={"index": settings.index / "demo"}), create=True) as kibaru:
        _add(kibaru, read_articles([SAMPLES]))
        for question in _DEMO_QUESTIONS:
            tell_styled(f"\n{click.style('? ' + question, fg='cyan')}\n{answer_text(kibaru.ask(question))}")
        if sys.stdin.isatty():
            tell("\nYour turn (an empty line ends):")
            _chat(kibaru)


for command in (source, sync, doctor, backup, restore):
    commands.add_command(command)
