"""Inline mode: `@bot question` in any chat offers passages to post, each with its source."""

from __future__ import annotations

from telegram import (
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
    Update,
)
from telegram.constants import ParseMode

from kibaru import Answer, small_talk_kind
from kibaru.errors import BadInput, KibaruError
from kibaru.types import Article
from kibaru_bot.admission import Overloaded
from kibaru_bot.lengths import shortened
from kibaru_bot.messages import Catalogue
from kibaru_bot.render import outlet, quote_block, shown, source
from kibaru_bot.state import BotContext

_OFFERED = 6
_SHORTEST = 3
_CACHE_SECONDS = 60


async def on_inline(update: Update, context: BotContext) -> None:
    """Offer what answers, or else the articles that come nearest."""
    query = update.inline_query
    if query is None:
        return
    words = await context.state.words(query.from_user)
    if len(query.query.strip()) < _SHORTEST or small_talk_kind(query.query):
        await query.answer([], cache_time=_CACHE_SECONDS)
        return
    try:
        answer, _ = await context.state.service.ask(query.query, quotes=_OFFERED)
    except BadInput:
        hint = InlineQueryResultsButton(words.inline_hint_plain, start_parameter="inline")
        await query.answer([], cache_time=_CACHE_SECONDS, is_personal=True, button=hint)
        return
    except (KibaruError, Overloaded):
        busy = InlineQueryResultsButton(words.inline_busy_plain, start_parameter="inline")
        await query.answer([], cache_time=0, button=busy)
        return
    results = offered(answer, words)
    nothing = InlineQueryResultsButton(words.inline_none_plain, start_parameter="inline") if answer.is_refusal else None
    await query.answer(results, cache_time=_CACHE_SECONDS, is_personal=True, button=nothing)


def offered(answer: Answer, words: Catalogue) -> list[InlineQueryResultArticle]:
    """What there is to post: the quotes, or of a refusal its leads."""
    return [
        _result(
            str(number),
            quote.article,
            words,
            quote_block(quote, words).html,
            quote.article.text[slice(*shown(quote))],
        )
        for number, quote in enumerate(answer.quotes)
    ] or [
        _result(str(number), article, words, source(article, words), article.text)
        for number, article in enumerate(answer.leads)
    ]


def _result(id: str, article: Article, words: Catalogue, html: str, description: str) -> InlineQueryResultArticle:
    return InlineQueryResultArticle(
        id,
        shortened(article.title, 100),
        InputTextMessageContent(html, ParseMode.HTML, link_preview_options=LinkPreviewOptions(is_disabled=True)),
        url=article.url,
        description=shortened(" · ".join(p for p in (outlet(article), words.date(article.published)) if p), 80)
        + "\n"
        + shortened(description, 160),
    )
