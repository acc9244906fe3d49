"""Everything Telegram knows in a test: people, chats, messages, files, the bot's settings."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError, bad
from .flood import FloodGate, FloodLimits
from .model import Call, Chat, InlineQuery, Json, Message, Press, User
from .params import Params
from .transcript import Event, describe
from .updates import UpdateQueue


@dataclass
class StoredFile:
    """A file on Telegram's servers."""

    file_id: str
    path: str
    body: bytes
    size: int

    def json(self) -> Json:
        """The ``File`` object of the Bot API, without its path."""
        return {"file_id": self.file_id, "file_unique_id": "u" + self.file_id, "file_size": self.size}


@dataclass
class Webhook:
    """The state of webhook delivery."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    last_error: str = ""
    last_error_date: int = 0
    generation: int = 0
    extra: Json = field(default_factory=dict)


class World:
    """Shared state. ``changed`` is its lock and is notified after every change."""

    def __init__(self, token: str, bot: User, limits: FloodLimits) -> None:
        self.token, self.bot = token, bot
        self.changed = threading.Condition(threading.RLock())
        self.updates = UpdateQueue()
        self.webhook = Webhook()
        self.gate = FloodGate(limits)
        self.too_many = 0
        self.users: dict[int, User] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.messages: dict[int, dict[int, Message]] = {}
        self.log: deque[Event] = deque(maxlen=100_000)
        self.calls: deque[Call] = deque(maxlen=100_000)
        self.presses: dict[str, Press] = {}
        self.inline: dict[str, InlineQuery] = {}
        self.files: dict[str, StoredFile] = {}
        self.commands: dict[tuple[str, int, int, str], list[Json]] = {}
        self.profile: dict[tuple[str, str], str] = {}
        self.callback_seconds = 60.0
        self.logged_out = False
        self._ids: dict[int, int] = {}
        self._serial = 0

    def note(self, chat_id: int, speaker: str, what: str) -> None:
        """Write a line of the transcript and tell those who wait."""
        self.log.append(Event(chat_id, speaker, what))
        self.changed.notify_all()

    def serial(self) -> int:
        """A number never given before."""
        self._serial += 1
        return self._serial

    def next_message_id(self, chat: Chat) -> int:
        """Supergroups and channels count for themselves; all other chats share one count."""
        key = chat.id if chat.type in {"supergroup", "channel"} else 0
        self._ids[key] = self._ids.get(key, 0) + 1
        return self._ids[key]

    def add_chat(self, chat: Chat) -> Chat:
        """Make a chat known to the bot."""
        self.messages.setdefault(chat.id, {})
        return self.chats.setdefault(chat.id, chat)

    def private_chat(self, user: User) -> Chat:
        """The chat of the bot and ``user``; known to the bot from the user's first message."""
        known = self.chats.get(user.id)
        return known or self.add_chat(Chat(user.id, "private", user.first_name, user.username, user=user))

    def store_file(self, body: bytes, name: str, folder: str, size: int | None = None) -> StoredFile:
        """Keep a file and give it an id and a path; ``size`` is what Telegram says of it."""
        number = self.serial()
        suffix = "".join(re.findall(r"\.\w+$", name))
        stored = StoredFile(
            f"BQAC{number:06d}", f"{folder}/file_{number}{suffix}", body, len(body) if size is None else size
        )
        self.files[stored.file_id] = stored
        return stored

    def add_message(self, chat: Chat, sender: User | None, body: Json, *, from_bot: bool = False) -> Message:
        """Post a message and return it; ``body`` is its content without ids, date, chat and sender."""
        raw: Json = {"message_id": self.next_message_id(chat), "date": int(time.time()), "chat": chat.json()}
        if sender is not None:
            raw["from"] = sender.json()
        message = Message(chat, {**raw, **body}, from_bot)
        self.messages[chat.id][message.id] = message
        speaker = sender.first_name if sender else str(raw.get("author_signature") or chat.title)
        self.note(chat.id, speaker, describe(message))
        return message

    def edit_message(self, message: Message, body: Json) -> None:
        """Replace parts of a message; a value of ``None`` removes the part."""
        message.versions = [*message.versions, message.text]
        raw = {**message.raw, **body, "edit_date": int(time.time())}
        message.raw = {key: value for key, value in raw.items() if value is not None}
        self.note(message.chat.id, message.raw.get("from", {}).get("first_name", message.chat.title), describe(message))

    def find(self, chat: Chat, message_id: int) -> Message | None:
        """A message that still exists."""
        message = self.messages[chat.id].get(message_id)
        return None if message is None or message.deleted else message

    def target(self, params: Params, name: str = "chat_id") -> Chat:
        """The chat a request is for, if the bot may write there."""
        wanted = params.text(name).strip()
        if not wanted:
            raise bad(f"{name} is empty")
        chat: Chat | None = None
        if wanted.startswith("@"):
            chat = next((c for c in self.chats.values() if c.type != "private" and c.username == wanted[1:]), None)
        elif wanted.lstrip("-").isdigit():
            chat = self.chats.get(int(wanted))
        if chat is None:
            raise bad("chat not found")
        if chat.user is not None and chat.user.blocked:
            raise ApiError(403, "bot was blocked by the user")
        if chat.migrated_to is not None:
            problem = "group chat was upgraded to a supergroup chat"
            raise ApiError(400, problem, migrate_to_chat_id=chat.migrated_to.id)
        if chat.bot_status in {"left", "kicked"}:
            kind = {"group": "group chat", "supergroup": "supergroup chat"}.get(chat.type, "channel chat")
            raise ApiError(403, f"bot was kicked from the {kind}")
        return chat

    def live_query(self, found: Press | InlineQuery | None) -> None:
        """Refuse an answer to an unknown, old or already answered query."""
        if found is None or found.answered or time.monotonic() - found.at > self.callback_seconds:
            raise bad("query is too old and response timeout expired or query ID is invalid")

    def me(self) -> Json:
        """What ``getMe`` answers."""
        extra: dict[str, Any] = {
            "can_join_groups": True,
            "can_read_all_group_messages": True,
            "supports_inline_queries": True,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
        name = self.profile.get(("name", ""), self.bot.first_name)
        return {**self.bot.json(), "first_name": name, **extra}
