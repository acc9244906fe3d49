"""robots.txt and rate limits: which URLs of a site may be fetched, and how fast."""

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
"""Bytes of a robots.txt that are parsed, about the 500 KiB that RFC 9309 asks for."""

MAX_DELAY = 60.0
"""Seconds. A longer Crawl-delay counts as this: at one request an hour no archive would ever be complete."""

_NAME = "Kibaru"


def user_agent(settings: Settings) -> str:
    """The User-Agent header: name, version, and the contact address of the settings."""
    return f"{_NAME}/{__version__}" + (f" (+{settings.contact})" if settings.contact else "")


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """A parsed robots.txt."""

    robots: Protego

    @classmethod
    def parse(cls, data: bytes) -> RobotsRules:
        """Parse a robots.txt; lines that are no rules are ignored."""
        return cls(Protego.parse(data[:ROBOTS_BYTES].decode("utf-8-sig", "replace")))

    def allows(self, url: str) -> bool:
        """Whether Kibaru may fetch a URL of this site."""
        return bool(self.robots.can_fetch(url, _NAME))

    @property
    def delay(self) -> float:
        """Seconds between requests that the site asks for, at most MAX_DELAY."""
        return min(float(self.robots.crawl_delay(_NAME) or 0), MAX_DELAY)

    @property
    def sitemaps(self) -> list[str]:
        """The URLs of sitemaps that it names, as written."""
        return list(self.robots.sitemaps)


@dataclass(slots=True)
class _Host:
    """The free connections to one host, and the time when the next request is due."""

    slots: threading.Semaphore
    lock: threading.Lock = field(default_factory=threading.Lock)
    next: float = 0.0


class RateLimiter:
    """Limits how many requests to one host run at the same time, and the seconds between their starts."""

    def __init__(self, settings: Settings, pause: Callable[[float], object] = time.sleep) -> None:
        """Limit by `host_concurrency` and `host_delay` of the settings.

        Args:
            pause: Waits so many seconds.
        """
        self._settings = settings
        self._pause = pause
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    @contextmanager
    def slot(self, host: str, delay: float) -> Iterator[None]:
        """Wait until a request to `host` may start; it counts as running until the block ends.

        Args:
            host: The origin of a site.
            delay: Seconds between requests that its robots.txt asks for.
        """
        with self._lock:
            state = self._hosts.setdefault(host, _Host(threading.Semaphore(self._settings.host_concurrency)))
        with state.slots:
            with state.lock:
                wait = state.next - time.monotonic()
                state.next = max(state.next, time.monotonic()) + max(delay, self._settings.host_delay)
            if wait > 0:
                self._pause(wait)
            yield
