"""Admins look after the articles there are: /articles, page by page, to open, remove and put back."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape

from telegram import InlineKeyboardButton, Update

from kibaru import article_from_record
from kibaru.errors import KibaruError
from kibaru.types import Article
from kibaru_bot.lengths import fitting, shortened
from kibaru_bot.messages import Catalogue
from kibaru_bot.messaging import (
    Keyboard,
    answer_button,
    argument,
    can_be_linked,
    edit_message,
    message_and_sender,
    pressed_button,
    send_reply,
)
from kibaru_bot.reader_commands import article_key, article_of
from kibaru_bot.render import source
from kibaru_bot.state import BotContext, BotState

_PER_PAGE = 8
_BEGINNING = 700
_TERM_BYTES = 40
"""What fits behind a button beside the page number."""


async def on_articles(update: Update, context: BotContext) -> None:
    """`/articles`, or `/articles` and words of the title."""
    message, user = message_and_sender(update)
    words = await context.state.words(user)
    text, keyboard = await _page(0, _fitting(argument(message)), words, context.state)
    await send_reply(message, text, keyboard)


async def on_button(update: Update, context: BotContext) -> None:
    """A button of the list, or of an article in it."""
    (query, data), state = pressed_button(update), context.state
    message = query.message
    if message is None or not state.is_admin(query.from_user):
        return
    words, (action, _, rest) = await state.words(query.from_user), data.partition(":")
    await answer_button(query)
    try:
        text, keyboard = await _acted(action, rest, str(query.from_user.id), words, state)
    except KibaruError as error:
        text, keyboard = words.fill(words.failed, why=escape(str(error))), ()
    await edit_message(query.get_bot(), message.chat.id, message.message_id, text, keyboard)


async def _acted(action: str, rest: str, who: str, words: Catalogue, state: BotState) -> tuple[str, Keyboard]:
    service = state.service
    if action == "al":
        page, _, term = rest.partition(":")
        return await _page(int(page), term, words, state)
    if action == "au":
        return await _put_back(int(rest), who, words, state)
    article = await service.look_up(lambda kibaru: article_of(kibaru, rest))
    if article is None:
        return words.articles_none, _back(words)
    title = escape(shortened(article.title, 200))
    if action == "ar":
        yes = InlineKeyboardButton(words.remove_yes_button, callback_data=f"ay:{rest}")
        return words.fill(words.remove_sure, title=title), [[yes], *_back(words, f"ad:{rest}")]
    if action == "ay":
        return await _remove(article, who, words, state)
    return _detail(article, words), _detail_keyboard(article, rest, words)


async def _remove(article: Article, who: str, words: Catalogue, state: BotState) -> tuple[str, Keyboard]:
    removed = await state.service.edit(lambda kibaru: kibaru.remove([article.id]))
    if not removed:
        return words.articles_none, _back(words)
    before = json.dumps(asdict(removed[0]), ensure_ascii=False)
    id = await state.service.with_store(
        lambda store: store.questions.log_change(who, "removed", article.id, article.title, before)
    )
    undo = InlineKeyboardButton(words.undo_button, callback_data=f"au:{id}")
    return words.fill(words.removed, title=escape(shortened(article.title, 200))), [[undo], *_back(words)]


async def _put_back(id: int, who: str, words: Catalogue, state: BotState) -> tuple[str, Keyboard]:
    entry = await state.service.with_store(lambda store: store.questions.change(id))
    if entry is None or entry.before is None:
        return words.articles_none, _back(words)
    article = article_from_record(json.loads(entry.before))
    await state.service.edit(lambda kibaru: list(kibaru.add([article])))
    await state.service.with_store(lambda store: store.questions.log_change(who, "put back", article.id, article.title))
    return words.fill(words.restored, title=escape(shortened(article.title, 200))), _back(words)


async def _page(page: int, term: str, words: Catalogue, state: BotState) -> tuple[str, Keyboard]:
    total, articles = await state.service.look_up(
        lambda kibaru: kibaru.find_articles(term, first=page * _PER_PAGE, most=_PER_PAGE)
    )
    if not articles:
        return words.articles_none, _back(words) if page or term else ()
    pages = -(-total // _PER_PAGE)
    text = words.fill(words.articles, total=total, page=page + 1, pages=pages)
    if term:
        text += words.fill(words.articles_search, term=escape(term))
    keyboard = [
        [
            InlineKeyboardButton(
                shortened(f"{(article.published or '')[:10]} {article.title}", 60),
                callback_data=f"ad:{article_key(article.id)}",
            )
        ]
        for article in articles
    ]
    turn = [
        InlineKeyboardButton(label, callback_data=f"al:{to}:{term}")
        for label, to in (("‹", page - 1), ("›", page + 1))
        if 0 <= to < pages
    ]
    return text, [*keyboard, *([turn] if turn else [])]


def _detail(article: Article, words: Catalogue) -> str:
    beginning = article.text[: fitting(article.text, _BEGINNING, 40)]
    return words.fill(
        words.article_detail,
        source=source(article, words),
        author=escape(shortened(article.author or "-", 100)),
        language=article.language or "-",
        characters=len(article.text),
        id=escape(article.id),
        beginning=escape(beginning) + (" […]" if len(beginning) < len(article.text) else ""),
    )


def _detail_keyboard(article: Article, key: str, words: Catalogue) -> Keyboard:
    link = [InlineKeyboardButton(words.open_button, url=article.url)] if can_be_linked(article.url) else []
    remove = [InlineKeyboardButton(words.remove_button, callback_data=f"ar:{key}")]
    return [row for row in (link, remove) if row] + list(_back(words))


def _back(words: Catalogue, to: str = "al:0:") -> list[list[InlineKeyboardButton]]:
    return [[InlineKeyboardButton(words.back_button, callback_data=to)]]


def _fitting(term: str) -> str:
    return term.encode()[:_TERM_BYTES].decode(errors="ignore")
