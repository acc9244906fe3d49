"""Whether all that must hold after a fault does hold: looked at by running commands, as an editor would."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from injection.outside import Command, Ended, Worker
from injection.scenes import ASKED, QUESTION, Articles, Scene, articles_of, reported

_DOCTOR = ("kibaru", "doctor", "--json")
_ASK = ("kibaru", "ask", "--json", QUESTION)
_EXPORT = ("kibaru", "export")
_KNOWN = re.compile(
    r"kibaru\.db(-wal|-shm)?|[\w-]+\.lock|generation-\d+(/(manifest\.json|vectors-\d+-\d+\.faiss|snapshot\.lock))?"
    r"|(replaced|damaged)-\d{8}-\d{6}-\w+(/.*)?"
)


@dataclass(frozen=True)
class Looked:
    """What the commands run after a fault showed."""

    asked: Ended
    found: Articles | None
    examined: Ended
    mended: Ended
    asked_then: Ended
    again: Ended
    last: Articles | None
    healthy: Ended
    asked_last: Ended


def look(worker: Worker, scene: Scene, folder: Path) -> Looked:
    """Ask, examine, repair, run the command again, as somebody who knows nothing of the fault."""
    commands: Sequence[Command] = [
        _ASK, _EXPORT, _DOCTOR, ("kibaru", "doctor", "--repair", "--json"), _ASK, scene.command, _EXPORT, _DOCTOR, _ASK,
    ]  # fmt: skip
    ask, export, examine, mend, ask_then, again, export_last, healthy, ask_last = worker.run(folder, commands)
    found, last = articles_of(export), articles_of(export_last)
    return Looked(ask, found, examine, mend, ask_then, again, last, healthy, ask_last)


def violations(scene: Scene, folder: Path, ended: Ended, looked: Looked, *, failed: bool = False) -> Iterator[str]:
    """What does not hold, a line each. `failed`: the command was not killed, so it must have said what went wrong."""
    told = [ended, *vars(looked).values()]
    for each in told:
        if isinstance(each, Ended) and "Traceback" in each.err:
            yield f"a traceback: {each.err.strip().splitlines()[-1]}"
    if failed and ended.code not in (0, 1, 2):
        yield f"it ended with {ended.code}"
    if failed and ended.code and ended.err.count("\n") != 1:
        yield f"not one line of what went wrong: {ended.err!r} {ended.out!r}"
    there = looked.found if looked.found is not None else {}
    if looked.found is None and scene.old and not scene.unasked:
        yield "the articles cannot be listed"
    elif not (looked.found is None and scene.unasked) and not scene.is_allowed(there, reported(ended)):
        yield f"neither the old nor the new state: {sorted(there)}, reported {reported(ended)}"
    if looked.found is None and reported(ended):
        yield "articles reported added cannot be listed"
    if not scene.unasked:
        yield from _unanswered(looked.asked, scene, "at once")
    yield from _unhealthy(scene, looked)
    if looked.last != scene.new:
        yield f"run again it does not come to the new state: {looked.again.err or looked.again.out!r}"
    if looked.healthy.code != 0:
        yield f"not healthy in the end: {looked.healthy.out} {looked.healthy.err}"
    yield from _unanswered(looked.asked_last, scene, "in the end")
    for path in left_over(folder):
        yield f"{path} is left over and nobody says so"


def _unhealthy(scene: Scene, looked: Looked) -> Iterator[str]:
    if (
        looked.mended.code == 2 and not looked.mended.out and scene.unasked and looked.found is None
    ):  # there is no archive yet, it says
        return
    try:
        findings = json.loads(looked.examined.out)["findings"]
        left = json.loads(looked.mended.out)["left"]
    except (ValueError, KeyError):
        yield f"the doctor does not say: {looked.examined} {looked.mended}"
        return
    if any(finding["lost"] for finding in findings):
        yield f"something is lost: {findings}"
    if left:
        yield f"not mended: {left}"
    if (looked.examined.code == 0) == bool(findings):
        yield "the doctor's exit code and findings disagree"
    if not left and looked.found:
        yield from _unanswered(looked.asked_then, scene, "after the repair")


def _unanswered(asked: Ended, scene: Scene, when: str) -> Iterator[str]:
    known = [state[ASKED][1] for state in (scene.old, scene.new) if ASKED in state]
    if not known:  # an archive with other articles: it must answer or refuse
        if asked.code not in (0, 1):
            yield f"no answer {when}: {asked.err or asked.out!r}"
        return
    try:
        quotes = [quote["text"] for quote in json.loads(asked.out)["quotes"]]
    except (ValueError, KeyError):
        quotes = []
    if not quotes or not any(quotes[0] in text for text in known):
        yield f"no answer {when}: {asked.code} {asked.err or asked.out!r}"


def left_over(folder: Path) -> list[str]:
    """What is in the folder and its archive after all is repaired, though it belongs to nothing."""
    index = folder / "index"
    unknown = [str(path.relative_to(index)) for path in index.rglob("*")]
    unknown = [name for name in unknown if not _KNOWN.fullmatch(name)]
    return sorted(unknown + [path.name for path in folder.glob(".*")])


def fresh(scene: Scene, folder: Path) -> Path:
    """A copy of the scene's folder to run it in."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(scene.before, folder)
    return folder
