"""Admins keep the archive in order: /rebuild, /status, and /unanswered, what readers asked in vain."""

from __future__ import annotations

import asyncio
import csv
import io
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from telegram import InlineKeyboardButton, Message, Update
from telegram.error import TelegramError

from kibaru.archive import Kibaru
from kibaru.arrays import Vectors
from kibaru.errors import KibaruError
from kibaru.storage.question_log import Asked
from kibaru.text.stems import fold
from kibaru.types import Rebuilt
from kibaru_bot.lengths import entities, shortened, units
from kibaru_bot.messages import Catalogue
from kibaru_bot.messaging import acknowledge, change, pressed, said, say, typing
from kibaru_bot.metrics import ages
from kibaru_bot.render import Block, pages
from kibaru_bot.state import Context, State, state

log = logging.getLogger(__name__)

_EDITED_EVERY = 3.0
_GROUPED = 500
_SHOWN = 20
_ALIKE = 0.94
"""Cosine from which two questions count as the same. In `benchmarks/conversation.py`, with the default model, 27 of 33
pairs that ask the same meet so and 18 others do, F1 0.69; at 0.93 it is 0.62, at 0.95 0.58."""

_BEGINS_A_FORMULA = re.compile(r"(?:^|[;\t\r\n])\s*(?=[=+@＝＋＠-]|－)")
"""Where a spreadsheet may see a cell begin with what it takes for a formula: at its start, and, where lists are parted
by semicolons as in France, behind each of these, whatever the quotes around."""


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that ask the same, the newest first."""

    questions: list[Asked]


async def on_rebuild(update: Update, context: Context) -> None:
    """Rebuild the index; one message tells how far it is, and questions are answered meanwhile."""
    (message, user), bot_state = said(update), state(context)
    words = await bot_state.words(user)
    if bot_state.rebuilding:
        await say(message, words.rebuild_running)
        return
    told = await say(message, words.rebuild_started)
    bot_state.rebuilding = True
    task = asyncio.create_task(_rebuild(told, str(user.id), words, bot_state))
    context.bot_data.setdefault("tasks", []).append(task)


async def _rebuild(told: Message, who: str, words: Catalogue, bot_state: State) -> None:
    began, percent = time.monotonic(), [0]

    def progress(done: int, total: int) -> None:
        if bot_state.desk.stopping.is_set():
            raise KibaruError("The bot was stopped: the next rebuild goes on from there.")
        percent[0] = 100 * done // max(1, total)

    def build(kibaru: Kibaru) -> Rebuilt:
        return kibaru.rebuild(progress=progress)

    work = asyncio.ensure_future(bot_state.desk.edit(build))
    shown = 0
    try:
        while not (await asyncio.wait([work], timeout=_EDITED_EVERY))[0]:
            if percent[0] != shown:
                shown = percent[0]
                await _say_how_far(told, words.fill(words.rebuild_progress, percent=shown))
        built = work.result()
        await bot_state.desk.journal(
            lambda journal: journal.log_change(who, "rebuilt", "", f"{built.articles} articles")
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
        bot_state.rebuilding = False
    await _say_how_far(told, text)


async def _say_how_far(told: Message, text: str) -> None:
    """Tell the admin, if Telegram can be reached: the rebuild goes on without."""
    try:
        await change(told.get_bot(), told.chat_id, told.message_id, text)
    except TelegramError as error:
        log.warning("an admin was not told of the rebuild: %s", error)


async def on_status(update: Update, context: Context) -> None:
    """The archive's counts and health, and the questions'."""
    (message, user), bot_state = said(update), state(context)
    words = await bot_state.words(user)
    async with typing(message):
        where = bot_state.desk.read if bot_state.rebuilding else bot_state.desk.edit
        archive = await where(lambda kibaru: kibaru.status())
        at = await bot_state.desk.read(ages)
        questions, refused = await bot_state.desk.journal(lambda journal: journal.counts())
    dates = archive.published and words.fill(
        words.about_dates, first=words.date(archive.published[0]), last=words.date(archive.published[1])
    )
    watch = bot_state.watch
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
        queue=bot_state.desk.waiting,
        started=words.moment(watch.started),
        answered=watch.count("answered"),
        refusals=watch.count("refused"),
        shed=watch.count("told to come back"),
        synced=words.moment(at.synced),
        error=escape(shortened(watch.error or "-", 300)),
    )
    await say(message, text)


async def on_unanswered(update: Update, context: Context) -> None:
    """What readers asked in vain, grouped by likeness, what was asked most first."""
    (message, user), bot_state = said(update), state(context)
    words = await bot_state.words(user)
    async with typing(message):
        groups = await _groups(bot_state)
    if not groups:
        await say(message, words.unanswered_none)
        return
    await say(message, listed(groups, words), [[InlineKeyboardButton(words.csv_button, callback_data="uc:")]])


def listed(groups: Sequence[Group], words: Catalogue) -> str:
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


async def on_csv(update: Update, context: Context) -> None:
    """All of them as a file for a spreadsheet."""
    (query, _), bot_state = pressed(update), state(context)
    if not isinstance(query.message, Message) or not bot_state.is_admin(query.from_user):
        return
    await acknowledge(query)
    words, groups = await bot_state.words(query.from_user), await _groups(bot_state)
    count = sum(len(group.questions) for group in groups)
    await query.message.reply_document(
        csv_of(groups), caption=words.fill(words.csv_caption, count=count), filename="questions.csv"
    )


async def _groups(bot_state: State) -> list[Group]:
    questions = await bot_state.desk.journal(lambda journal: journal.unanswered(_GROUPED))
    if not questions:
        return []
    vectors = await bot_state.desk.embed([asked.question for asked in questions])
    return alike(questions, vectors)


def alike(questions: Sequence[Asked], vectors: Vectors) -> list[Group]:
    """Questions that ask the same put together, the largest group first; a question joins the first that fits."""
    groups: list[tuple[int, list[Asked]]] = []
    for number, asked in enumerate(questions):
        for first, members in groups:
            same = fold(members[0].question) == fold(asked.question)
            if same or float(vectors[first] @ vectors[number]) >= _ALIKE:
                members.append(asked)
                break
        else:
            groups.append((number, [asked]))
    return [Group(members) for _, members in sorted(groups, key=lambda group: -len(group[1]))]


def csv_of(groups: Sequence[Group]) -> bytes:
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
