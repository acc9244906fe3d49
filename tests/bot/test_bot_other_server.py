"""The main conversation, against the strict server and against one that nobody here wrote: telegram-test-api of npm."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from bot.test_bot_conversations import BRIDGE, NOWHERE, archive, running
from fakes.bot_api import BotApiServer
from fakes.bot_api.markup import parse_html
from pydantic import SecretStr

from kibaru_bot.settings import BotSettings

__all__ = ["archive"]  # fixtures

PACKAGE = "telegram-test-api@4.2.1"
TOKEN = "7000000002:AATokenForTheOtherServerOfKibaru002"
READER = {"id": 5001, "is_bot": False, "first_name": "Awa", "language_code": "fr"}
CHAT = {"id": 5001, "type": "private", "first_name": "Awa"}


class Shown:
    """A message of the bot: its number, the words a reader sees, and its buttons."""

    def __init__(self, id: int, text: str, rows: list[list[dict[str, Any]]]) -> None:
        self.id, self.text, self.rows = id, text, rows
        self.buttons = [button for row in rows for button in row]
        self.labels = [button["text"] for button in self.buttons]


class Telegram(Protocol):
    """What the conversation needs of a server."""

    url: str
    token: str

    def say(self, text: str) -> None: ...
    def press(self, message: Shown, label: str) -> None: ...
    def shown(self) -> list[Shown]: ...


class Strict:
    """The server in bot_api."""

    def __init__(self, api: BotApiServer) -> None:
        self.url, self.token = api.url, api.token
        self._api, self._reader = api, api.user("Awa", language_code="fr")

    def say(self, text: str) -> None:
        self._api.say(self._reader, self._reader, text)

    def press(self, message: Shown, label: str) -> None:
        sent = next(each for each in self._api.messages(self._reader, from_bot=True) if each.id == message.id)
        self._api.press(self._reader, sent, label)

    def shown(self) -> list[Shown]:
        sent = self._api.messages(self._reader, from_bot=True)
        return [Shown(each.id, each.text, each.buttons) for each in sent]


class Other:
    """telegram-test-api, which keeps messages as the bot wrote them: read here as a Telegram app would."""

    def __init__(self, url: str) -> None:
        self.url, self.token = url, TOKEN

    def say(self, text: str) -> None:
        body = {"botToken": TOKEN, "from": READER, "chat": CHAT, "date": int(time.time()), "text": text}
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0])
            self._post("/sendCommand", {**body, "entities": [{"type": "bot_command", "offset": 0, "length": length}]})
        else:
            self._post("/sendMessage", body)

    def press(self, message: Shown, label: str) -> None:
        data = next(button["callback_data"] for button in message.buttons if button["text"] == label)
        keyboard = {"inline_keyboard": message.rows}
        sent = {"message_id": message.id, "chat": CHAT, "date": int(time.time()), "text": message.text}
        sent |= {"from": {"id": 666, "is_bot": True, "first_name": "Kibaru"}, "reply_markup": keyboard}
        self._post("/sendCallback", {"botToken": TOKEN, "from": READER, "message": sent, "data": data})

    def shown(self) -> list[Shown]:
        history = self._post("/getUpdatesHistory", {"token": TOKEN})["result"]
        sent = [each for each in history if "chat_id" in each.get("message", {})]
        return [
            Shown(
                each["messageId"],
                parse_html(each["message"]["text"]).text,
                (each["message"].get("reply_markup") or {}).get("inline_keyboard", []),
            )
            for each in sent
        ]

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)) as got:
            return json.load(got)


@contextmanager
def other_server(folder: Path) -> Iterator[Other]:
    """telegram-test-api in a process of its own, installed into `folder`; skips where there is no Node or npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node is not installed")
    install = [npm, "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE]
    try:
        subprocess.run(install, check=True, capture_output=True, timeout=60, cwd=folder)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm cannot install {PACKAGE}: {error}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"NODE_PATH": str(folder / "node_modules")}
    command = [node, Path(__file__).parents[1] / "fakes" / "telegram_test_api.js", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield Other(f"http://127.0.0.1:{port}")
        finally:
            server.kill()


@pytest.fixture(params=["strict", "telegram-test-api"])
def telegram(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Telegram]:
    if request.param == "strict":
        with BotApiServer() as api:
            yield Strict(api)
    else:
        with other_server(tmp_path) as other:
            yield other


class Reader:
    """Somebody who waits for what the bot does."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    def ask(self, text: str) -> Shown:
        """Say something; the bot's next message."""
        before = len(self._telegram.shown())
        self._telegram.say(text)
        return self._until(lambda now: now[before] if len(now) > before else None)

    def press(self, message: Shown, label: str, *, messages: int = 0) -> Shown:
        """Press a button; the message once it has changed, or the last of so many new messages."""
        before = len(self._telegram.shown())
        self._telegram.press(message, label)

        def find(now: list[Shown]) -> Shown | None:
            if messages:
                return now[before + messages - 1] if len(now) >= before + messages else None
            same = next(each for each in now if each.id == message.id)
            return same if (same.text, same.labels) != (message.text, message.labels) else None

        return self._until(find)

    def _until(self, find: Any) -> Shown:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if found := find(self._telegram.shown()):
                return found
            time.sleep(0.02)
        raise TimeoutError([each.text for each in self._telegram.shown()])


def test_the_main_conversation(telegram: Telegram, archive: Path, tmp_path: Path) -> None:
    index = Path(shutil.copytree(archive, tmp_path / "index"))
    settings = BotSettings(index=index, telegram_api=telegram.url, TELEGRAM_BOT_TOKEN=SecretStr(telegram.token))
    with running(settings):
        reader = Reader(telegram)
        start = reader.ask("/start")
        assert start.text.startswith("Bonjour !")
        assert len(start.labels) == 3
        assert "kibaru.example" in reader.press(start, start.labels[0], messages=2).text
        answer = reader.ask(BRIDGE)
        assert "Le pont de Diallassagou" in answer.text
        assert any("Lire" in label for label in answer.labels)
        assert "Diallassagou" in reader.ask("et quand ?").text
        voted = reader.press(answer, "👍 Utile")
        assert not any("tile" in label for label in voted.labels)
        refusal = reader.ask(NOWHERE)
        assert refusal.text.startswith("Les articles ne le disent pas.")
        assert reader.ask("/latest").text.startswith("Les derniers articles")
        assert reader.press(reader.ask("/language"), "English").text.startswith("Noted")
        assert reader.ask(NOWHERE).text.startswith("The articles don't say.")
        assert reader.ask("/forget").text.startswith("Deleted")
