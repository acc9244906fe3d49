"""Files of an archive cut off, with flipped bits, with a page of zeros, or swapped for those of another archive."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from injection.cases import Case
from injection.outside import Ended, Worker
from injection.scenes import QUESTION, Articles, articles_of

_FILES = ("kibaru.db", "kibaru.db-wal", "manifest.json", "vectors-*")
_WAYS = ("truncated", "flipped", "zeroed", "swapped")
_PAGE = 4096
_ASK = ("kibaru", "ask", "--json", QUESTION)
_EXPORT = ("kibaru", "export")


def cases(count: int, seed: int) -> Iterator[Case]:
    """Each way of damage to each file, in turn."""
    drawn = random.Random(seed + 4)
    for number in range(count):
        way, file = _WAYS[number % len(_WAYS)], _FILES[number // len(_WAYS) % len(_FILES)]
        yield Case(f"damage: {file} {way}", "damage", drawn.random())


def run(worker: Worker, before: Path, other: Path, folder: Path, case: Case) -> tuple[bool, list[str], object]:
    """Damage a copy of the archive `before`, beside which is a backup, and look at it as an editor would.

    Returns whether the doctor found something, what did not hold, and what was seen.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(before, folder)
    _leave_log(folder / "index")
    (whole,) = worker.run(folder, [_EXPORT])
    shutil.rmtree(folder)
    shutil.copytree(before, folder)
    _leave_log(folder / "index")
    _, name, way = case.scene.split(" ")
    file = next(path for path in (folder / "index").rglob(name) if path.is_file())
    _damage(file, way, other, case.moment)
    doctor = ("kibaru", "doctor", "--json")
    ended = worker.run(
        folder,
        [_ASK, _EXPORT, doctor, (*doctor, "--repair"), _ASK, _EXPORT, doctor,
         ("kibaru", "restore", "--force", "b.kibaru"), _EXPORT, doctor, _ASK],
    )  # fmt: skip
    return ended[2].code != 0, list(_wrong(articles_of(whole) or {}, ended)), ended


def _leave_log(index: Path) -> None:
    """Let the last change be in the write-ahead log only, as when the bot is killed."""
    database = index / "kibaru.db"
    with sqlite3.connect(database) as connection:
        connection.execute("pragma wal_autocheckpoint = 0")
        connection.execute("create table if not exists robots (origin text primary key, asked text, body blob)")
        connection.execute(
            "insert or replace into robots values ('https://fleuve.example', '2026-11-24', ?)", [bytes(20_000)]
        )
        connection.commit()
        log = database.with_name(f"{database.name}-wal")
        kept = log.read_bytes()
        data = database.read_bytes()
    connection.close()
    database.write_bytes(data)
    log.write_bytes(kept)
    log.chmod(0o600)


def _damage(file: Path, way: str, other: Path, where: float) -> None:
    data = bytearray(file.read_bytes())
    at = int(where * len(data))
    match way:
        case "truncated":
            del data[at:]
        case "flipped":
            data[at] ^= 1 << int(where * 1_000_003) % 8
        case "zeroed":
            at -= at % _PAGE
            data[at : at + _PAGE] = bytes(len(data[at : at + _PAGE]))
        case "swapped":
            same = file.name if file.name.startswith(("kibaru", "manifest")) else "vectors-*"
            if file.name.endswith("-wal"):
                _leave_log(other / "index")
            data = bytearray(next((other / "index").rglob(same)).read_bytes())
    file.write_bytes(data)


def _wrong(whole: Articles, ended: list[Ended]) -> Iterator[str]:
    ask, export, doctor, mend, ask_then, export_then, doctor_then, restore, export_last, healthy, ask_last = ended
    for each in ended:
        if "Traceback" in each.err:
            yield f"a traceback: {each.err.strip().splitlines()[-1]}"
        elif each.code and not each.out.startswith("{") and each.err.count("\n") != 1:
            yield f"not one line of what is wrong: {each.out!r} {each.err!r}"
    if doctor.code == 0 and articles_of(export) != whole:
        yield "healthy, says the doctor, but the articles are others"
    if doctor.code == 0 and not _answers(ask, whole):
        yield f"healthy, says the doctor, but no answer: {ask}"
    if doctor.code == 2 and not doctor.out and "restore" not in doctor.err:
        yield f"the doctor does not say what to do: {doctor.err!r}"
    if ask.code == 0 and not _answers(ask, whole):
        yield f"an answer that no article gives: {ask.out}"
    if mend.code == 0 and articles_of(export_then) != whole:
        yield "mended, says the doctor, but the articles are others"
    if mend.code == 0 and not _answers(ask_then, whole):
        yield f"mended, says the doctor, but no answer: {ask_then}"
    if mend.code == 0 and doctor_then.code != 0:
        yield f"mended, says the doctor, then {doctor_then.out}"
    if mend.code == 2 and "restore" not in mend.out + mend.err:
        yield f"not mended, and nothing said of a backup: {mend.out} {mend.err}"
    if restore.code != 0 or healthy.code != 0 or len(articles_of(export_last) or ()) != 6:
        yield f"the backup does not come back: {restore} {healthy}"
    elif not _answers(ask_last, whole):
        yield f"no answer after the backup came back: {ask_last}"


def _answers(asked: Ended, whole: Articles) -> bool:
    """Whether it quotes an article word for word."""
    try:
        quotes = json.loads(asked.out)["quotes"]
    except (ValueError, KeyError):
        return False
    texts = [text for _, text in whole.values()]
    return bool(quotes) and all(any(quote["text"] in text for text in texts) for quote in quotes)
