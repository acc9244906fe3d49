"""Admission control: whether a question can be answered in time, and how long its reader has waited.

A question is admitted when the questions before it will be answered within a sixth of the deadline. So it is answered
in time even when those take much longer than the last ones did, and a rush is over soon after its readers stop.
"""

from __future__ import annotations

import time
from contextvars import ContextVar

_SHARE = 1 / 6
"""The share of the deadline that a question may wait for its turn."""

_KEPT = 0.9
"""The weight of the mean time a question takes that is kept when one more is answered (exponential smoothing)."""

arrived: ContextVar[float] = ContextVar("arrived")
"""When the update being handled came in, by `time.monotonic`."""


def waited() -> float:
    """Seconds since the update being handled came in."""
    now = time.monotonic()
    return now - arrived.get(now)


class Overloaded(Exception):  # a state of the bot, not an error of the archive
    """So many questions wait that one more would wait too long."""


class AdmissionControl:
    """The deadline, in seconds, and how many seconds each question has taken lately."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._each = 0.0

    def took(self, seconds: float, questions: int) -> None:
        """Note that so many questions were answered one after the other in so many seconds."""
        kept = _KEPT**questions if self._each else 0.0
        self._each = kept * self._each + (1 - kept) * seconds / questions

    def left(self) -> float:
        """Seconds until the reader of the update being handled must have heard something."""
        return self.deadline - waited()

    def check(self, ahead: int) -> None:
        """Raise Overloaded when the update being handled cannot wait for as many questions as are `ahead`."""
        if waited() + ahead * self._each > _SHARE * self.deadline:
            raise Overloaded
