"""The people, chats and messages of a test's Telegram."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(eq=False)
class User:
    """A person (or the bot). ``blocked``: has blocked the bot."""

    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    blocked: bool = False

    def json(self) -> Json:
        """The ``User`` object of the Bot API."""
        body: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            body["username"] = self.username
        if self.language_code:
            body["language_code"] = self.language_code
        return body


@dataclass(eq=False)
class Chat:
    """A private chat, group, supergroup or channel that the bot knows."""

    id: int
    type: str
    title: str
    username: str | None = None
    is_forum: bool = False
    linked: Chat | None = None
    user: User | None = None
    bot_status: str = "member"
    migrated_to: Chat | None = None
    members: dict[int, str] = field(default_factory=dict)
    """Status by user id: creator, administrator, member, left, kicked."""
    topics: dict[int, str] = field(default_factory=dict)
    closed_topics: set[int] = field(default_factory=set)

    def json(self) -> Json:
        """The ``Chat`` object of the Bot API."""
        body: Json = {"id": self.id, "type": self.type}
        body["first_name" if self.user else "title"] = self.title
        if self.username:
            body["username"] = self.username
        if self.is_forum:
            body["is_forum"] = True
        return body


@dataclass(eq=False)
class Message:
    """One message as it stands; ``raw`` is its Bot API object."""

    chat: Chat
    raw: Json
    from_bot: bool
    versions: list[str] = field(default_factory=list)
    """Texts before each edit, oldest first."""
    deleted: bool = False

    @property
    def id(self) -> int:
        """The message id, unique within its chat."""
        return int(self.raw["message_id"])

    @property
    def text(self) -> str:
        """The visible text or caption."""
        return str(self.raw.get("text") or self.raw.get("caption") or "")

    @property
    def entities(self) -> list[Json]:
        """Entities, offsets and lengths in UTF-16 units."""
        return list(self.raw.get("entities") or self.raw.get("caption_entities") or [])

    @property
    def reply_markup(self) -> Json | None:
        """The keyboard, if any."""
        markup: Json | None = self.raw.get("reply_markup")
        return markup

    @property
    def buttons(self) -> list[list[Json]]:
        """Rows of inline buttons."""
        return list((self.reply_markup or {}).get("inline_keyboard", []))

    @property
    def labels(self) -> list[str]:
        """The labels of all inline buttons, row by row."""
        return [button["text"] for row in self.buttons for button in row]

    @property
    def edits(self) -> int:
        """How often it was edited."""
        return len(self.versions)

    @property
    def thread_id(self) -> int | None:
        """The topic or comment thread it belongs to."""
        thread: int | None = self.raw.get("message_thread_id")
        return thread

    @property
    def reply_to(self) -> int | None:
        """The id of the message it replies to."""
        replied = self.raw.get("reply_to_message")
        return int(replied["message_id"]) if replied else None

    @property
    def document(self) -> Json | None:
        """The file it carries, if any."""
        found: Json | None = self.raw.get("document")
        return found


@dataclass(eq=False)
class Press:
    """A button pressed by a user (a callback query)."""

    id: str
    user: User
    message: Message
    data: str
    label: str
    at: float
    answered: bool = False
    text: str = ""
    show_alert: bool = False


@dataclass(eq=False)
class InlineQuery:
    """What a user typed after the bot's name, and what the bot offered."""

    id: str
    user: User
    query: str
    at: float
    answered: bool = False
    results: list[Json] = field(default_factory=list)
    answer: Json = field(default_factory=dict)
    """The other parameters of the answer (cache_time, is_personal, button, next_offset)."""


@dataclass(eq=False)
class Call:
    """One request of the bot. ``time`` is ``time.monotonic()`` at its arrival."""

    method: str
    params: Json
    time: float
    status: int = 0
    response: Json = field(default_factory=dict)
