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

    Failures cost no reader an answer, so they are only logged.
    """
    scopes: list[tuple[BotCommandScope, tuple[str, ...]]] = [
        (BotCommandScopeAllPrivateChats(), _PRIVATE),
        (BotCommandScopeAllGroupChats(), _GROUP),
    ]
    for code in (None, *LANGUAGES):
        words = catalogue(code)
        try:
            await bot.set_my_description(words.description, code)
            await bot.set_my_short_description(words.short_description, code)
        except TelegramError as error:
            log.warning("the description was not set: %s", error)
        for scope, names in scopes:
            await _register(bot, scope, names, code)
    for admin in admins:
        await publish_admin_menu(bot, admin)


async def publish_admin_menu(bot: Bot, admin: int) -> None:
    """Show an admin the commands of admins; Telegram refuses as long as they never wrote to the bot."""
    for code in (None, *LANGUAGES):
        await _register(bot, BotCommandScopeChat(admin), _PRIVATE + _ADMIN, code)


async def _register(bot: Bot, scope: BotCommandScope, names: tuple[str, ...], code: str | None) -> None:
    try:
        await bot.set_my_commands(_commands(names, catalogue(code)), scope, code)
    except TelegramError as error:
        log.info("commands were not registered for %s: %s", scope.type, error)


def _commands(names: tuple[str, ...], words: Catalogue) -> list[BotCommand]:
    return [BotCommand(name, getattr(words, f"{name}_command")) for name in names]
