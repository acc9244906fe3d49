"""Updates on their way in: each is on disk before Telegram hears that we have it, and leaves once it is answered.

So a bot that is killed answers on restart what it had not answered yet. Killed after an answer was sent and before
its update was settled, it would answer again, unless the journal knows the answer; only the moment between the
sending and the note of it can double an answer, and none can lose one.

Each chat has a line of its own, of which one update at a time is handled: so chats take turns, however much one of
them sends. What does not fit into a chat's line is left out, and the chat is told so once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Awaitable
from typing import Any

from telegram import Bot, Update
from telegram.ext import BaseUpdateProcessor

from kibaru.errors import KibaruError
from kibaru_bot.admission import came
from kibaru_bot.backend import Newsdesk

log = logging.getLogger(__name__)

_IN_HAND = 2_000
"""Updates being handled or waiting for their turn; beyond it, no more are taken from Telegram, which keeps them."""

LINE = 20
"""Updates of one chat that wait: about what Telegram lets a bot write to a group within a minute."""

DISK_SECONDS = 5.0
"""After which a disk that refused an update is tried again."""

AGAIN_SECONDS = 30.0
"""After which an answer that did not get through is tried again."""

_UNSENT_KEPT = 86_400.0
"""Seconds in which it is: as long as Telegram keeps what it cannot deliver."""


class Inbox(asyncio.Queue[object]):
    """The application's queue of updates: keeps each in the journal, and drops what came before."""

    def __init__(self, desk: Newsdesk) -> None:
        super().__init__()
        self._desk = desk
        self._in_hand: Counter[int] = Counter()
        self._freed = asyncio.Event()
        self._lags: dict[int, float] = {}
        self._no_lag = float("inf")
        self._crowded: set[int] = set()
        self._left_out: set[int] = set()
        self._unsent: dict[int, float] = {}
        self._failed: set[int] = set()

    async def put(self, item: object) -> None:
        if isinstance(item, Update):
            lag = self._lag(item)
            if not self._has_place(item):
                return
            self._lags[item.update_id] = lag
            id, payload = item.update_id, item.to_json()
            if not await self._received(id, payload):
                log.info("update %d came before", id)
                self._free(item)
                return
            while self._in_hand.total() > _IN_HAND:
                self._freed.clear()
                await self._freed.wait()
        await super().put(item)

    async def _received(self, update: int, payload: str) -> bool:
        """Keep an update; False when it came before. While the disk refuses it no more is taken from Telegram, which
        keeps what comes: an error here would end the polling, and leave a bot that hears nothing."""
        while True:
            try:
                return await self._desk.journal(lambda journal: journal.receive(update, payload))
            except KibaruError as error:
                log.error("update %d cannot be kept, it is tried again: %s", update, error)
                await asyncio.sleep(DISK_SECONDS)

    def _has_place(self, update: Update) -> bool:
        """Take a place in the line of the update's chat. The first that finds it full gets one too, to be told so."""
        place = place_of(update)
        if place in self._crowded:
            return False
        if self._in_hand[place] >= LINE and place not in self._desk.settings.admins:
            log.warning("a chat sends more than %d messages at once: the rest are left out", LINE)
            self._crowded.add(place)
            self._left_out.add(update.update_id)
        self._in_hand[place] += 1
        return True

    def _lag(self, update: Update) -> float:
        """Seconds that a message has waited at Telegram because we were too slow to take it.

        Our clock need not be Telegram's: what counts is by how much the difference has grown since it was least, or
        since nothing was in hand but what could not be sent. So questions of a time when the bot was down, or Telegram,
        have no lag: they are taken the oldest first.
        """
        if update.message is None:
            return 0.0
        since_sent = time.time() - update.message.date.timestamp()
        is_idle = self._in_hand.total() <= len(self._unsent)
        self._no_lag = since_sent if is_idle else min(self._no_lag, since_sent)
        return since_sent - self._no_lag

    def came(self, update: object) -> float:
        """When the update came, by `time.monotonic`, or would have if we had been quick enough; asked once."""
        lag = self._lags.pop(update.update_id, 0.0) if isinstance(update, Update) else 0.0
        return time.monotonic() - lag

    def _free(self, update: Update) -> None:
        self._lags.pop(update.update_id, None)
        place = place_of(update)
        self._in_hand[place] -= 1
        if self._in_hand[place] <= LINE // 2:
            self._crowded.discard(place)
        if not self._in_hand[place]:
            del self._in_hand[place]
        self._left_out.discard(update.update_id)
        self._freed.set()

    def is_left_out(self, update: Update) -> bool:
        """Whether the update found the line of its chat full, as do those after it that nobody sees."""
        return update.update_id in self._left_out

    @property
    def in_hand(self) -> int:
        """Updates being handled or waiting for their turn."""
        return self._in_hand.total()

    async def restore(self, bot: Bot) -> None:
        """Queue what an earlier run received and did not deal with."""
        unsettled = await self._desk.journal(lambda journal: journal.unsettled())
        for _, payload in unsettled:
            update = Update.de_json(json.loads(payload), bot)
            self._in_hand[place_of(update)] += 1
            self.put_nowait(update)
        if unsettled:
            log.info("%d updates of an earlier run are taken up again", len(unsettled))

    def unsent(self, update: Update) -> None:
        """The answer did not get through to Telegram: the update is to be handled again in a while."""
        self._failed.add(update.update_id)

    async def settle(self, update: Update) -> None:
        """The update is dealt with, unless its answer could not be sent."""
        since = self._unsent.pop(update.update_id, time.monotonic())
        if update.update_id in self._failed:
            self._failed.discard(update.update_id)
            if time.monotonic() - since < _UNSENT_KEPT:
                self._unsent[update.update_id] = since
                asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.put_nowait, update)
                return
        self._free(update)
        await self._desk.journal(lambda journal: journal.settle(update.update_id))


class InOrder(BaseUpdateProcessor):
    """Handles updates of different chats at once, and those of one chat in the order they came in."""

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(_IN_HAND)
        self._inbox = inbox
        self._last: dict[int, asyncio.Future[None]] = {}

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to let go of."""

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Wait for the update before it in the same chat, then handle this one."""
        came.set(self._inbox.came(update))
        place = place_of(update)
        before = self._last.get(place)
        mine = self._last[place] = asyncio.get_running_loop().create_future()
        try:
            if before is not None:
                await asyncio.shield(before)
            await coroutine
        finally:
            mine.set_result(None)
            if self._last.get(place) is mine:
                del self._last[place]
        if isinstance(update, Update):
            await self._inbox.settle(update)


def place_of(update: object) -> int:
    """Whose line an update is in: the number of its chat, or of the user where there is none."""
    if isinstance(update, Update):
        if update.effective_chat:
            return update.effective_chat.id
        if update.effective_user:
            return update.effective_user.id
    return 0
