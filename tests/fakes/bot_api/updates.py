"""The queue of updates the bot has not confirmed yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

Update = dict[str, Any]
_NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}


class UpdateQueue:
    """Updates in order. An update stays until a later offset (or a webhook's 2xx) confirms it.

    ``push`` may be called from any thread; the rest belongs to the server's loop.
    """

    def __init__(self) -> None:
        self.pending: list[Update] = []
        self.again: list[Update] = []
        self.allowed: set[str] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._next_id = 700_000_001
        self._waiters: set[asyncio.Future[None]] = set()

    def allow(self, kinds: Iterable[str]) -> None:
        """Remember which kinds of update the bot asked for; none given means the defaults."""
        self.allowed = set(kinds)

    def push(self, kind: str, body: dict[str, Any]) -> int | None:
        """Queue an update; its id, or ``None`` when the bot has not asked for that kind."""
        if (self.allowed and kind not in self.allowed) or (not self.allowed and kind in _NOT_BY_DEFAULT):
            return None
        update_id = self._next_id
        self._next_id += 1
        self.pending.append({"update_id": update_id, kind: body})
        self.wake()
        return update_id

    def push_again(self, update: Update) -> None:
        """Put an update, confirmed or not, into the next answer to ``getUpdates``, as Telegram may after trouble."""
        self.again.append(update)
        self.wake()

    def batch(self, limit: int) -> list[Update]:
        """What ``getUpdates`` answers now."""
        again, self.again = self.again, []
        return (again + self.pending)[:limit]

    def confirm(self, offset: int) -> None:
        """Drop all before ``offset``; a negative one keeps that many from the end."""
        if offset < 0:
            self.pending[:] = self.pending[offset:]
        elif offset > 0:
            self.pending[:] = [update for update in self.pending if update["update_id"] >= offset]

    def remove(self, update_id: int) -> None:
        """Drop one update, delivered by webhook."""
        self.pending[:] = [update for update in self.pending if update["update_id"] != update_id]

    def wake(self) -> None:
        """Let those who wait look again, from any thread."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def changed(self, timeout: float) -> None:
        """Return at the next change, or after ``timeout`` seconds."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=timeout)  # unlike wait_for, never swallows a cancellation
        finally:
            self._waiters.discard(waiter)
