"""Incoming updates: each is on disk before Telegram hears that it was received, and is deleted once it is answered.

So a bot that is killed answers after its restart what it had not answered yet. An answer that was sent before the bot
was killed is not sent again when the question log knows it: only a kill between the sending and the note of it can
send an answer twice, and no kill can lose one.

Each chat has a queue of its own, of which one update at a time is handled: so chats take turns, however much one of
them sends. Updates beyond a chat's queue are left out, and the chat is told so once.
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
from kibaru_bot.admission import arrived
from kibaru_bot.archive_service import ArchiveService

log = logging.getLogger(__name__)

_IN_HAND = 2_000
"""Updates being handled or waiting for their turn; beyond it, no more are taken from Telegram, which keeps them."""

MAX_WAITING = 20
"""Updates of one chat that may wait: about what Telegram lets a bot write to a group within a minute."""

DISK_SECONDS = 5.0
"""Seconds until an update that the disk refused is written again."""

AGAIN_SECONDS = 30.0
"""Seconds until an answer that could not be sent is sent again."""

_UNSENT_KEPT = 86_400.0
"""Seconds for which it is tried again: as long as Telegram itself keeps updates."""


class Inbox(asyncio.Queue[object]):
    """The application's queue of updates: writes each into the bot's tables, and drops those it has had before."""

    def __init__(self, service: ArchiveService) -> None:
        super().__init__()
        self._service = service
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
        """Keep an update; False when it came before.

        While the disk refuses it, no more is taken from Telegram, which keeps what comes: an error here would end the
        polling for good.
        """
        while True:
            try:
                return await self._service.with_store(lambda store: store.receive(update, payload))
            except KibaruError as error:
                log.error("update %d cannot be kept, it is tried again: %s", update, error)
                await asyncio.sleep(DISK_SECONDS)

    def _has_place(self, update: Update) -> bool:
        """Take a place in the queue of the update's chat. The first that finds it full gets one too, to be told so."""
        chat = chat_of(update)
        if chat in self._crowded:
            return False
        if self._in_hand[chat] >= MAX_WAITING and chat not in self._service.settings.admins:
            log.warning("a chat sends more than %d messages at once: the rest are left out", MAX_WAITING)
            self._crowded.add(chat)
            self._left_out.add(update.update_id)
        self._in_hand[chat] += 1
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

    def arrived(self, update: object) -> float:
        """When the update came, by `time.monotonic`, or would have come without our own lag. May be called once."""
        lag = self._lags.pop(update.update_id, 0.0) if isinstance(update, Update) else 0.0
        return time.monotonic() - lag

    def _free(self, update: Update) -> None:
        self._lags.pop(update.update_id, None)
        chat = chat_of(update)
        self._in_hand[chat] -= 1
        if self._in_hand[chat] <= MAX_WAITING // 2:
            self._crowded.discard(chat)
        if not self._in_hand[chat]:
            del self._in_hand[chat]
        self._left_out.discard(update.update_id)
        self._freed.set()

    def is_left_out(self, update: Update) -> bool:
        """Whether the update found the queue of its chat full; those after it are dropped silently."""
        return update.update_id in self._left_out

    @property
    def in_hand(self) -> int:
        """Updates being handled or waiting for their turn."""
        return self._in_hand.total()

    async def restore(self, bot: Bot) -> None:
        """Queue what an earlier run received and did not handle."""
        unsettled = await self._service.with_store(lambda store: store.unsettled())
        for _, payload in unsettled:
            update = Update.de_json(json.loads(payload), bot)
            self._in_hand[chat_of(update)] += 1
            self.put_nowait(update)
        if unsettled:
            log.info("%d updates of an earlier run are taken up again", len(unsettled))

    def unsent(self, update: Update) -> None:
        """Note that the answer could not be sent: the update is to be handled again in a while."""
        self._failed.add(update.update_id)

    async def settle(self, update: Update) -> None:
        """Delete an update that is handled, or queue it again when its answer could not be sent."""
        since = self._unsent.pop(update.update_id, time.monotonic())
        if update.update_id in self._failed:
            self._failed.discard(update.update_id)
            if time.monotonic() - since < _UNSENT_KEPT:
                self._unsent[update.update_id] = since
                asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.put_nowait, update)
                return
        self._free(update)
        await self._service.with_store(lambda store: store.settle(update.update_id))


class SequentialPerChat(BaseUpdateProcessor):
    """Handles updates of different chats at once, and those of one chat in the order they came in."""

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(_IN_HAND)
        self._inbox = inbox
        self._last: dict[int, asyncio.Future[None]] = {}

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Wait for the update before it in the same chat, then handle this one."""
        arrived.set(self._inbox.arrived(update))
        chat = chat_of(update)
        before = self._last.get(chat)
        mine = self._last[chat] = asyncio.get_running_loop().create_future()
        try:
            if before is not None:
                await asyncio.shield(before)
            await coroutine
        finally:
            mine.set_result(None)
            if self._last.get(chat) is mine:
                del self._last[chat]
        if isinstance(update, Update):
            await self._inbox.settle(update)


def chat_of(update: object) -> int:
    """The chat in whose queue an update is: its number, or that of the user where there is no chat."""
    if isinstance(update, Update):
        if update.effective_chat:
            return update.effective_chat.id
        if update.effective_user:
            return update.effective_user.id
    return 0
