"""Manners towards a site: what its robots.txt allows, and how fast we come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from protego import Protego

from kibaru import __version__
from kibaru.settings import Settings

ROBOTS_BYTES = 500_000
"""As much of a robots.txt as is read (RFC 9309 asks for at least 500 KiB)."""

MAX_DELAY = 60.0
"""Seconds. A longer Crawl-delay than this is kept to as this: at one request an hour no archive ever comes in."""

_NAME = "Kibaru"


def user_agent(settings: Settings) -> str:
    """Who we say we are."""
    return f"{_NAME}/{__version__}" + (f" (+{settings.contact})" if settings.contact else "")


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """A site's robots.txt: which of its URLs we may fetch, and its Crawl-delay in seconds."""

    robots: Protego

    @classmethod
    def parse(cls, data: bytes) -> RobotsRules:
        """The rules in a robots.txt; a line that makes none says nothing."""
        return cls(Protego.parse(data[:ROBOTS_BYTES].decode("utf-8-sig", "replace")))

    def allows(self, url: str) -> bool:
        return bool(self.robots.can_fetch(url, _NAME))

    @property
    def delay(self) -> float:
        return min(float(self.robots.crawl_delay(_NAME) or 0), MAX_DELAY)

    @property
    def sitemaps(self) -> list[str]:
        return list(self.robots.sitemaps)


@dataclass(slots=True)
class _Turn:
    slots: threading.Semaphore
    lock: threading.Lock = field(default_factory=threading.Lock)
    next: float = 0.0


class RateLimiter:
    """How fast we come: so many requests at once to one site, and so many seconds between their beginnings."""

    def __init__(self, settings: Settings, pause: Callable[[float], object] = time.sleep) -> None:
        self._settings = settings
        self._pause = pause
        self._turns: dict[str, _Turn] = {}
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, host: str, delay: float) -> Iterator[None]:
        """Wait until a request to `host` is due; it is at work until the block ends."""
        with self._lock:
            turn = self._turns.setdefault(host, _Turn(threading.Semaphore(self._settings.host_concurrency)))
        with turn.slots:
            with turn.lock:
                wait = turn.next - time.monotonic()
                turn.next = max(turn.next, time.monotonic()) + max(delay, self._settings.host_delay)
            if wait > 0:
                self._pause(wait)
            yield
