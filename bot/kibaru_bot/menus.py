"""What Telegram shows of the bot before a word is said: commands by scope and language, and descriptions."""

from __future__ import annotations

import logging

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from telegram.error import TelegramError

from kibaru_bot.messages import LANGUAGES, Catalogue, catalogue

log = logging.getLogger(__name__)

_PRIVATE = ("start", "help", "latest", "about", "language", "new", "forget")
_GROUP = ("ask", "latest", "help")
_ADMIN = ("add", "articles", "rebuild", "status", "unanswered")


async def publish_menus(bot: Bot, admins: tuple[int, ...]) -> None:
    """Register commands and descriptions, French as what Telegram shows when it has no other.

    Failures cost no reader an answer, so they are only logged: an admin who never wrote to the bot has no chat yet.
    """
    scopes: list[tuple[BotCommandScope, tuple[str, ...]]] = [
        (BotCommandScopeAllPrivateChats(), _PRIVATE),
        (BotCommandScopeAllGroupChats(), _GROUP),
        *((BotCommandScopeChat(admin), _PRIVATE + _ADMIN) for admin in admins),
    ]
    for code in (None, *LANGUAGES):
        words = catalogue(code)
        try:
            await bot.set_my_description(words.description, code)
            await bot.set_my_short_description(words.short_description, code)
        except TelegramError as error:
            log.warning("the description was not set: %s", error)
        for scope, names in scopes:
            try:
                await bot.set_my_commands(_commands(names, words), scope, code)
            except TelegramError as error:
                log.warning("commands were not registered for %s: %s", scope.type, error)


def _commands(names: tuple[str, ...], words: Catalogue) -> list[BotCommand]:
    return [BotCommand(name, getattr(words, f"{name}_command")) for name in names]
