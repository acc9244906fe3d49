"""Sending: typing while work goes on, answers in reply, and edits in place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.constants import ChatAction
from telegram.error import BadRequest, TelegramError

_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}")

log = logging.getLogger(__name__)

_TYPING_SECONDS = 4.5

Keyboard = Sequence[Sequence[InlineKeyboardButton]]


@contextlib.asynccontextmanager
async def typing(message: Message) -> AsyncIterator[None]:
    """The reader sees that we write, until the block ends; a failure to show it is nobody's concern."""

    async def show() -> None:
        while True:
            with contextlib.suppress(TelegramError):
                await message.get_bot().send_chat_action(
                    message.chat_id,
                    ChatAction.TYPING,
                    message_thread_id=message.message_thread_id if message.is_topic_message else None,
                )
            await asyncio.sleep(_TYPING_SECONDS)

    task = asyncio.create_task(show())
    try:
        yield
    finally:
        task.cancel()


async def say(message: Message, html: str, keyboard: Keyboard = ()) -> Message:
    """Reply to a message. A link button that Telegram refuses is left out."""
    try:
        return await message.reply_text(html, reply_markup=_markup(keyboard))
    except BadRequest as error:
        if not _is_about_a_link(error):
            raise
        return await message.reply_text(html, reply_markup=_markup(_without_links(keyboard)))


async def change(bot: Bot, chat: int, message: int, html: str, keyboard: Keyboard = ()) -> bool:
    """Put another text in place of a message of ours; False when it cannot be edited any more."""
    try:
        await bot.edit_message_text(html, chat_id=chat, message_id=message, reply_markup=_markup(keyboard))
    except BadRequest as error:
        reason = str(error).lower()
        if "not modified" in reason:
            return True
        if _is_about_a_link(error):
            return await change(bot, chat, message, html, _without_links(keyboard))
        if "message" in reason and ("not found" in reason or "can't be edited" in reason):
            return False
        raise
    return True


async def deliver(question: Message, pages: Sequence[str], keyboard: Keyboard, replies: Sequence[int]) -> list[int]:
    """Reply with `pages`, the keyboard under the last, in place of earlier `replies` where there are; their numbers."""
    bot, sent = question.get_bot(), []
    for number, html in enumerate(pages):
        under = keyboard if number == len(pages) - 1 else ()
        if number < len(replies) and await change(bot, question.chat_id, replies[number], html, under):
            sent.append(replies[number])
        else:
            sent.append((await say(question, html, under)).message_id)
    for surplus in replies[len(pages) :]:
        with contextlib.suppress(TelegramError):
            await bot.delete_message(question.chat_id, surplus)
    return sent


async def acknowledge(query: CallbackQuery, notice: str | None = None, *, alert: bool = False) -> None:
    """The pressed button stops spinning; one pressed too long ago, as before a restart, does its work all the same."""
    try:
        await query.answer(notice, show_alert=alert)
    except BadRequest as error:
        log.info("a button could not be answered: %s", error)


def argument(message: Message) -> str:
    """What stands after the command."""
    return ((message.text or "").split(maxsplit=1)[1:] or [""])[0].strip()


def can_be_linked(url: str | None) -> bool:
    """Whether Telegram takes `url` behind a button: a public web address."""
    try:
        host = urlsplit(url or "").hostname or ""
    except ValueError:
        return False
    return len(url or "") <= 1024 and bool(_HOST.fullmatch(host)) and not host.replace(".", "").isdecimal()


def _markup(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    return InlineKeyboardMarkup(keyboard) if keyboard else None


def _without_links(keyboard: Keyboard) -> Keyboard:
    return [kept for row in keyboard if (kept := [button for button in row if not button.url])]


def _is_about_a_link(error: BadRequest) -> bool:
    return "url" in str(error).lower()
