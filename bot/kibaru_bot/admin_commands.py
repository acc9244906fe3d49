"""Admins keep the archive in order: /rebuild, /status, and /unanswered, what readers asked in vain."""

from __future__ import annotations

import asyncio
import csv
import io
import logging
import re
import time
from collections.abc import Sequence
from html import escape

from telegram import InlineKeyboardButton, Message, Update
from telegram.error import TelegramError

from kibaru import Kibaru
from kibaru.errors import KibaruError
from kibaru.evaluation.question_groups import QuestionGroup, unanswered_groups
from kibaru.types import Rebuilt
from kibaru_bot.lengths import entities, shortened, units
from kibaru_bot.messages import Catalogue
from kibaru_bot.messaging import answer_button, edit_message, message_and_sender, pressed_button, send_reply, typing
from kibaru_bot.metrics import ages
from kibaru_bot.render import Block, pages
from kibaru_bot.state import BotContext, BotState

log = logging.getLogger(__name__)

_EDITED_EVERY = 3.0
_SHOWN = 20
_BEGINS_A_FORMULA = re.compile(r"(?:^|[;\t\r\n])\s*(?=[=+@＝＋＠-]|－)")
"""Where a spreadsheet may see a cell begin with what it takes for a formula: at its start, and, where lists are parted
by semicolons as in France, behind each of these, whatever the quotes around."""


async def on_rebuild(update: Update, context: BotContext) -> None:
    """Rebuild the index; one message tells how far it is, and questions are answered meanwhile."""
    (message, user), state = message_and_sender(update), context.state
    words = await state.words(user)
    if state.rebuilding:
        await send_reply(message, words.rebuild_running)
        return
    told = await send_reply(message, words.rebuild_started)
    state.rebuilding = True
    task = asyncio.create_task(_rebuild(told, str(user.id), words, state))
    context.bot_data.setdefault("tasks", []).append(task)


async def _rebuild(told: Message, who: str, words: Catalogue, state: BotState) -> None:
    began, percent = time.monotonic(), [0]

    def progress(done: int, total: int) -> None:
        if state.service.stopping.is_set():
            raise KibaruError("The bot was stopped: the next rebuild goes on from there.")
        percent[0] = 100 * done // max(1, total)

    def build(kibaru: Kibaru) -> Rebuilt:
        return kibaru.rebuild(progress=progress)

    work = asyncio.ensure_future(state.service.edit(build))
    shown = 0
    try:
        while not (await asyncio.wait([work], timeout=_EDITED_EVERY))[0]:
            if percent[0] != shown:
                shown = percent[0]
                await _say_how_far(told, words.fill(words.rebuild_progress, percent=shown))
        built = work.result()
        await state.service.with_store(
            lambda store: store.questions.log_change(who, "rebuilt", "", f"{built.articles} articles")
        )
        text = words.fill(
            words.rebuild_done,
            generation=built.generation,
            articles=built.articles,
            passages=built.passages,
            embedded=built.embedded,
            seconds=round(time.monotonic() - began, 1),
        )
    except KibaruError as error:
        text = words.fill(words.failed, why=escape(str(error)))
    finally:
        state.rebuilding = False
    await _say_how_far(told, text)


async def _say_how_far(told: Message, text: str) -> None:
    """Tell the admin, if Telegram can be reached: the rebuild goes on without."""
    try:
        await edit_message(told.get_bot(), told.chat_id, told.message_id, text)
    except TelegramError as error:
        log.warning("an admin was not told of the rebuild: %s", error)


async def on_status(update: Update, context: BotContext) -> None:
    """The archive's counts and health, and the questions'."""
    (message, user), state = message_and_sender(update), context.state
    words = await state.words(user)
    async with typing(message):
        where = state.service.look_up if state.rebuilding else state.service.edit
        archive = await where(lambda kibaru: kibaru.status())
        at = await state.service.look_up(ages)
        questions, refused = await state.service.with_store(lambda store: store.questions.counts())
    dates = archive.published and words.fill(
        words.about_dates, first=words.date(archive.published[0]), last=words.date(archive.published[1])
    )
    metrics = state.metrics
    text = words.fill(
        words.status,
        articles=archive.articles,
        dates=dates or "",
        passages=archive.passages,
        megabytes=round(archive.bytes / 1e6, 1),
        languages=", ".join(archive.languages) or "-",
        generation=archive.generation.id if archive.generation else "-",
        built=f" ({words.moment(at.built)})" if at.built else "",
        model=escape(archive.model),
        health=escape(archive.problem or "✓"),
        questions=questions,
        refused=refused,
        queue=state.service.waiting,
        started=words.moment(metrics.started),
        answered=metrics.count("answered"),
        refusals=metrics.count("refused"),
        shed=metrics.count("told to come back"),
        synced=words.moment(at.synced),
        error=escape(shortened(metrics.error or "-", 300)),
    )
    await send_reply(message, text)


async def on_unanswered(update: Update, context: BotContext) -> None:
    """What readers asked in vain, grouped by likeness, what was asked most first."""
    (message, user), state = message_and_sender(update), context.state
    words = await state.words(user)
    async with typing(message):
        groups = await state.service.run_long(unanswered_groups)
    if not groups:
        await send_reply(message, words.unanswered_none)
        return
    await send_reply(message, listed(groups, words), [[InlineKeyboardButton(words.csv_button, callback_data="uc:")]])


def listed(groups: Sequence[QuestionGroup], words: Catalogue) -> str:
    """The first groups, a line each, as many as one message holds."""
    lines = [
        words.fill(
            words.unanswered_line,
            count=len(group.questions),
            question=escape(shortened(group.questions[0].question, 200)),
        )
        for group in groups[:_SHOWN]
    ]
    blocks = [Block(line, units(line), entities(line)) for line in lines]
    return pages([Block(words.unanswered, units(words.unanswered), 1), *blocks], _SHOWN + 1)[0]


async def on_csv(update: Update, context: BotContext) -> None:
    """All of them as a file for a spreadsheet."""
    (query, _), state = pressed_button(update), context.state
    if not isinstance(query.message, Message) or not state.is_admin(query.from_user):
        return
    await answer_button(query)
    words, groups = await state.words(query.from_user), await state.service.run_long(unanswered_groups)
    count = sum(len(group.questions) for group in groups)
    await query.message.reply_document(
        csv_of(groups), caption=words.fill(words.csv_caption, count=count), filename="questions.csv"
    )


def csv_of(groups: Sequence[QuestionGroup]) -> bytes:
    """The groups as CSV that a spreadsheet opens as text: no cell of a reader's can be a formula."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["group", "asked in this group", "question", "when", "refused", "judged unhelpful"])
    for number, group in enumerate(groups, 1):
        for asked in group.questions:
            refused, unhelpful = ("" if asked.answered else "x"), ("x" if asked.helpful is False else "")
            table.writerow([number, len(group.questions), _harmless(asked.question), asked.asked, refused, unhelpful])
    return out.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    return _BEGINS_A_FORMULA.sub(r"\g<0>'", cell)
