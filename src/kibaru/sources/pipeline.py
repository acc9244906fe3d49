"""Fetch ahead: one thread crawls, a few fetch the pages it lists, and the caller works on what is ready.

The queue between them is bounded, so memory stays flat however large the source is.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from kibaru.errors import KibaruError
from kibaru.sources.crawl import CrawlStep, ListedPage
from kibaru.sources.http.client import HttpClient

_AHEAD = 200
"""Steps in the queue: the posts in two answers of a WordPress API."""


class Pipeline:
    """The steps of a crawl in order, with the pages fetched. To be iterated once, inside `with`.

    When an error ends the crawl, the steps before it are still yielded; then the iteration ends.

    Attributes:
        error: What ended the crawl early, None when nothing did.
    """

    def __init__(
        self, client: HttpClient, steps: Iterator[CrawlStep], complete: Callable[[ListedPage], ListedPage], at_once: int
    ) -> None:
        """Prepare a crawl; `with` starts it.

        Args:
            client: Stopped when the `with` block ends by an error.
            steps: The steps of a crawl.
            complete: Fetches a page that was only listed.
            at_once: Number of pages fetched at the same time.
        """
        self.error: BaseException | None = None
        self._client = client
        self._steps = steps
        self._complete = complete
        self._at_once = at_once
        self._ready: queue.Queue[CrawlStep | None] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._crawl, name="crawling", daemon=True)

    def __enter__(self) -> Pipeline:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        if kind is not None:
            self._client.stop()
        self._thread.join()

    def __iter__(self) -> Iterator[CrawlStep]:
        while (step := self._ready.get()) is not None:
            yield step

    def _crawl(self) -> None:
        try:
            for step in self._completed():
                self._put(step)
        except _Abandoned:
            return
        except BaseException as error:
            self.error = error
        try:
            self._put(None)
        except _Abandoned:
            return

    def _put(self, step: CrawlStep | None) -> None:
        while not self._stopped.is_set():
            try:
                self._ready.put(step, timeout=0.1)
            except queue.Full:
                continue
            return
        raise _Abandoned

    def _completed(self) -> Iterator[CrawlStep]:
        """The steps in order, with a few pages fetched at the same time."""
        pending: deque[Future[ListedPage] | CrawlStep] = deque()
        with ThreadPoolExecutor(self._at_once, "fetching") as pool:
            try:
                for step in self._steps:
                    if isinstance(step, ListedPage) and step.article is None and not step.why:
                        pending.append(pool.submit(self._complete, step))
                    else:
                        pending.append(step)
                    while pending and (len(pending) > 2 * self._at_once or not isinstance(pending[0], Future)):
                        yield _settled(pending.popleft())
            except KibaruError as error:  # of the crawl: the pages listed before are still fetched
                self.error = error
            try:
                while pending:
                    yield _settled(pending.popleft())
            finally:
                for waiting in pending:
                    if isinstance(waiting, Future):
                        waiting.cancel()


class _Abandoned(Exception):
    """The caller has left the `with` block."""


def _settled(step: Future[ListedPage] | CrawlStep) -> CrawlStep:
    return step.result() if isinstance(step, Future) else step
