"""Sending: typing while work goes on, answers in reply, and edits in place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update, User
from telegram.constants import ChatAction
from telegram.error import BadRequest, TelegramError

log = logging.getLogger(__name__)

_TYPING_SECONDS = 4.5
_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}")

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


def message_and_sender(update: Update) -> tuple[Message, User]:
    """The message that a handler of messages has got, and who wrote it: only posts of channels, which the bot does not
    ask for, name nobody."""
    message = update.effective_message
    assert message is not None
    assert message.from_user is not None
    return message, message.from_user


def pressed_button(update: Update) -> tuple[CallbackQuery, str]:
    """What a handler of buttons has got, and what is behind the button: its pattern has matched that."""
    query = update.callback_query
    assert query is not None
    assert query.data is not None
    return query, query.data


async def send_reply(message: Message, html: str, keyboard: Keyboard = ()) -> Message:
    """Reply to a message. A link button that Telegram refuses is left out."""
    try:
        return await message.reply_text(html, reply_markup=_markup(keyboard))
    except BadRequest as error:
        if not _is_about_a_link(error):
            raise
        return await message.reply_text(html, reply_markup=_markup(_without_links(keyboard)))


async def edit_message(bot: Bot, chat: int, message: int, html: str, keyboard: Keyboard = ()) -> bool:
    """Put another text in place of a message of ours; False when it cannot be edited any more."""
    try:
        await bot.edit_message_text(html, chat_id=chat, message_id=message, reply_markup=_markup(keyboard))
    except BadRequest as error:
        reason = str(error).lower()
        if "not modified" in reason:
            return True
        if _is_about_a_link(error):
            return await edit_message(bot, chat, message, html, _without_links(keyboard))
        if "message" in reason and ("not found" in reason or "can't be edited" in reason):
            return False
        raise
    return True


async def send_answer(
    question: Message,
    pages: Sequence[str],
    keyboard: Keyboard,
    replies: Sequence[int],
    note: Callable[[Sequence[int]], Awaitable[None]],
) -> None:
    """Reply with `pages`, the keyboard under the last, in place of earlier `replies` where there are.

    `note` is told the numbers of the replies, again after each page: with a minus what is still to be replaced, and 0
    for what is still to be sent. With these as `replies`, what was broken off is completed.
    """
    bot, numbers = question.get_bot(), [-abs(reply) for reply in replies[: len(pages)]]
    numbers += [0] * (len(pages) - len(numbers))
    if any(numbers):
        await note(numbers)
    for number, html in enumerate(pages):
        under, there = keyboard if number == len(pages) - 1 else (), -numbers[number]
        if there and await edit_message(bot, question.chat_id, there, html, under):
            numbers[number] = there
        else:
            numbers[number] = (await send_reply(question, html, under)).message_id
        await note(numbers)
    for surplus in replies[len(pages) :]:
        with contextlib.suppress(TelegramError):
            await bot.delete_message(question.chat_id, abs(surplus))


async def answer_button(query: CallbackQuery, notice: str | None = None, *, alert: bool = False) -> None:
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
