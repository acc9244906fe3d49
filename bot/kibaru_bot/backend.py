"""Everything slow, away from the event loop: three threads, each the only user of its own connection.

Questions go to one thread by a bounded queue, which lets in only what can be answered in time; reading and the
journal to a second, so that they never wait for a question; publishing, removing and rebuilding to a third, so that no
question waits for them. The embedding model is loaded once and shared.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from kibaru.answering.answer import Answer
from kibaru.archive import Kibaru
from kibaru.embedding.cache import RememberingEmbedder
from kibaru.embedding.embedder import Vectors
from kibaru.errors import BadInput
from kibaru.search.query import checked_question
from kibaru.settings import Settings
from kibaru.storage.question_log import Journal
from kibaru.storage.store import DATABASE
from kibaru_bot.admission import Overloaded, Patience
from kibaru_bot.follow_ups import answer_in_thread

log = logging.getLogger(__name__)

T = TypeVar("T")

_BATCH = 16
"""Questions embedded together; those that come meanwhile are in the next batch."""

_IDLE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class _Question:
    """A question waiting, with those asked before it in its conversation, the newest first."""

    text: str
    before: tuple[str, ...]
    quotes: int
    answered: Future[tuple[Answer, str]] = field(default_factory=Future)


class Newsdesk:
    """The archive and the journal, to be awaited."""

    def __init__(self, settings: Settings) -> None:
        """Open the archive, making it when there is none. Raises KibaruError. Loads the model in `warm_up`."""
        self.settings = settings
        self._embedder = RememberingEmbedder(settings)
        self._answering = Kibaru(settings, create=True, embedder=self._embedder)
        self._editing, self._reading = (Kibaru(settings, embedder=self._embedder) for _ in range(2))
        self._journal = Journal(settings.index / DATABASE, key_days=settings.key_days)
        self._questions: queue.Queue[_Question | None] = queue.Queue(settings.queue)
        self._in_work = 0
        self._patience = Patience(settings.deadline)
        self._alive = time.monotonic()
        self._thread = threading.Thread(target=self._answer_all, name="answering", daemon=True)
        self._readers = ThreadPoolExecutor(1, "reading")
        self._editors = ThreadPoolExecutor(1, "editing")
        self.stopping = threading.Event()
        self.problem: str | None = None
        """Why questions cannot be answered at present."""
        self._thread.start()

    def warm_up(self) -> None:
        """Load model and index and make the first generation of a new archive. Raises KibaruError."""
        list(self._editing.add([]))
        self._answering.check()
        self._embedder.embed_questions(["?"])

    def close(self) -> None:
        """Answer what waits, finish what is being written, break off a rebuild, and close."""
        self.stopping.set()
        self._questions.put(None)
        self._thread.join()
        self._editors.shutdown()
        self._readers.shutdown()
        for kibaru in (self._answering, self._editing, self._reading):
            kibaru.close()
        self._journal.close()

    @property
    def waiting(self) -> int:
        """Questions that wait for an answer, or are being answered."""
        return self._questions.qsize() + self._in_work

    @property
    def silent(self) -> float:
        """Seconds since the thread that answers last did, or found that it could."""
        return time.monotonic() - self._alive

    def check_patience(self) -> None:
        """Whether the reader in hand can be answered in time. Raises Overloaded."""
        self._patience.check(self.waiting)

    async def ask(self, question: str, before: Sequence[str] = (), *, quotes: int = 3) -> tuple[Answer, str]:
        """The answer, and the question as it was understood in its conversation.

        Raises Overloaded when too many wait or the deadline has come, and what `Kibaru.ask` raises.
        """
        self.check_patience()
        waiting = _Question(question, tuple(before), quotes)
        try:
            self._questions.put_nowait(waiting)
            async with asyncio.timeout(self._patience.left()):  # which cancels the question
                return await asyncio.wrap_future(waiting.answered)
        except (queue.Full, TimeoutError):
            raise Overloaded from None

    async def journal(self, job: Callable[[Journal], T]) -> T:
        """The result of a short job on the journal."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, job, self._journal)

    async def read(self, job: Callable[[Kibaru], T]) -> T:
        """The result of a short job that reads articles; it must not ask."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, job, self._reading)

    async def edit(self, job: Callable[[Kibaru], T]) -> T:
        """The result of a job that changes the archive, or that takes long."""
        return await asyncio.get_running_loop().run_in_executor(self._editors, job, self._editing)

    async def apart(self, job: Callable[[Kibaru], T]) -> T:
        """The result of a job that takes many minutes, in a thread and with an archive of its own, so that editors do
        not wait either."""

        def run() -> T:
            with Kibaru(self.settings, embedder=self._embedder) as kibaru:
                return job(kibaru)

        return await asyncio.to_thread(run)

    async def embed(self, questions: Sequence[str]) -> Vectors:
        """Unit vectors (n, d) of questions; for comparing them with each other."""
        return await asyncio.to_thread(self._embedder.embed_questions, questions)

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
                self._patience.took(time.monotonic() - began, len(waiting))
            if None in batch:
                return

    def _next_batch(self) -> list[_Question | None]:
        """Questions to answer together, waiting for the first; None, the last of all, says that no more will come."""
        batch: list[_Question | None] = []
        while not batch:
            try:
                batch.append(self._questions.get(timeout=_IDLE_SECONDS))
            except queue.Empty:
                self._try_out()
        while batch[-1] is not None and len(batch) < _BATCH and not self._questions.empty():
            batch.append(self._questions.get())
        return batch

    def _try_out(self) -> None:
        """Ask a question of our own, so that one can tell a bot that nobody asks from one that cannot answer."""
        try:
            self._answering.find("Kibaru ?")
            self.problem = None
        except Exception as error:  # the thread must live on
            self.problem = str(error)
        self._alive = time.monotonic()

    def _embed_together(self, texts: Sequence[str]) -> None:
        """Embed questions as one batch; the embedder then knows them when each is answered."""
        checked = []
        for text in texts:
            with contextlib.suppress(BadInput):  # whoever asked will hear of it from the answer, as of the rest
                checked.append(checked_question(text))
        try:
            self._embedder.embed_questions(checked)
        except Exception:
            log.debug("questions could not be embedded together", exc_info=True)

    def _answer(self, waiting: _Question) -> None:
        if not waiting.answered.set_running_or_notify_cancel():  # nobody waits for it any more
            return
        try:
            waiting.answered.set_result(
                answer_in_thread(self._answering, waiting.text, waiting.before, quotes=waiting.quotes)
            )
            self.problem = None
        except BadInput as error:
            waiting.answered.set_exception(error)
        except Exception as error:  # goes to whoever asked; the thread must live on
            self.problem = str(error)
            waiting.answered.set_exception(error)
