"""How many questions one reader may ask within a minute."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_WINDOW = 60.0
"""Seconds."""

_REMEMBERED = 10_000
"""Readers that are remembered; when there are more, those who have asked nothing within a minute are forgotten."""


@dataclass(slots=True)
class RateLimit:
    """A sliding window over the questions of each reader.

    Attributes:
        most: Questions that a reader may ask within a minute.
        clock: The time in seconds.
    """

    most: int
    clock: Callable[[], float] = time.monotonic
    _asked: dict[int, deque[float]] = field(default_factory=dict)

    def wait(self, reader: int) -> int:
        """Count a question, if it may be asked.

        Returns:
            0 when it may be asked now; else how many seconds the reader has to wait.
        """
        now = self.clock()
        if len(self._asked) > _REMEMBERED:
            self._asked = {id: times for id, times in self._asked.items() if times[-1] > now - _WINDOW}
        times = self._asked.setdefault(reader, deque(maxlen=self.most))
        if len(times) == self.most and times[0] > now - _WINDOW:
            return int(times[0] + _WINDOW - now) + 1
        times.append(now)
        return 0
