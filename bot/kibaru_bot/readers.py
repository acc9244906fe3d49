"""Who is writing: fingerprints in place of numbers, the interface language, who is an admin."""

from __future__ import annotations

from dataclasses import dataclass

from telegram import Message, User

from kibaru_bot.messages import Catalogue, catalogue
from kibaru_bot.settings import BotSettings
from kibaru_bot.store import BotStore


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader in a chat.

    Each fingerprint is a list: made with the present key, then with the one before.

    Attributes:
        words: The sentences in the reader's interface language.
        reader: The fingerprint of the reader.
        conversation: The fingerprint of the reader in this chat and topic.
        message: The fingerprint of the message.
    """

    words: Catalogue
    reader: list[str]
    conversation: list[str]
    message: list[str]


def identify(store: BotStore, user: User, message: Message | None) -> Reader:
    """The reader who writes, and their conversation in this chat and topic."""
    reader = store.fingerprints("reader", sender_id(user, message))
    chosen = store.language(reader)
    if message is None:
        return Reader(catalogue(chosen or user.language_code), reader, reader, reader)
    topic = message.message_thread_id if message.is_topic_message else None
    return Reader(
        catalogue(chosen or user.language_code),
        reader,
        store.fingerprints("conversation", message.chat_id, topic, sender_id(user, message)),
        store.fingerprints("message", message.chat_id, message.message_id),
    )


def sender_id(user: User, message: Message | None) -> int:
    """The number of who writes: of the chat, for an anonymous admin or a channel, who all share one user."""
    return message.sender_chat.id if message and message.sender_chat else user.id


def is_admin(settings: BotSettings, user: User | None) -> bool:
    """Whether the settings name this Telegram user as an admin."""
    return user is not None and user.id in settings.admins
