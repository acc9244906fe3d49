"""Admins publish: a file or a text becomes a preview with two buttons, and on one of them an article that answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import PurePath

from telegram import Document, InlineKeyboardButton, Message, Update
from telegram.error import BadRequest, InvalidToken

from kibaru.archive import Kibaru
from kibaru.errors import BadInput, KibaruError
from kibaru.ingest.article import make_article
from kibaru.ingest.files import MAX_FILE, SUFFIXES, read_bytes
from kibaru.sources.single_pages import is_web_address, read_inputs
from kibaru.text.chunking import split_passages
from kibaru.types import Article, Failure
from kibaru_bot.drafts import begun, counts_of, draft_of, finished, published
from kibaru_bot.lengths import shortened
from kibaru_bot.messages import Catalogue
from kibaru_bot.messaging import acknowledge, argument, change, pressed, said, say, typing
from kibaru_bot.render import outlet
from kibaru_bot.state import Context, State, state

_LISTED = 8
_A_TITLE = 300
"""A longer line is no title."""

_A_TEXT = 400
"""An admin's message with a title line and this much below it is an article, not a question."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """An article as the archive would take it: `old` is the one it would replace, `namesake` another of its title."""

    article: Article
    passages: int
    old: Article | None
    namesake: str | None

    @property
    def change(self) -> str:
        return "new" if self.old is None else "unchanged" if self.old.digest == self.article.digest else "update"


async def on_document(update: Update, context: Context) -> None:
    """A file from an admin."""
    message, user = said(update)
    assert message.document is not None  # its filter lets in no other
    await _preview_file(message, message.document, await state(context).words(user), state(context))


async def on_add(update: Update, context: Context) -> None:
    """`/add` with a title line and a text, with addresses of pages, or in reply to any of these or to a file."""
    message, user = said(update)
    words = await state(context).words(user)
    text, replied = argument(message), message.reply_to_message
    if not text and replied and replied.document:
        await _preview_file(message, replied.document, words, state(context))
        return
    if not text and replied and replied.text:
        text = replied.text
    if not text.strip():
        await say(message, words.fill(words.add_usage, kinds=", ".join(SUFFIXES)))
        return
    if all(map(is_web_address, text.split())):
        async with typing(message):  # in a thread of its own: a site may take its time
            items = await asyncio.to_thread(lambda: list(read_inputs(state(context).settings, text.split())))
            await _preview(message, lambda: items, words, state(context))
    elif _is_title(text):
        await say(message, words.add_text_missing)
    else:
        await _preview(message, lambda: [_article_of(text)], words, state(context))


def _is_title(text: str) -> bool:
    """Whether there is a line for a title and nothing else."""
    return "\n" not in text.strip() and len(text) <= _A_TITLE


def is_article(text: str) -> bool:
    """Whether an admin's message is an article with a title line."""
    title, _, body = text.strip().partition("\n")
    return len(title) <= _A_TITLE and len(body.strip()) >= _A_TEXT


async def on_article_text(update: Update, context: Context) -> None:
    """An article typed or pasted by an admin."""
    message, user = said(update)
    text, words = message.text or "", await state(context).words(user)
    await _preview(message, lambda: [_article_of(text)], words, state(context))


async def on_decision(update: Update, context: Context) -> None:
    """Publish or Cancel was pressed."""
    (query, data), bot_state = pressed(update), state(context)
    if not bot_state.is_admin(query.from_user):
        return
    _, decision, key = data.split(":")
    words, id = await bot_state.words(query.from_user), int(key)
    draft = await bot_state.desk.journal(lambda journal: journal.draft(id))
    if draft is None:
        await acknowledge(query, words.draft_gone_toast, alert=True)
        return
    await acknowledge(query)
    if decision == "yes":
        text = await _published(id, draft, str(query.from_user.id), words, bot_state)
    else:
        text = words.cancelled
    if query.message:
        await change(query.get_bot(), query.message.chat.id, query.message.message_id, text)
    await bot_state.desk.journal(lambda journal: journal.drop_draft(id))


def _article_of(text: str) -> Article | Failure:
    title, _, body = text.strip().partition("\n")
    try:
        return make_article(title=title if body.strip() else "", text=body if body.strip() else title)
    except BadInput as error:
        return Failure("text", str(error))


async def _preview_file(message: Message, document: Document, words: Catalogue, bot_state: State) -> None:
    name = PurePath(document.file_name or "article.txt").name
    if PurePath(name).suffix.lower() not in SUFFIXES:
        await say(message, words.fill(words.file_not_read, kinds=", ".join(SUFFIXES)))
        return
    if (document.file_size or 0) > MAX_FILE:
        await say(message, words.file_too_large)
        return
    async with typing(message):
        try:
            data = bytes(await (await document.get_file()).download_as_bytearray())
        except (BadRequest, InvalidToken):  # which a 404 becomes: the file has expired
            await say(message, words.file_not_given)
            return
        if not data.strip():
            await say(message, words.file_empty)
            return
        await _preview(message, lambda: list(read_bytes(name, data)), words, bot_state)


async def _preview(
    message: Message, read: Callable[[], Sequence[Article | Failure]], words: Catalogue, bot_state: State
) -> None:
    try:
        seen, failures = await bot_state.desk.edit(lambda kibaru: _seen(kibaru, read()))
    except KibaruError as error:
        await say(message, words.fill(words.publish_failed, why=escape(str(error))))
        return
    parts = [_described(seen, words)] if seen else []
    if failures:
        told = "; ".join(shortened(str(failure), 200) for failure in failures[:_LISTED])
        parts.append(words.fill(words.preview_failures, failures=escape(told)))
    if all(each.change == "unchanged" for each in seen):
        await say(message, "\n\n".join([*parts, words.nothing_to_publish]))
        return
    draft = draft_of([each.article for each in seen])
    id = await bot_state.desk.journal(lambda journal: journal.keep_draft(draft))
    yes = InlineKeyboardButton(words.publish_button, callback_data=f"p:yes:{id}")
    no = InlineKeyboardButton(words.cancel_button, callback_data=f"p:no:{id}")
    await say(message, "\n\n".join(parts), [[yes, no]])


def _seen(kibaru: Kibaru, items: Sequence[Article | Failure]) -> tuple[list[_Seen], list[Failure]]:
    with kibaru.store.reading():
        seen = [
            _Seen(
                item,
                len(split_passages(item.text, item.language)),
                kibaru.store.same_article(item),
                kibaru.store.other_of_same_title(item),
            )
            for item in items
            if isinstance(item, Article)
        ]
    return seen, [item for item in items if isinstance(item, Failure)]


def _described(seen: Sequence[_Seen], words: Catalogue) -> str:
    if len(seen) > 1:
        counts = Counter(each.change for each in seen)
        head = words.fill(
            words.preview_many,
            count=len(seen),
            new=counts["new"],
            updates=counts["update"],
            unchanged=counts["unchanged"],
        )
        listed = [f"• {escape(shortened(each.article.title, 120))}" for each in seen[:_LISTED]]
        return "\n".join([head, *listed, *(["…"] if len(seen) > _LISTED else [])])
    (one,) = seen
    article, old = one.article, one.old
    facts = [words.date(article.published), outlet(article), shortened(article.author or "", 80)]
    if old is not None:
        told = words.preview_unchanged if one.change == "unchanged" else words.preview_update
        change = words.fill(told, title=escape(shortened(old.title, 120)), id=escape(old.id))
    elif one.namesake:
        change = words.fill(words.preview_same_title, id=escape(one.namesake))
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


async def _published(id: int, draft: str, who: str, words: Catalogue, bot_state: State) -> str:
    """Publish a draft, unless a bot that was killed has; what to tell the admin."""
    counts = counts_of(draft)
    if counts is None:
        try:
            ready = await bot_state.desk.edit(lambda kibaru: begun(kibaru, draft))
            await bot_state.desk.journal(lambda journal: journal.change_draft(id, ready))
            done = await bot_state.desk.edit(lambda kibaru: published(kibaru, ready))
        except KibaruError as error:
            return words.fill(words.publish_failed, why=escape(str(error)))
        counts = Counter(logged.action for logged in done)
        result = finished(counts)
        await bot_state.desk.journal(lambda journal: journal.finish_draft(id, result, who, done))
    added, updated, unchanged = (counts.get(kind, 0) for kind in ("added", "updated", "unchanged"))
    return words.fill(words.published, added=added, updated=updated, unchanged=unchanged)
