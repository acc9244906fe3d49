"""The command line's verbs for keeping an archive safe: `kibaru doctor`, `backup` and `restore`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kibaru.cli.paths import NamedPath
from kibaru.terminal import json_line, tell
from kibaru.text.plurals import counted

if TYPE_CHECKING:
    from kibaru.maintenance.checks import Finding
    from kibaru.settings import Settings


@click.command()
@click.option("--repair", "mending", is_flag=True, help="Mend what can be derived, then check again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_obj
def doctor(settings: Settings, mending: bool, as_json: bool) -> None:
    """Find what is wrong with the archive, and what to do (exit code 2 when something is)."""
    from kibaru.embedding.embedder import Embedder
    from kibaru.maintenance.doctor import examine, repair
    from kibaru.maintenance.replacement import set_aside

    embedder = Embedder(settings)
    findings = examine(settings, embedder)
    left, done = findings, list[str]()
    if not as_json:
        _print(findings)
    if mending and findings:
        left = repair(settings, embedder, findings, done.append if as_json else _mended)
        if not as_json and left:
            tell("Still wrong:")
            _print(left)
    aside = set_aside(settings.index)
    if as_json:
        record: dict[str, object] = {"healthy": not left, "findings": [asdict(finding) for finding in findings]}
        record |= {"set_aside": [{"folder": str(path), "bytes": size} for path, size in aside.items()]}
        record |= {"done": done, "left": [asdict(finding) for finding in left]} if mending else {}
        tell(json_line(record))
    else:
        for path, size in aside.items():
            tell(f"set aside  an earlier archive in {path} ({size / 1e6:.1f} MB): 'rm -r {path}' deletes it")
        if not left:
            tell(f"The archive in {settings.index} is healthy.")
    if left:
        sys.exit(2)


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        tell(f"{finding.problem}: {finding.remedy}.")


def _mended(step: str) -> None:
    tell(f"mended     {step}")


@click.command()
@click.argument("file", type=NamedPath(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(settings: Settings, file: Path) -> None:
    """Write the archive into FILE, replacing it; the bot may run meanwhile.

    Articles, vectors, questions, sources and the audit log are in it, nothing that tells who asked, and no setting.
    """
    from kibaru.maintenance.backup import back_up

    made = back_up(settings.index, file)
    size = file.stat().st_size / 1e6
    held = f"{counted(made.articles, 'article')} and {counted(made.questions, 'question')}"
    tell(f"backed up  {held} into {file} ({size:.1f} MB)")


@click.command()
@click.argument("file", type=NamedPath(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Also when there is an archive, which is set aside.")
@click.pass_obj
def restore(settings: Settings, file: Path, force: bool) -> None:
    """Put back the archive that 'kibaru backup' wrote into FILE, once all of it is verified."""
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
