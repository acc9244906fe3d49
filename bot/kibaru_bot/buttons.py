"""The seal on what stands behind the buttons of an answer: it holds in the chat the answer was sent to, nowhere else.

Whoever presses a button chooses what is sent as its data, so a number alone could be that of another reader's
question. The seal is a keyed hash of chat and number; a private chat is that of one reader.
"""

from __future__ import annotations

from dataclasses import dataclass

from kibaru.log_types import LoggedQuestion
from kibaru_bot.store import BotStore

_LENGTH = 16
"""Hexadecimal digits: 64 bits, and with the longest number it fits into the 64 bytes that Telegram allows."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The number of a question, and its seal for one chat."""

    id: int
    seal: str


def seal(store: BotStore, chat: int, id: int) -> Sealed:
    """What is put behind the buttons that are sent to a chat."""
    return Sealed(id, store.fingerprints("button", chat, id)[0][:_LENGTH])


def opened(store: BotStore, chat: int, given: Sealed) -> LoggedQuestion | None:
    """The question, when it is still kept and the seal is that of this chat, under the present key or the last."""
    made = [each[:_LENGTH] for each in store.fingerprints("button", chat, given.id)]
    return store.questions.question(given.id) if given.seal in made else None
