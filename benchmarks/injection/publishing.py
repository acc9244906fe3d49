"""Publishing from Telegram, with a bot that is killed or whose disk fails, against the strict Bot API server."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

from injection.cases import Case
from injection.outside import ROOT, Fault, Worker
from injection.scenes import articles_of

sys.path.insert(0, str(ROOT / "tests"))

from fakes.bot_api import BotApiServer, FloodLimits, Message

_ADMIN = 4242
_TITLE = "La digue de Djenné"
_TEXT = "La digue de Djenné a tenu pendant la crue. Les riverains ont veillé trois nuits durant."
_SECONDS = 40.0
_PATIENCE = 8.0
"""Seconds after which somebody sees to a disk that goes on failing, and starts the bot anew."""

_calls: list[int] = []
_seen: list[int] = []
"""How many calls the last bot made that was not killed, when its calls were counted."""


class _Publishing:
    """An admin who sends an article and presses Publish, and starts the bot anew whenever it has ended."""

    def __init__(self, worker: Worker, server: BotApiServer, folder: Path, fault: Fault | None) -> None:
        self._worker, self._server, self._folder, self._fault = worker, server, folder, fault
        self._environment = {
            "TELEGRAM_BOT_TOKEN": server.token, "KIBARU_TELEGRAM_API": server.url, "KIBARU_ADMINS": str(_ADMIN),
        }  # fmt: skip
        self.starts = 0
        self.log = ""
        self._pid = 0

    def publish(self) -> Message:
        """Have the article published; the preview as it then stands."""
        admin = self._server.user("Mariam", language_code="fr", id=_ADMIN)
        said = self._server.say(admin, admin, f"/add {_TITLE}\n{_TEXT}")
        self._start()
        previews: list[Message] = []

        def asked_and_shown() -> bool:
            """Whether it says what became of it, after Publish was pressed on whatever preview there is."""
            for message in self._server.messages(admin, from_bot=True):
                if message.id > said.id and "Publier" in message.labels and message.id not in pressed:
                    self._server.press(admin, message, "Publier")
                    pressed.add(message.id)
                    previews.append(message)
            return any(not self._server.current(each).labels for each in previews)

        pressed: set[int] = set()
        self._until(asked_and_shown)
        settled = time.monotonic() + 0.2
        self._until(lambda: time.monotonic() > settled and not self._server.pending)
        return next(message for each in previews if not (message := self._server.current(each)).labels)

    def stop(self) -> None:
        """End the bot as SIGTERM does."""
        os.kill(self._pid, 15)
        end = time.monotonic() + _SECONDS
        while not self._worker.poll(self._pid):
            if time.monotonic() > end:
                os.kill(self._pid, 9)
                self._worker.poll(self._pid)
            time.sleep(0.02)
        (ended,) = self._worker.results(self._pid)
        self.log += ended.err + ended.out

    def _start(self) -> None:
        fault = self._fault if not self.starts else None
        self._pid = self._worker.start(self._folder, [("kibaru-bot",)], fault, **self._environment)
        self.starts += 1

    def _until(self, done: Callable[[], bool]) -> None:
        began = time.monotonic()
        end = began + _SECONDS
        while not done():
            if self._fault and self._fault.lasting and self.starts == 1 and time.monotonic() > began + _PATIENCE:
                os.kill(self._pid, 9)
            if self._worker.poll(self._pid):
                (ended,) = self._worker.results(self._pid)
                self.log += ended.err + ended.out
                self._start()
            if time.monotonic() > end:
                raise TimeoutError(f"the admin was not told within {_SECONDS:.0f} s")
            time.sleep(0.02)


def run(worker: Worker, before: Path, folder: Path, case: Case) -> tuple[bool, list[str], object]:
    """Whether the fault hit, what did not hold, and what the bot logged."""
    if not _calls:
        _once(worker, before, folder, Fault())
        _calls.append(_seen[-1])
        assert _calls[0] > 100, "a bot that starts and publishes writes more"
    if case.how == "moment":
        case = Case(case.scene, "kill", case.moment)
    fault = case.fault(_calls[0])
    assert fault
    return _once(worker, before, folder, fault)


def _once(worker: Worker, before: Path, folder: Path, fault: Fault) -> tuple[bool, list[str], object]:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(before, folder)
    told: list[str] = []
    with BotApiServer(limits=FloodLimits.off()) as server:
        desk = _Publishing(worker, server, folder, fault)
        try:
            shown = desk.publish()
        except TimeoutError as error:
            told.append(str(error))
            shown = None
        desk.stop()
        _seen[:] = [worker.seen]
        hit = desk.starts > 1 or worker.seen >= fault.nth > 0
        told += _wrong(worker, folder, shown, is_failing=bool(fault.errno))
    return hit, told, (desk.log, None)


def _wrong(worker: Worker, folder: Path, shown: Message | None, *, is_failing: bool) -> list[str]:
    ask = ("kibaru", "ask", "Qui a veillé trois nuits pendant la crue de Djenné ?")
    export, ended, doctor = worker.run(folder, [("kibaru", "export"), ask, ("kibaru", "doctor", "--repair", "--json")])
    told = []
    found = [title for title, _ in (articles_of(export) or {}).values()]
    if len(found) - found.count(_TITLE) != 6:
        told.append(f"articles are lost: {found}")
    if shown and shown.text.startswith("Publié") and found.count(_TITLE) != 1:
        told.append(f"told {shown.text!r}, but there are {found}")
    if shown and not shown.text.startswith("Publié") and not is_failing:
        told.append(f"not published: {shown.text!r}")
    if shown and shown.text.startswith("Publié") and "1 nouveau," not in shown.text:
        told.append(f"published, but told {shown.text!r}")
    if shown and not shown.text.startswith("Publié") and _TITLE in found:
        told.append(f"told {shown.text!r}, but it is published")
    if _TITLE in found and ("riverains" not in ended.out or ended.code):
        told.append(f"no answer: {ended}")
    if doctor.code != 0:
        told.append(f"not healthy: {doctor}")
    with sqlite3.connect(folder / "index" / "kibaru.db") as connection:
        logged = connection.execute("select count(*) from audit where title = ?", [_TITLE]).fetchone()[0]
    connection.close()
    if logged != found.count(_TITLE):
        told.append(f"{logged} lines in the audit log")
    return told
