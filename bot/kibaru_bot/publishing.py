"""Admins publish: a file or a text becomes a preview with two buttons, and on one of them an article that answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from html import escape
from pathlib import PurePath

from telegram import Document, InlineKeyboardButton, Message, Update
from telegram.error import BadRequest, InvalidToken

from kibaru import MAX_FILE, SUFFIXES, Kibaru, make_article, read_bytes
from kibaru.errors import BadInput, KibaruError
from kibaru.sources.single_pages import is_web_address, read_inputs
from kibaru.types import Article, Failure, Preview
from kibaru_bot.drafts import begin_draft, counts_of, draft_of, finished_draft, publish_draft
from kibaru_bot.lengths import shortened
from kibaru_bot.messages import Catalogue
from kibaru_bot.messaging import (
    answer_button,
    argument,
    edit_message,
    message_and_sender,
    pressed_button,
    send_reply,
    typing,
)
from kibaru_bot.render import outlet
from kibaru_bot.state import BotContext, BotState

_LISTED = 8
_A_TITLE = 300
"""A longer line is no title."""

_A_TEXT = 400
"""An admin's message with a title line and this much below it is an article, not a question."""


async def on_document(update: Update, context: BotContext) -> None:
    """A file from an admin."""
    message, user = message_and_sender(update)
    assert message.document is not None  # its filter lets in no other
    await _preview_file(message, message.document, await context.state.words(user), context.state)


async def on_add(update: Update, context: BotContext) -> None:
    """`/add` with a title line and a text, with addresses of pages, or in reply to any of these or to a file."""
    message, user = message_and_sender(update)
    words = await context.state.words(user)
    text, replied = argument(message), message.reply_to_message
    if not text and replied and replied.document:
        await _preview_file(message, replied.document, words, context.state)
        return
    if not text and replied and replied.text:
        text = replied.text
    if not text.strip():
        await send_reply(message, words.fill(words.add_usage, kinds=", ".join(SUFFIXES)))
        return
    if all(map(is_web_address, text.split())):
        async with typing(message):  # in a thread of its own: a site may take its time
            items = await asyncio.to_thread(lambda: list(read_inputs(context.state.settings, text.split())))
            await _preview(message, lambda: items, words, context.state)
    elif _is_title(text):
        await send_reply(message, words.add_text_missing)
    else:
        await _preview(message, lambda: [_article_of(text)], words, context.state)


def _is_title(text: str) -> bool:
    """Whether there is a line for a title and nothing else."""
    return "\n" not in text.strip() and len(text) <= _A_TITLE


def is_article(text: str) -> bool:
    """Whether an admin's message is an article with a title line."""
    title, _, body = text.strip().partition("\n")
    return len(title) <= _A_TITLE and len(body.strip()) >= _A_TEXT


async def on_article_text(update: Update, context: BotContext) -> None:
    """An article typed or pasted by an admin."""
    message, user = message_and_sender(update)
    text, words = message.text or "", await context.state.words(user)
    await _preview(message, lambda: [_article_of(text)], words, context.state)


async def on_decision(update: Update, context: BotContext) -> None:
    """Publish or Cancel was pressed."""
    (query, data), state = pressed_button(update), context.state
    if not state.is_admin(query.from_user):
        return
    _, decision, key = data.split(":")
    words, id = await state.words(query.from_user), int(key)
    draft = await state.service.with_store(lambda store: store.draft(id))
    if draft is None:
        await answer_button(query, words.draft_gone_toast, alert=True)
        return
    await answer_button(query)
    if decision == "yes":
        text = await _published(id, draft, str(query.from_user.id), words, state)
    else:
        text = words.cancelled
    if query.message:
        await edit_message(query.get_bot(), query.message.chat.id, query.message.message_id, text)
    await state.service.with_store(lambda store: store.drop_draft(id))


def _article_of(text: str) -> Article | Failure:
    title, _, body = text.strip().partition("\n")
    try:
        return make_article(title=title if body.strip() else "", text=body if body.strip() else title)
    except BadInput as error:
        return Failure("text", str(error))


async def _preview_file(message: Message, document: Document, words: Catalogue, state: BotState) -> None:
    name = PurePath(document.file_name or "article.txt").name
    if PurePath(name).suffix.lower() not in SUFFIXES:
        await send_reply(message, words.fill(words.file_not_read, kinds=", ".join(SUFFIXES)))
        return
    if (document.file_size or 0) > MAX_FILE:
        await send_reply(message, words.file_too_large)
        return
    async with typing(message):
        try:
            data = bytes(await (await document.get_file()).download_as_bytearray())
        except (BadRequest, InvalidToken):  # which a 404 becomes: the file has expired
            await send_reply(message, words.file_not_given)
            return
        if not data.strip():
            await send_reply(message, words.file_empty)
            return
        await _preview(message, lambda: list(read_bytes(name, data)), words, state)


async def _preview(
    message: Message, read: Callable[[], Sequence[Article | Failure]], words: Catalogue, state: BotState
) -> None:
    try:
        previews, failures = await state.service.edit(lambda kibaru: _previews(kibaru, read()))
    except KibaruError as error:
        await send_reply(message, words.fill(words.publish_failed, why=escape(str(error))))
        return
    parts = [_described(previews, words)] if previews else []
    if failures:
        told = "; ".join(shortened(str(failure), 200) for failure in failures[:_LISTED])
        parts.append(words.fill(words.preview_failures, failures=escape(told)))
    if all(each.change == "unchanged" for each in previews):
        await send_reply(message, "\n\n".join([*parts, words.nothing_to_publish]))
        return
    draft = draft_of([each.article for each in previews])
    id = await state.service.with_store(lambda store: store.keep_draft(draft))
    yes = InlineKeyboardButton(words.publish_button, callback_data=f"p:yes:{id}")
    no = InlineKeyboardButton(words.cancel_button, callback_data=f"p:no:{id}")
    await send_reply(message, "\n\n".join(parts), [[yes, no]])


def _previews(kibaru: Kibaru, items: Sequence[Article | Failure]) -> tuple[list[Preview], list[Failure]]:
    previews = kibaru.preview([item for item in items if isinstance(item, Article)])
    return previews, [item for item in items if isinstance(item, Failure)]


def _described(previews: Sequence[Preview], words: Catalogue) -> str:
    if len(previews) > 1:
        counts = Counter(each.change for each in previews)
        head = words.fill(
            words.preview_many,
            count=len(previews),
            new=counts["new"],
            updates=counts["update"],
            unchanged=counts["unchanged"],
        )
        listed = [f"• {escape(shortened(each.article.title, 120))}" for each in previews[:_LISTED]]
        return "\n".join([head, *listed, *(["…"] if len(previews) > _LISTED else [])])
    (one,) = previews
    article, replaced = one.article, one.replaces
    facts = [words.date(article.published), outlet(article), shortened(article.author or "", 80)]
    if replaced is not None:
        told = words.preview_unchanged if one.change == "unchanged" else words.preview_update
        change = words.fill(told, title=escape(shortened(replaced.title, 120)), id=escape(replaced.id))
    elif one.same_title:
        change = words.fill(words.preview_same_title, id=escape(one.same_title))
    else:
        change = words.preview_new
    return words.fill(
        words.preview,
        title=escape(shortened(article.title, 300)),
        language=article.language or "?",
        characters=len(article.text),
        passages=one.passages,
        facts="".join(f" · {escape(fact)}" for fact in facts if fact),
        change=change,
    )


async def _published(id: int, draft: str, who: str, words: Catalogue, state: BotState) -> str:
    """Publish a draft, unless a bot that was killed has; what to tell the admin."""
    counts = counts_of(draft)
    if counts is None:
        try:
            ready = await state.service.edit(lambda kibaru: begin_draft(kibaru, draft))
            await state.service.with_store(lambda store: store.change_draft(id, ready))
            done = await state.service.edit(lambda kibaru: publish_draft(kibaru, ready))
        except KibaruError as error:
            return words.fill(words.publish_failed, why=escape(str(error)))
        counts = Counter(logged.action for logged in done)
        result = finished_draft(counts)
        await state.service.with_store(lambda store: store.finish_draft(id, result, who, done))
    added, updated, unchanged = (counts.get(kind, 0) for kind in ("added", "updated", "unchanged"))
    return words.fill(words.published, added=added, updated=updated, unchanged=unchanged)
