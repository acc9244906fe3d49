"""Signs of life: a lock and a file in the archive's folder for `kibaru-bot health`, and systemd's watchdog.

The lock is held while the bot runs, and by one bot alone. The others are given only while the thread that answers
questions does, and the event loop and the store too: each sign passes through all of them. A bot that hangs falls
silent.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from kibaru.errors import BadInput, explanation

_FILE = "kibaru-bot.json"
_LOCK = "kibaru-bot.lock"
_LOCK_SECONDS = 1.0
"""How long a start waits for the lock, which `health` tries for a moment."""

SECONDS = 5.0
"""Between two signs of life."""

SILENT = 60.0
"""Seconds after which the thread that answers is held to hang: it tries itself out every 15."""


@dataclass(frozen=True, slots=True)
class Sign:
    """How the bot is at a moment (Unix time); `problem` says why it cannot answer."""

    at: float
    waiting: int
    problem: str | None


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """This process is the only bot of the archive in `folder` until the block ends, or the process: then the system
    lets go of the lock. Raises BadInput when another is, and StorageError when the folder cannot be written."""
    lock = FileLock(folder / _LOCK, timeout=_LOCK_SECONDS, mode=0o600)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire()
    except Timeout:
        raise BadInput(f"Another kibaru-bot runs with the archive in {folder}: stop it first.") from None
    except OSError as error:
        raise explanation(error, folder) from error
    try:
        yield
    finally:
        lock.release()


def _nobody_runs(folder: Path) -> bool:
    if not (folder / _LOCK).exists():
        return True
    try:
        with FileLock(folder / _LOCK, timeout=0, mode=0o600):
            return True
    except OSError:  # a bot holds it, or it is another user's
        return False


def give(folder: Path, sign: Sign) -> None:
    """Leave a sign of life, for this machine's user only."""
    building = folder / f".{_FILE}.{os.getpid()}"
    with os.fdopen(os.open(building, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(sign), file)
    building.replace(folder / _FILE)


def end(folder: Path) -> None:
    """The bot has ended as it should; on a disk that has become read-only, the lock says so alone."""
    with contextlib.suppress(OSError):
        (folder / _FILE).unlink(missing_ok=True)


def health(folder: Path) -> tuple[bool, str]:
    """Whether the bot of this archive runs and can answer, and a line that says so."""
    if _nobody_runs(folder):
        killed = ": it was killed, start it again" if (folder / _FILE).exists() else ""
        return False, f"no bot runs with the archive in {folder}{killed}"
    try:
        sign = Sign(**json.loads((folder / _FILE).read_text("utf-8")))
    except FileNotFoundError:
        return False, f"the bot of the archive in {folder} has given no sign of life yet: it is starting"
    except (OSError, ValueError, TypeError) as error:
        return False, f"{folder / _FILE} cannot be read ({type(error).__name__}): is the bot another user's?"
    age = time.time() - sign.at
    if abs(age) > SILENT:
        return False, f"no sign of life for {age:.0f} s: the bot hangs; start it again"
    if sign.problem:
        return False, f"questions cannot be answered: {sign.problem}"
    return True, f"healthy: {sign.waiting} questions wait, last sign of life {max(0, age):.0f} s ago"


def tell_systemd(state: str) -> None:
    """Say something to systemd (sd_notify(3)), where it has started us with Type=notify. Raises OSError when it does
    not listen, and waits for nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.setblocking(False)
            notify.connect("\0" + address[1:] if address.startswith("@") else address)
            notify.sendall(state.encode())
