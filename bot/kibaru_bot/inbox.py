"""Updates on their way in: each is on disk before Telegram hears that we have it, and leaves once it is answered.

So a bot that is killed answers on restart what it had not answered yet. Killed after an answer was sent and before
its update was settled, it would answer again, unless the journal knows the answer; only the moment between the
sending and the note of it can double an answer, and none can lose one.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable
from typing import Any

from telegram import Bot, Update
from telegram.ext import BaseUpdateProcessor

from kibaru_bot.worker import Newsdesk

log = logging.getLogger(__name__)

_IN_HAND = 2_000
"""Updates being handled or waiting for their turn; beyond it, no more are taken from Telegram, which keeps them."""


AGAIN_SECONDS = 30.0
_ATTEMPTS = 20
"""Over ten minutes in which Telegram cannot be reached; after that, the reader has long asked again."""


class Inbox(asyncio.Queue[object]):
    """The application's queue of updates: keeps each in the journal, and drops what came before."""

    def __init__(self, desk: Newsdesk) -> None:
        super().__init__()
        self._desk = desk
        self._room = asyncio.Semaphore(_IN_HAND)
        self._failures: dict[int, int] = {}
        self._unsent: set[int] = set()

    async def put(self, item: object) -> None:
        if isinstance(item, Update):
            id, payload = item.update_id, item.to_json()
            if not await self._desk.journal(lambda journal: journal.receive(id, payload)):
                log.info("update %d came before", id)
                return
            await self._room.acquire()
        await super().put(item)

    async def restore(self, bot: Bot) -> None:
        """Queue what an earlier run received and did not deal with."""
        unsettled = await self._desk.journal(lambda journal: journal.unsettled())
        for _, payload in unsettled:
            await self._room.acquire()
            await super().put(Update.de_json(json.loads(payload), bot))
        if unsettled:
            log.info("%d updates of an earlier run are taken up again", len(unsettled))

    def unsent(self, update: Update) -> None:
        """The answer did not get through to Telegram: the update is to be handled again in a while."""
        self._unsent.add(update.update_id)

    async def settle(self, update: Update) -> None:
        """The update is dealt with, unless its answer could not be sent."""
        failures = self._failures.pop(update.update_id, 0)
        if update.update_id in self._unsent and failures < _ATTEMPTS:
            self._unsent.discard(update.update_id)
            self._failures[update.update_id] = failures + 1
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.put_nowait, update)
            return
        self._unsent.discard(update.update_id)
        self._room.release()
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
        place = _place(update)
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


def _place(update: object) -> int:
    if isinstance(update, Update):
        if update.effective_chat:
            return update.effective_chat.id
        if update.effective_user:
            return update.effective_user.id
    return 0
