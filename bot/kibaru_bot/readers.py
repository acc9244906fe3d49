"""Who is writing: fingerprints in place of numbers, the language to speak, how fast they may ask, who is an admin."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from telegram import Message, User

from kibaru.settings import Settings
from kibaru.storage.question_log import Journal
from kibaru_bot.messages import Catalogue, catalogue

_WINDOW = 60.0
_REMEMBERED = 10_000
"""Readers whose pace is known at once; beyond that, those who paused a minute are forgotten."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader at a place, under keyed fingerprints, each under the present key and the one before."""

    words: Catalogue
    reader: list[str]
    conversation: list[str]
    message: list[str]


def recognised(journal: Journal, user: User, message: Message | None) -> Reader:
    """The reader who writes, and the conversation: their own in this chat and topic."""
    reader = journal.fingerprints("reader", speaker(user, message))
    chosen = journal.language(reader)
    if message is None:
        return Reader(catalogue(chosen or user.language_code), reader, reader, reader)
    topic = message.message_thread_id if message.is_topic_message else None
    return Reader(
        catalogue(chosen or user.language_code),
        reader,
        journal.fingerprints("conversation", message.chat_id, topic, speaker(user, message)),
        journal.fingerprints("message", message.chat_id, message.message_id),
    )


def speaker(user: User, message: Message | None) -> int:
    """The number of who writes: of the chat, when an anonymous admin or a channel does, whose user all others share."""
    return message.sender_chat.id if message and message.sender_chat else user.id


def is_admin(settings: Settings, user: User | None) -> bool:
    """Whether the settings name this Telegram user as an admin."""
    return user is not None and user.id in settings.admins


@dataclass(slots=True)
class Pace:
    """How many questions each reader has asked within a minute."""

    most: int
    clock: Callable[[], float] = time.monotonic
    _asked: dict[int, deque[float]] = field(default_factory=dict)

    def wait(self, user: int) -> int:
        """0 when this question may be asked, and it counts; else how many seconds to wait."""
        now = self.clock()
        if len(self._asked) > _REMEMBERED:
            self._asked = {id: times for id, times in self._asked.items() if times[-1] > now - _WINDOW}
        times = self._asked.setdefault(user, deque(maxlen=self.most))
        if len(times) == self.most and times[0] > now - _WINDOW:
            return int(times[0] + _WINDOW - now) + 1
        times.append(now)
        return 0
