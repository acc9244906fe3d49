"""Commands that keep an archive safe: `kibaru doctor`, `backup` and `restore`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kibaru.cli.options import json_option
from kibaru.cli.paths import NamedPath
from kibaru.terminal import json_line, tell
from kibaru.text.plurals import counted

if TYPE_CHECKING:
    from kibaru.maintenance.checks import Finding
    from kibaru.settings import Settings


@click.command()
@click.option("--repair", "repairing", is_flag=True, help="Repair what follows from the articles, then check again.")
@json_option
@click.pass_obj
def doctor(settings: Settings, repairing: bool, as_json: bool) -> None:
    """Find what is wrong with the archive, and what to do (exit code 2 when something is)."""
    from kibaru.embedding.embedder import Embedder
    from kibaru.maintenance.doctor import examine, repair
    from kibaru.maintenance.replacement import set_aside

    embedder = Embedder(settings)
    findings = examine(settings, embedder)
    left, done = findings, list[str]()
    if not as_json:
        _print_findings(findings)
    if repairing and findings:
        left = repair(settings, embedder, findings, done.append if as_json else _print_repair)
        if not as_json and left:
            tell("Still wrong:")
            _print_findings(left)
    aside = set_aside(settings.index)
    if as_json:
        record: dict[str, object] = {"healthy": not left, "findings": [asdict(finding) for finding in findings]}
        record |= {"set_aside": [{"folder": str(path), "bytes": size} for path, size in aside.items()]}
        record |= {"done": done, "left": [asdict(finding) for finding in left]} if repairing else {}
        tell(json_line(record))
    else:
        for path, size in aside.items():
            tell(f"set aside  an earlier archive in {path} ({size / 1e6:.1f} MB): 'rm -r {path}' deletes it")
        if not left:
            tell(f"The archive in {settings.index} is healthy.")
    if left:
        sys.exit(2)


def _print_findings(findings: list[Finding]) -> None:
    for finding in findings:
        tell(f"{finding.problem}: {finding.remedy}.")


def _print_repair(step: str) -> None:
    tell(f"repaired   {step}")


@click.command()
@click.argument("file", type=NamedPath(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(settings: Settings, file: Path) -> None:
    """Write the archive into FILE, which is replaced if it is there. The bot may run meanwhile.

    Articles with their editions, vectors, questions, sources and the audit log are in it. Who asked and settings such
    as the bot's token are not.
    """
    from kibaru.maintenance.backup import back_up

    made = back_up(settings.index, file)
    size = file.stat().st_size / 1e6
    held = f"{counted(made.articles, 'article')} and {counted(made.questions, 'question')}"
    tell(f"backed up  {held} into {file} ({size:.1f} MB)")


@click.command()
@click.argument("file", type=NamedPath(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Also where there is an archive already: it is set aside.")
@click.pass_obj
def restore(settings: Settings, file: Path, force: bool) -> None:
    """Put back the archive that 'kibaru backup' wrote into FILE, after all of it has been verified."""
    from kibaru.embedding.embedder import Embedder
    from kibaru.maintenance.restore import restore as put_back

    restored = put_back(settings, Embedder(settings), file, force=force)
    if restored.aside:
        tell(f"set aside  the archive there was, in {restored.aside}")
    built = restored.built
    tell(
        f"restored   {counted(built.articles, 'article')} as of {restored.manifest.made}: "
        f"{counted(built.passages, 'passage')}, {built.embedded} of them embedded"
    )
