"""Telegram's flood limits, as token buckets."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

_JITTER_SECONDS = 0.5
"""Requests sent evenly may arrive bunched: so much of a bucket's rate is forgiven."""


@dataclass(frozen=True)
class FloodLimits:
    """How fast a bot may write. ``FloodLimits.off()`` lets everything pass.

    Counted are messages sent or edited. ``private_burst`` messages may come at once in a private chat,
    one more for each further second; Telegram publishes only the sustained rates.
    """

    overall_per_second: float = 30
    private_per_second: float = 1
    private_burst: int = 10
    group_per_minute: float = 20

    @classmethod
    def off(cls) -> FloodLimits:
        """No limits at all."""
        huge = 10**9
        return cls(huge, huge, huge, huge)


class _Bucket:
    def __init__(self, rate: float, capacity: float, now: float) -> None:
        self.rate, self.capacity = rate, capacity
        self.tokens, self.at = capacity, now

    def wait(self, now: float) -> float:
        """Refill; seconds until one more is allowed, 0 when it is now."""
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.rate)
        self.at = now
        missing = 1 - self.rate * _JITTER_SECONDS - self.tokens
        return missing / self.rate if missing > 1e-9 else 0.0


class FloodGate:
    """Decides whether one more message may pass."""

    def __init__(self, limits: FloodLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._clock = clock
        self._overall = _Bucket(limits.overall_per_second, limits.overall_per_second, clock())
        self._chats: dict[int, _Bucket] = {}

    def retry_after(self, chat_id: int) -> int:
        """0 when a message to ``chat_id`` passes (and is counted), else the seconds to wait."""
        now = self._clock()
        chat = self._chats.get(chat_id)
        if chat is None:
            limits = self.limits
            if chat_id > 0:
                chat = _Bucket(limits.private_per_second, limits.private_burst, now)
            else:
                chat = _Bucket(limits.group_per_minute / 60, limits.group_per_minute, now)
            self._chats[chat_id] = chat
        wait = max(self._overall.wait(now), chat.wait(now))
        if wait > 0:
            return max(1, math.ceil(wait))
        self._overall.tokens -= 1
        chat.tokens -= 1
        return 0
