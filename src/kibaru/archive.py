"""`Kibaru`, the one object a caller needs: an archive that is added to, rebuilt and asked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date

import numpy as np
from numpy.typing import NDArray

from kibaru.answering.answer import Answer, answer
from kibaru.answering.confidence import calibration, is_calibrated
from kibaru.answering.follow_ups import answer_follow_up
from kibaru.answering.passages import Sources
from kibaru.article_access import ArticleAccess
from kibaru.embedding.cache import CachingEmbedder
from kibaru.embedding.embedder import Embedder
from kibaru.errors import BadInput, IndexUnusable, KibaruError, StorageError
from kibaru.index.builder import add_articles, ensure_generation, rebuild, remove_articles, usable_generation
from kibaru.index.generation import Generation
from kibaru.search.candidates import Scope
from kibaru.search.hits import SearchResults
from kibaru.search.hybrid import search
from kibaru.search.query import Query, analyse, checked_question
from kibaru.search.reranker import load_reranker, rerank
from kibaru.settings import Settings
from kibaru.storage.generations import current_generation
from kibaru.text.languages import expect_detection
from kibaru.types import Article, Failure, Filters, Outcome, Progress, Rebuilt, Status

log = logging.getLogger(__name__)

_HITS = 50
_RENEWED_EVERY = 1_000
"""Articles added between two checks whether the snapshot of the vectors is outdated."""


class Kibaru(ArticleAccess):
    """An archive of articles and its index, in one folder.

    Questions may come from several threads: they are answered one at a time, from what is in the archive at that
    moment, whichever process put it there.

    Attributes:
        settings: The settings it was opened with.
        embedder: The embedding model.
    """

    def __init__(
        self, settings: Settings, *, create: bool = False, caching: bool = False, embedder: Embedder | None = None
    ) -> None:
        """Open the archive of `settings.index`.

        Args:
            settings: Where the archive is, and which models it uses.
            create: Make the archive when there is none.
            caching: Keep the vectors of the last texts that were embedded, for a program that answers many questions.
            embedder: An embedding model to share with another archive; by default a model of its own.

        Raises:
            IndexUnusable: There is no archive, or this version of Kibaru cannot use it.
            StorageError: The disk does not allow it.
        """
        super().__init__(settings.index, create=create)
        self.settings = settings
        self.embedder = embedder or (CachingEmbedder if caching else Embedder)(settings)
        self._generation: Generation | None = None
        self._lock = threading.RLock()
        self._apart = ThreadPoolExecutor(2, "kibaru-question")  # a question may be read again, with accents

    def another(self) -> Kibaru:
        """The same archive once more, with a connection of its own and the same model, for another thread."""
        return Kibaru(self.settings, embedder=self.embedder)

    def close(self) -> None:
        self._apart.shutdown()
        self.store.close()

    def __enter__(self) -> Kibaru:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, items: Iterable[Article | Failure]) -> Iterator[Outcome | Failure]:
        """Add or replace articles; each Outcome comes once its article is safe on disk and answers questions."""
        with self._lock:
            ensure_generation(self.store, self.folder, self.embedder)
            usable_generation(self.store, self.folder, self.embedder)
            for number, outcome in enumerate(add_articles(self.store, self.folder, self.embedder, items), 1):
                yield outcome
                if (
                    number % _RENEWED_EVERY == 0
                ):  # so that a command killed in the middle leaves little to catch up with
                    self._renew_if_outdated()
            self._renew_if_outdated()

    def remove(self, ids: Sequence[str]) -> list[Article]:
        """Remove articles; returns those of `ids` that there were."""
        with self._lock:
            removed = remove_articles(self.store, self.folder, ids)
            with suppress(IndexUnusable):  # which whoever asks is told
                self._renew_if_outdated()
            return removed

    def _renew_if_outdated(self) -> None:
        generation = usable_generation(self.store, self.folder, self.embedder)
        try:
            if generation.is_outdated():
                generation.renew()
        except (StorageError, OSError) as error:  # the articles are safe without it: it spares the next start some work
            log.warning("the snapshot in %s was not renewed: %s", self.folder, error)
        except IndexUnusable:
            if current_generation(self.store) == generation.row:  # else a rebuild has cleared it away
                raise

    def rebuild(self, *, from_scratch: bool = False, progress: Progress = lambda *_: None) -> Rebuilt:
        """Index every article anew and switch to the new generation; see `kibaru.index.builder.rebuild`."""
        with self._lock:
            return rebuild(self.store, self.folder, self.embedder, from_scratch=from_scratch, progress=progress)

    def ask(
        self,
        question: str,
        *,
        quotes: int = 3,
        filters: Filters = Filters(),  # noqa: B008  # frozen
        today: date | None = None,
    ) -> Answer:
        """The answer to a question with up to `quotes` quotes, out of the articles that pass `filters`; `today` is the
        day that "yesterday" is seen from, the current one when not given.

        Raises BadInput for a question that is empty or too long, IndexUnusable, and ModelUnavailable.
        """
        query = analyse(question, today or date.today())
        expect_detection()
        with self._lock, self._serving() as generation:
            results = self._search(generation, query, filters)
            if self.settings.reranker:
                articles = {a.id: a for a in self.store.articles_of({hit.passage.article_id for hit in results.hits})}
                results = rerank(self.settings.reranker, results, articles)
            model = calibration(generation.row.model)
            chosen = self.settings.min_confidence
            threshold = model.threshold if chosen is None else chosen
            sources = Sources(generation, self.embedder)
            return answer(sources, model, results, quotes=quotes, threshold=threshold)

    def converse(self, question: str, before: Sequence[str] = (), *, quotes: int = 3) -> tuple[Answer, str]:
        """Answer a question that may be a follow-up.

        Args:
            question: The question.
            before: The questions before it in the conversation as they were understood, the newest first.
            quotes: How many quotes at most.

        Returns:
            The answer, and the question as it was understood; put the latter into `before` of the next question.

        Raises:
            BadInput, IndexUnusable, ModelUnavailable: As `ask` does.
        """
        return answer_follow_up(lambda text: self.ask(text, quotes=quotes), question, before)

    def embed_ahead(self, questions: Iterable[str]) -> None:
        """Embed questions that will be asked soon as one batch, which is faster; the archive must be `caching`.

        Questions that cannot be asked are left out.
        """
        checked = []
        for question in questions:
            with suppress(BadInput):
                checked.append(checked_question(question))
        self.embedder.embed_queries(checked)

    def find(self, question: str, filters: Filters = Filters()) -> SearchResults:  # noqa: B008  # frozen
        """The hits of a question."""
        query = analyse(question)
        with self._lock, self._serving() as generation:
            return self._search(generation, query, filters)

    def _search(self, generation: Generation, query: Query, filters: Filters) -> SearchResults:
        def embed(text: str) -> Future[NDArray[np.float32]]:
            return self._apart.submit(self.embedder.embed_query_pairs, [text])

        return search(Scope(generation, filters), query, embed, _HITS)

    def check(self) -> None:
        """Load the index and compare it with the database. Raises IndexUnusable when they do not go together."""
        with self._lock, self._serving() as generation:
            if generation.passages.articles_to_index() or generation.passages.articles_to_remove():
                raise IndexUnusable(f"The index in {self.folder} lacks articles: run 'kibaru rebuild'.")

    def status(self) -> Status:
        """Counts, dates, model and health."""
        problem = None
        try:
            self.check()
        except KibaruError as error:
            problem = str(error)
        with self._lock, self.store.reading():
            generation = Generation.current(self.store, self.folder)
            model = generation.row.model if generation else self.embedder.identity
            return Status(
                folder=self.folder,
                articles=self.article_count(),
                passages=generation.passages.count() if generation else 0,
                published=self.date_range(),
                languages=self.store.languages(),
                generation=generation.row if generation else None,
                model=model,
                calibrated=is_calibrated(model),
                bytes=sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()),
                problem=problem,
            )

    @contextmanager
    def _serving(self) -> Iterator[Generation]:
        """The current generation, in step with all that is read from the store inside."""
        while True:
            generation = self._load_current()
            with self.store.reading():
                if current_generation(self.store) == generation.row:  # else a rebuild switched just now
                    generation.catch_up()
                    yield generation
                    return

    def _load_current(self) -> Generation:
        """The current generation, opened when it is not yet, or when there is a later snapshot."""
        while True:
            current = usable_generation(self.store, self.folder, self.embedder)
            try:
                loaded = self._generation
                if loaded is None or loaded.row != current.row or loaded.is_superseded():
                    current.open()
                    self._generation = loaded = current
                    log.info("serving generation %d: %d passages", loaded.row.id, loaded.count())
                return loaded
            except IndexUnusable:
                if current_generation(self.store) == current.row:  # else a rebuild has cleared it away
                    raise


def check_reranker(settings: Settings) -> None:
    """Load the reranker when one is set. Raises ModelUnavailable when it cannot be used."""
    if settings.reranker:
        load_reranker(settings.reranker)
