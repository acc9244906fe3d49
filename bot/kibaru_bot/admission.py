"""How long readers wait: since when the one in hand does, and whether a question can be answered in time.

A question is let in when the answers before it will be done within a sixth of the deadline. So it is answered in time
even when they take much longer than the last ones did, and a rush is over soon after its readers stop.
"""

from __future__ import annotations

import time
from contextvars import ContextVar

_SHARE = 1 / 6
_KEPT = 0.9
"""How much of what was known of the time a question takes is still believed after one more."""

came: ContextVar[float] = ContextVar("came")
"""When the update being handled came in, by `time.monotonic`."""


def waited() -> float:
    """Seconds since the update being handled came in."""
    now = time.monotonic()
    return now - came.get(now)


class Overloaded(Exception):  # a state of the bot, not an error of the archive
    """So many questions wait that one more would wait too long."""


class Patience:
    """The deadline, in seconds, and how many seconds each question has taken lately."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._each = 0.0

    def took(self, seconds: float, questions: int) -> None:
        """So many questions were answered one after the other in so many seconds."""
        kept = _KEPT**questions if self._each else 0.0
        self._each = kept * self._each + (1 - kept) * seconds / questions

    def left(self) -> float:
        """Seconds until the reader in hand must have heard something."""
        return self.deadline - waited()

    def check(self, ahead: int) -> None:
        """Whether the reader in hand can wait for as many questions as are `ahead`. Raises Overloaded."""
        if waited() + ahead * self._each > _SHARE * self.deadline:
            raise Overloaded
