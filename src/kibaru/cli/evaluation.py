"""Commands that measure answers: `kibaru eval`, `eval compare` and `eval export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kibaru.cli.options import json_option
from kibaru.cli.paths import NamedPath
from kibaru.cli.progress import progress_bar
from kibaru.errors import BadInput, StorageError
from kibaru.storage.outside import check_outside
from kibaru.terminal import harmless, json_line, tell, tell_styled
from kibaru.text.languages import language_code
from kibaru.text.plurals import counted

if TYPE_CHECKING:
    from kibaru.evaluation.sets import Split
    from kibaru.settings import Settings

_File = NamedPath(path_type=Path)


class _RunByDefault(click.Group):
    """A group whose command `run` may be left out: `kibaru eval DIR` is `kibaru eval run DIR`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("eval", cls=_RunByDefault)
def evaluation() -> None:
    """Measure answers on questions whose answers are known: 'kibaru eval DIR'."""


@evaluation.command()
@click.argument("questions", type=_File, metavar="DIR")
@click.option(
    "--split",
    type=click.Choice(["held-out", "tuning", "all"]),
    default="held-out",
    show_default=True,
    help="Which half of the questions to ask (by a hash of their ids): tune on one, report the other.",
)
@click.option("--language", help="The language of articles that name none (by default it is detected).")
@click.option("--save", type=_File, metavar="FILE", help="Write the results here, a line of JSON for each question.")
@click.option("--errors", type=_File, metavar="FILE", help="Write the wrong answers here, to read; - prints them.")
@click.option("--picture", type=_File, metavar="FILE", help="Draw the reliability diagram (PNG; needs matplotlib).")
@json_option
@click.pass_obj
def run(
    settings: Settings,
    questions: Path,
    split: Split,
    language: str | None,
    save: Path | None,
    errors: Path | None,
    picture: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Ask the questions of DIR and print figures with their intervals. The word 'run' may be left out.

    DIR has questions.jsonl and articles.jsonl. Given questions without articles, or a file of questions, your own
    archive is asked.
    """
    for path in filter(None, (save, errors, picture)):
        if not path.parent.is_dir():
            raise BadInput(f"{path}: there is no folder {path.parent} to write it into.")
        if str(path) != "-":
            check_outside(settings.index, path)
    code = language_code(language or "")

    from kibaru.evaluation.figures import tables
    from kibaru.evaluation.picture import check_pictures, save_reliability
    from kibaru.evaluation.results import run_lines
    from kibaru.evaluation.run import run_set
    from kibaru.evaluation.sets import read_set
    from kibaru.evaluation.tables import errors_text, run_json, run_text

    if picture:
        check_pictures()
    evaluated = read_set(questions, code)
    with progress_bar() as progress:
        result = run_set(evaluated, settings, split, progress)
    if save:
        _write(save, run_lines(result))
    measured = tables(result)
    if as_json:
        tell(json_line(run_json(result, measured)))
    else:
        tell(run_text(result, measured))
    if errors:
        _write(errors, harmless(errors_text(result)) + "\n")
    if picture:
        save_reliability(result, picture)


@evaluation.command()
@click.argument("before", type=_File)
@click.argument("after", type=_File)
@json_option
def compare(before: Path, after: Path, as_json: bool) -> None:
    """Compare two files of --save, question by question: what got better, what got worse."""
    from kibaru.evaluation.figures import comparisons
    from kibaru.evaluation.results import read_run
    from kibaru.evaluation.tables import comparison_json, comparison_text

    runs = read_run(before), read_run(after)
    compared = comparisons(*runs)
    if not compared:
        raise BadInput(f"{before} and {after} have no question in common.")
    if as_json:
        tell(json_line(comparison_json(*runs, compared)))
    else:
        tell(comparison_text(*runs, compared))


@evaluation.command()
@click.argument("folder", type=_File, metavar="DIR")
@click.pass_obj
def export(settings: Settings, folder: Path) -> None:
    """Write a set of questions into DIR, made of your articles, their headlines and readers' questions and votes.

    It does not say who asked. Look through questions.jsonl before you rely on it: rows with "to_check" are guesses.
    """
    from kibaru.evaluation.export import export_set

    made = export_set(settings, folder)
    tell(
        f"{folder}: {counted(made.articles, 'article')}, {counted(made.headlines, 'headline')}; to check: "
        f"{counted(made.questions, 'question')} voted helpful, {made.unanswerable} refused or voted unhelpful"
    )
    if made.personal:
        tell(f"left out: {counted(made.personal, 'question')} with an address, a telephone number or a @name")


def _write(path: Path, text: str) -> None:
    if str(path) == "-":
        tell_styled(text.removesuffix("\n"))
        return
    try:
        with click.open_file(str(path), "w", encoding="utf-8", atomic=True) as stream:
            stream.write(text)
    except OSError as error:
        raise StorageError(f"{path}: it cannot be written ({error.strerror or error}).") from error
