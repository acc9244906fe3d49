"""The archive for the event loop: slow work runs in three threads, each the only user of its own connection.

Questions go to one thread by a bounded queue, which admits only what can be answered in time; look-ups and the bot's
tables to a second, so that they never wait for a question; publishing, removing and rebuilding to a third, so that no
question waits for them. The embedding model is loaded once and shared.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from kibaru import Answer, Kibaru
from kibaru.errors import BadInput
from kibaru_bot.admission import AdmissionControl, Overloaded
from kibaru_bot.settings import BotSettings
from kibaru_bot.store import BotStore

log = logging.getLogger(__name__)

T = TypeVar("T")

_BATCH = 16
"""Questions embedded together; those that come meanwhile are in the next batch."""

_IDLE_SECONDS = 15.0
"""After so long without a question, the thread that answers asks one of its own."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A question waiting, with those asked before it in its conversation, the newest first."""

    text: str
    before: tuple[str, ...]
    quotes: int
    answered: Future[tuple[Answer, str]] = field(default_factory=Future)


class ArchiveService:
    """The archive and the bot's tables, to be awaited.

    Attributes:
        settings: The settings in force.
        stopping: Set when the bot is being stopped, so that long work ends.
        problem: Why questions cannot be answered at present; None when they can.
    """

    def __init__(self, settings: BotSettings) -> None:
        """Open the archive, making it when there is none; the model is loaded by `warm_up`. Raises KibaruError."""
        self.settings = settings
        self._answering = Kibaru(settings, create=True, caching=True)
        self._editing, self._reading = self._answering.another(), self._answering.another()
        self._store = BotStore(self._answering.database, key_days=settings.key_days)
        self._questions: queue.Queue[_Question | None] = queue.Queue(settings.queue)
        self._in_work = 0
        self._admission = AdmissionControl(settings.deadline)
        self._alive = time.monotonic()
        self._thread = threading.Thread(target=self._answer_all, name="answering", daemon=True)
        self._lookups = ThreadPoolExecutor(1, "reading")
        self._edits = ThreadPoolExecutor(1, "editing")
        self.stopping = threading.Event()
        self.problem: str | None = None
        self._thread.start()

    def warm_up(self) -> None:
        """Load model and index and make the first generation of a new archive. Raises KibaruError."""
        list(self._editing.add([]))
        self._answering.check()
        self._answering.embedder.embed_queries(["?"])

    def close(self) -> None:
        """Answer what waits, finish what is being written, break off a rebuild, and close."""
        self.stopping.set()
        self._questions.put(None)
        self._thread.join()
        self._edits.shutdown()
        self._lookups.shutdown()
        for kibaru in (self._answering, self._editing, self._reading):
            kibaru.close()
        self._store.close()

    @property
    def waiting(self) -> int:
        """Questions that wait for an answer, or are being answered."""
        return self._questions.qsize() + self._in_work

    @property
    def silent(self) -> float:
        """Seconds since the thread that answers last did, or found that it could."""
        return time.monotonic() - self._alive

    def check_admission(self) -> None:
        """Raise Overloaded when the reader of the update being handled cannot be answered in time."""
        self._admission.check(self.waiting)

    async def ask(self, question: str, before: Sequence[str] = (), *, quotes: int = 3) -> tuple[Answer, str]:
        """Answer a question; see `Kibaru.converse`.

        Raises:
            Overloaded: Too many questions wait, or the deadline has come.
            KibaruError: As `Kibaru.ask` does.
        """
        self.check_admission()
        waiting = _Question(question, tuple(before), quotes)
        try:
            self._questions.put_nowait(waiting)
            async with asyncio.timeout(self._admission.left()):  # which cancels the question
                return await asyncio.wrap_future(waiting.answered)
        except (queue.Full, TimeoutError):
            raise Overloaded from None

    async def with_store(self, job: Callable[[BotStore], T]) -> T:
        """The result of a short job on the bot's tables."""
        return await asyncio.get_running_loop().run_in_executor(self._lookups, job, self._store)

    async def look_up(self, job: Callable[[Kibaru], T]) -> T:
        """The result of a short job that looks articles up; it must not ask a question."""
        return await asyncio.get_running_loop().run_in_executor(self._lookups, job, self._reading)

    async def edit(self, job: Callable[[Kibaru], T]) -> T:
        """The result of a job that changes the archive, or that takes long."""
        return await asyncio.get_running_loop().run_in_executor(self._edits, job, self._editing)

    async def run_long(self, job: Callable[[Kibaru], T]) -> T:
        """The result of a job that takes many minutes, in a thread and with an archive of its own, so that editors do
        not wait either."""

        def run() -> T:
            with self._answering.another() as kibaru:
                return job(kibaru)

        return await asyncio.to_thread(run)

    def _answer_all(self) -> None:
        while True:
            batch = self._next_batch()
            waiting = [question for question in batch if question is not None and not question.answered.cancelled()]
            self._in_work, began = len(waiting), time.monotonic()
            if len(waiting) > 1:
                self._embed_together([question.text for question in waiting])
            for question in waiting:
                self._answer(question)
                self._in_work -= 1
                self._alive = time.monotonic()
            if waiting:
                self._admission.took(time.monotonic() - began, len(waiting))
            if None in batch:
                return

    def _next_batch(self) -> list[_Question | None]:
        """Questions to answer together, waiting for the first; None, the last of all, says that no more will come."""
        batch: list[_Question | None] = []
        while not batch:
            try:
                batch.append(self._questions.get(timeout=_IDLE_SECONDS))
            except queue.Empty:
                self._test_answering()
        while batch[-1] is not None and len(batch) < _BATCH and not self._questions.empty():
            batch.append(self._questions.get())
        return batch

    def _test_answering(self) -> None:
        """Search for a question of our own, so that a bot that nobody asks can be told from one that cannot answer."""
        try:
            self._answering.find("Kibaru ?")
            self.problem = None
        except Exception as error:  # the thread must live on
            self.problem = str(error)
        self._alive = time.monotonic()

    def _embed_together(self, texts: Sequence[str]) -> None:
        """Embed questions as one batch; each is found in the cache when it is answered."""
        try:
            self._answering.embed_ahead(texts)
        except Exception:
            log.debug("questions could not be embedded together", exc_info=True)

    def _answer(self, waiting: _Question) -> None:
        if not waiting.answered.set_running_or_notify_cancel():  # nobody waits for it any more
            return
        try:
            waiting.answered.set_result(self._answering.converse(waiting.text, waiting.before, quotes=waiting.quotes))
            self.problem = None
        except BadInput as error:
            waiting.answered.set_exception(error)
        except Exception as error:  # goes to whoever asked; the thread must live on
            self.problem = str(error)
            waiting.answered.set_exception(error)
