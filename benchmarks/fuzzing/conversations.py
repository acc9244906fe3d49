"""Target: what readers and admins send to the running bot: words, commands, edits, buttons, files, inline queries."""

from __future__ import annotations

import atexit
import itertools
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.test_bot_conversations import running, settings_for
from fakes.bot_api import BotApiServer, Message, User
from fakes.bot_api.markup import clean as as_telegram_keeps_it

from fuzzing.invariants import fields_of
from fuzzing.target import Target
from kibaru.archive import Kibaru
from kibaru.ingest.files import read_articles
from kibaru.samples import SAMPLES
from kibaru.settings import Settings
from kibaru_bot.lengths import MAX_CALLBACK, MAX_UNITS, fitting

_ADMINS = range(4_242, 4_442)
"""Each writes once: none waits for the flood limits of the one before."""

_SECONDS = 30


class _Errors(logging.Handler):
    """What the bot's log calls an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


@cache
def _bot() -> tuple[BotApiServer, _Errors, Iterator[int]]:
    """The bot with the sample articles, talking to the strict Bot API server until this process ends."""
    stack, errors = ExitStack(), _Errors()
    atexit.register(stack.close)
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="kibaru-fuzz-"))) / "index"
    with Kibaru(Settings(index=folder), create=True) as kibaru:
        list(kibaru.add(read_articles([SAMPLES])))
    server = stack.enter_context(BotApiServer())
    stack.enter_context(running(settings_for(server, folder, admins=tuple(_ADMINS))))
    logging.getLogger("kibaru_bot").addHandler(errors)
    return server, errors, itertools.cycle(_ADMINS)


def conversation(data: bytes) -> None:
    """Somebody does something, and the bot goes on: no error in its log, nothing that Telegram refuses."""
    way, said, more = fields_of(data, 3)
    said, more = (as_telegram_keeps_it(part.encode("utf-8", "ignore").decode()).strip() for part in (said, more))
    said = said[: fitting(said, MAX_UNITS)].strip()
    if not said or said.startswith("/rebuild"):  # that takes a while, and has nothing to parse
        return
    server, errors, admins = _bot()
    who = server.user("A", id=next(admins)) if way[:1] == "a" else server.user("R")
    _do(server, who, way[1:2], said, more)
    _answered(server, who, "/language")  # updates of one chat are dealt with in their order
    assert not errors.found, errors.found.pop()
    refused = [call.response for call in server.refused() if call.method != "setMyCommands"]  # of who never wrote
    assert not refused, refused


def _do(server: BotApiServer, who: User, way: str, said: str, more: str) -> None:
    match way:
        case "b":
            data = said.encode()[:MAX_CALLBACK].decode(errors="ignore")
            live = server._live(_answered(server, who, "/language"))
            with server.world.changed:
                server._press(who, live, {"text": "?", "callback_data": data})
        case "i":
            server.inline(who, said[:256])
        case "f":
            server.send_file(who, who, said[:60], more.encode())
        case "e" if more:
            server.edit(who, server.say(who, who, said), more[: fitting(more, MAX_UNITS)])
        case _:
            _answered(server, who, said)


def _answered(server: BotApiServer, who: User, said: str) -> Message:
    """The bot's answer: in private, everything has one."""
    return server.answer_to(server.say(who, who, said), timeout=_SECONDS)


def _seeds() -> list[bytes]:
    readers = [
        "/start",
        "/help x",
        "/ask",
        "/ask Qui ?",
        "/latest",
        "/about",
        "/new",
        "/forget",
        "/language",
        "Combien a coûté le pont ?",
    ]
    admins = ["/add Titre\nTexte.", "/articles pont", "/status", "/unanswered"]
    pressed = [
        "m:1:0:0123456789abcdef",
        "m:1:1:0123456789abcdef",
        "v:1:1:0123456789abcdef",
        "x:a1",
        "l:fr",
        "p:yes:1",
        "al:0:pont",
        "ad:a1",
        "ar:a1",
        "ay:a1",
        "au:1",
        "uc:",
    ]
    made = [f"rt\0{said}\0" for said in readers] + [f"at\0{said}\0" for said in admins]
    made += [f"{who}b\0{data}\0" for who in "ra" for data in pressed]
    return [each.encode() for each in [*made, "ri\0pont\0", "af\0a.txt\0Titre\n\nTexte.", "re\0Qui ?\0Quand ?"]]


TARGETS = {
    "conversation": Target(
        conversation,
        _seeds,
        ("/ask", "/add", "/articles", "@kibaru_bot", "m:", "v:", "al:", "ad:#", "p:yes:", ":", "٣", "-1", "99999999999999", "rb\0", "ab\0", "af\0"),
        1_000,
    )
}  # fmt: skip
