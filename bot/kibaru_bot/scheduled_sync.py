"""The sources are kept in step while the bot runs, and admins hear in one line what came in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from html import escape

from telegram import Bot
from telegram.error import TelegramError

from kibaru import Kibaru
from kibaru.errors import KibaruError
from kibaru.sources.sync import Summary, sync_all
from kibaru_bot.lengths import shortened
from kibaru_bot.messages import Catalogue, catalogue
from kibaru_bot.state import BotState
from kibaru_bot.store import BotStore

log = logging.getLogger(__name__)

_SHOWN = 10
_LONGEST_TITLE = 60
_LONGEST_PROBLEM = 200


async def keep_in_sync(bot: Bot, state: BotState) -> None:
    """Sync now, and again every so many minutes as the settings say; return at once when they say never."""
    known: dict[int, str | None] = {}
    while state.settings.sync_minutes:
        try:
            summaries = await state.service.run_long(lambda kibaru: _sync(kibaru, state))
        except KibaruError as error:
            state.metrics.record_problem(f"the sources were not brought in: {error}")
        else:
            await _tell(bot, state, [summary for summary in summaries if _is_news(summary, known)])
            known |= {summary.source.id: summary.problem for summary in summaries}
        await asyncio.sleep(60 * state.settings.sync_minutes)


def _sync(kibaru: Kibaru, state: BotState) -> list[Summary]:
    return list(sync_all(kibaru, pause=state.service.stopping.wait))


def _is_news(summary: Summary, known: dict[int, str | None]) -> bool:
    """Articles came or went, or something is the matter that was not before."""
    has_changed = any(summary.counts.get(change) for change in ("added", "updated", "gone"))
    return has_changed or summary.problem not in (None, known.get(summary.source.id))


async def _tell(bot: Bot, state: BotState, news: Sequence[Summary]) -> None:
    for summary in news:
        log.info("synced %s", summary)
    for admin in state.settings.admins if news else ():
        language = await state.service.with_store(partial(_language, admin))
        try:
            await bot.send_message(admin, line(news, catalogue(language)))
        except TelegramError as error:
            log.info("an admin cannot be told what was synced: %s", error)


def _language(admin: int, store: BotStore) -> str | None:
    return store.language(store.fingerprints("reader", admin))


def line(news: Sequence[Summary], words: Catalogue) -> str:
    """What came in from each source, in one line of HTML."""
    titles = [escape(shortened(summary.source.title, _LONGEST_TITLE)) for summary in news[:_SHOWN]]
    told = [
        words.fill(words.synced_source, title=title, counts=_counts(summary, words))
        for title, summary in zip(titles, news, strict=False)
    ]
    return words.fill(words.synced, sources=" · ".join(told) + (" …" if len(news) > _SHOWN else ""))


def _counts(summary: Summary, words: Catalogue) -> str:
    sentences = {"added": words.synced_added, "updated": words.synced_updated, "gone": words.synced_gone}
    told = [words.fill(sentences[c], count=n) for c, n in summary.counts.items() if n and c in sentences]
    if summary.problem:
        told.append(words.fill(words.synced_problem, why=escape(shortened(summary.problem, _LONGEST_PROBLEM))))
    return ", ".join(told)
