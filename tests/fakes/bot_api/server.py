"""The server: its thread, and what a test asks of its record."""

from __future__ import annotations

import asyncio
import copy
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from . import transcript as transcripts
from .faults import Fault
from .flood import FloodGate, FloodLimits
from .model import Call, Chat, Message, User
from .places import Places
from .updates import Update
from .web import Context, application
from .webhook import WebhookSender
from .world import Webhook, World

T = TypeVar("T")
_MAX_REQUEST = 64 * 1024 * 1024


class BotApiServer(Places):
    """A strict Bot API server on 127.0.0.1; see the package's docstring for an example.

    ``strict_entities``: also refuse a bare ``&`` in HTML, which Telegram forbids but shows.
    ``privacy_mode``: in groups, hide from the bot what Telegram hides from bots in privacy mode.
    ``port``: 0 takes a free one.
    """

    def __init__(
        self,
        token: str = "7000000001:AAStrictTestServerTokenForKibaru0001",
        *,
        username: str = "kibaru_bot",
        name: str = "Kibaru",
        limits: FloodLimits | None = None,
        strict_entities: bool = True,
        privacy_mode: bool = False,
        port: int = 0,
    ) -> None:
        self.token, self.username, self.privacy_mode = token, username, privacy_mode
        self.bot = User(int(token.split(":", maxsplit=1)[0]), name, username, is_bot=True)
        self.world = World(token, self.bot, limits or FloodLimits())
        self.port = port
        self._context = Context(self.world, strict_entities)
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. After ``stop``, everything is as it was left, on the same port."""
        self._ready.clear()
        self._context.stopping = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="bot-api", daemon=True)
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the Bot API server did not start")

    def stop(self) -> None:
        """Close all connections and end the thread."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        self._context.stopping = True
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._thread = None

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.world.updates.loop = self._loop
        server = HTTPServer(application(self._context), max_buffer_size=_MAX_REQUEST)
        sockets = bind_sockets(self.port, "127.0.0.1")
        self.port = int(sockets[0].getsockname()[1])
        server.add_sockets(sockets)
        sender = asyncio.create_task(WebhookSender(self.world).run())
        self._ready.set()
        await self._stop.wait()
        server.stop()
        self.world.updates.wake()
        await server.close_all_connections()
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)

    @property
    def url(self) -> str:
        """The root, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """For ``ApplicationBuilder.base_url``."""
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        """For ``ApplicationBuilder.base_file_url``."""
        return f"{self.url}/file/bot"

    @property
    def too_many(self) -> int:
        """How many 429 the bot caused (ordered ones are not counted)."""
        return self.world.too_many

    @property
    def limits(self) -> FloodLimits:
        """The flood limits; setting them starts counting anew."""
        return self.world.gate.limits

    @limits.setter
    def limits(self, limits: FloodLimits) -> None:
        with self.world.changed:
            self.world.gate = FloodGate(limits)

    @property
    def webhook(self) -> Webhook:
        """The state of webhook delivery."""
        return self.world.webhook

    @property
    def pending(self) -> list[Update]:
        """Updates the bot has not confirmed."""
        with self.world.changed:
            return list(self.world.updates.pending)

    def redeliver(self, update: Update) -> None:
        """Deliver an update again under its old id, by long polling."""
        with self.world.changed:
            self.world.updates.push_again(update)

    @property
    def calls(self) -> list[Call]:
        """All requests so far, getUpdates included."""
        with self.world.changed:
            return list(self.world.calls)

    def calls_of(self, method: str) -> list[Call]:
        """The requests of one method."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    def refused(self) -> list[Call]:
        """Requests that got an error; empty for a bot that does nothing wrong."""
        return [call for call in self.calls if call.status >= 400]

    def messages(self, chat: User | Chat, *, from_bot: bool | None = None) -> list[Message]:
        """The messages of a chat as they stand, oldest first, without deleted ones."""
        with self.world.changed:
            found = self.world.messages.get(chat.id, {}).values()
            return [copy.copy(m) for m in found if not m.deleted and from_bot in {None, m.from_bot}]

    def file(self, message: Message) -> bytes:
        """The content of the document a message carries."""
        assert message.document is not None
        return self.world.files[message.document["file_id"]].body

    def transcript(self, chat: User | Chat | None = None) -> str:
        """Who said what, in order; of all chats when none is given."""
        with self.world.changed:
            events = list(self.world.log)
        return transcripts.write(event for event in events if chat is None or event.chat_id == chat.id)

    def fail(
        self,
        method: str,
        times: int = 1,
        *,
        status: int = 0,
        description: str = "",
        retry_after: int = 0,
        drop: bool = False,
        drop_after: bool = False,
        cut: bool = False,
        delay: float = 0.0,
    ) -> None:
        """Order trouble for the next calls of ``method`` (``*``: any but getUpdates; ``download``: files).

        ``drop`` cuts the connection before the method ran, ``drop_after`` after it did (the message is there,
        the bot does not know), ``cut`` in the middle of what it answers; ``delay`` may go with any of them or alone.
        """
        with self.world.changed:
            fault = Fault(method, times, status, description, retry_after, drop, drop_after, cut, delay)
            self._context.faults.add(fault)

    def clear_faults(self) -> None:
        """No more trouble."""
        with self.world.changed:
            self._context.faults.clear()

    def wait_for(self, predicate: Callable[[], T], timeout: float = 5, what: str = "") -> T:
        """Wait until ``predicate()`` is true and return its value, else ``TimeoutError`` with the transcript."""
        end = time.monotonic() + timeout
        with self.world.changed:
            while not (value := predicate()):
                if not self.world.changed.wait(max(0.0, end - time.monotonic())) and time.monotonic() >= end:
                    tail = self.transcript()[-3000:]
                    raise TimeoutError(f"{what or 'nothing'} within {timeout} s\n{tail}")
            return value

    async def wait_for_async(self, predicate: Callable[[], T], timeout: float = 5, what: str = "") -> T:
        """``wait_for`` for a test whose event loop also runs the bot."""
        return await asyncio.to_thread(self.wait_for, predicate, timeout, what)

    def answers_to(self, message: Message) -> list[Message]:
        """The bot's messages that reply to ``message``."""
        return [m for m in self.messages(message.chat, from_bot=True) if m.reply_to == message.id]

    def answer_to(self, message: Message, timeout: float = 5) -> Message:
        """The bot's first message that replies to ``message``, or that follows it and replies to nothing."""

        def find() -> Message | None:
            later = [m for m in self.messages(message.chat, from_bot=True) if m.id > message.id]
            return next((m for m in later if m.reply_to in {message.id, None}), None)

        found = self.wait_for(find, timeout, f"no answer to {message.text!r}")
        assert found is not None
        return found

    def wait_edit(self, message: Message, timeout: float = 5) -> Message:
        """Wait until ``message`` has been edited since this snapshot of it; its new state."""
        self.wait_for(lambda: self.current(message).edits > message.edits, timeout, f"no edit of #{message.id}")
        return self.current(message)

    def quiet(self, seconds: float = 0.3, timeout: float = 10) -> None:
        """Wait until all updates are confirmed and the bot has asked for nothing but updates for ``seconds``."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            busy = [call for call in self.calls if call.method.lower() != "getupdates"]
            last = max((call.time for call in busy), default=0.0)
            if not self.pending and all(call.status for call in busy) and time.monotonic() - last >= seconds:
                return
            time.sleep(0.02)
        raise TimeoutError(f"the bot was not quiet within {timeout} s")
