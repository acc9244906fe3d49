"""Kibaru, the one object a caller needs: an archive that is added to, rebuilt and asked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kibaru.answering.answer import Answer, answer
from kibaru.answering.confidence import calibration, is_calibrated
from kibaru.answering.passages import Sources
from kibaru.embedding.embedder import Embedder
from kibaru.errors import IndexUnusable, KibaruError, NotFound, StorageError
from kibaru.index.builder import add_articles, ensure_generation, rebuild, remove_articles, usable_generation
from kibaru.index.vectors import VectorIndex, is_outdated, renew
from kibaru.search.candidates import Scope
from kibaru.search.hits import SearchResults
from kibaru.search.hybrid import search
from kibaru.search.query import Query, analyse
from kibaru.search.reranker import rerank
from kibaru.settings import Settings
from kibaru.storage.generations import current_generation
from kibaru.storage.passages import count_passages, stale, unindexed
from kibaru.storage.store import DATABASE, Store
from kibaru.text.languages import expect_detection
from kibaru.types import Article, Failure, Filters, Generation, Outcome, Progress, Rebuilt

log = logging.getLogger(__name__)

_HITS = 50
_RENEWING = 1_000
"""Articles added between two looks at whether the snapshot is outdated."""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of an archive; `problem` is None when it is healthy, else one line with the command that mends it."""

    folder: Path
    articles: int
    passages: int
    published: tuple[str, str] | None
    languages: list[str]
    generation: Generation | None
    model: str
    calibrated: bool
    bytes: int
    problem: str | None


class Kibaru:
    """An archive of articles and its index, in one folder.

    Questions may come from several threads: they are answered one at a time, from what is in the archive at that
    moment, whichever process put it there.
    """

    def __init__(self, settings: Settings, *, create: bool = False, embedder: Embedder | None = None) -> None:
        """Open the archive of `settings.index`, making it first if `create`; archives may share an `embedder`.

        Raises IndexUnusable when there is none, or it cannot be read by this Kibaru.
        """
        self.settings = settings
        self.folder = settings.index
        self.store = Store(self.folder / DATABASE, create=create)
        self.embedder = embedder or Embedder(settings)
        self._vectors: VectorIndex | None = None
        self._lock = threading.RLock()
        self._apart = ThreadPoolExecutor(2, "kibaru-question")  # a question may be read again, with accents

    def close(self) -> None:
        self._apart.shutdown()
        self.store.close()

    def __enter__(self) -> Kibaru:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def article(self, id: str) -> Article:
        """The article of this id. Raises NotFound."""
        article = self.store.article(id)
        if article is None:
            raise NotFound(f"There is no article {id}: 'kibaru list' shows those there are.")
        return article

    def add(self, items: Iterable[Article | Failure]) -> Iterator[Outcome | Failure]:
        """Add or replace articles; each Outcome comes once its article is safe on disk and answers questions."""
        with self._lock:
            ensure_generation(self.store, self.folder, self.embedder)
            usable_generation(self.store, self.folder, self.embedder)
            for number, outcome in enumerate(add_articles(self.store, self.folder, self.embedder, items), 1):
                yield outcome
                if number % _RENEWING == 0:  # so that a command killed in the middle leaves little to catch up with
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
            if is_outdated(self.store, self.folder, generation):
                renew(self.store, self.folder, generation)
        except (StorageError, OSError) as error:  # the articles are safe without it: it spares the next start some work
            log.warning("the snapshot in %s was not renewed: %s", self.folder, error)
        except IndexUnusable:
            if current_generation(self.store) == generation:  # else a rebuild has cleared it away
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
        with self._lock, self._serving() as vectors:
            results = self._search(vectors, query, filters)
            if self.settings.reranker:
                articles = {a.id: a for a in self.store.articles_of({hit.passage.article_id for hit in results.hits})}
                results = rerank(self.settings.reranker, results, articles)
            model = calibration(vectors.generation.model)
            chosen = self.settings.min_confidence
            threshold = model.threshold if chosen is None else chosen
            sources = Sources(self.store, self.embedder, vectors.generation.id)
            return answer(sources, model, results, quotes=quotes, threshold=threshold)

    def find(self, question: str, filters: Filters = Filters()) -> SearchResults:  # noqa: B008  # frozen
        """The hits of a question."""
        query = analyse(question)
        with self._lock, self._serving() as vectors:
            return self._search(vectors, query, filters)

    def _search(self, vectors: VectorIndex, query: Query, filters: Filters) -> SearchResults:
        def embed(text: str) -> Future[NDArray[np.float32]]:
            return self._apart.submit(self.embedder.read_questions, [text])

        return search(Scope(self.store, vectors, filters), query, embed, _HITS)

    def check(self) -> None:
        """Load the index and compare it with the database. Raises IndexUnusable when they do not go together."""
        with self._lock, self._serving() as vectors:
            g = vectors.generation.id
            if unindexed(self.store, g) or stale(self.store, g):
                raise IndexUnusable(f"The index in {self.folder} lacks articles: run 'kibaru rebuild'.")

    def status(self) -> Status:
        """Counts, dates, model and health."""
        problem = None
        try:
            self.check()
        except KibaruError as error:
            problem = str(error)
        with self._lock, self.store.reading():
            generation = current_generation(self.store)
            model = generation.model if generation else self.embedder.identity
            return Status(
                folder=self.folder,
                articles=self.store.count_articles(),
                passages=count_passages(self.store, generation.id) if generation else 0,
                published=self.store.span_of_dates(),
                languages=self.store.languages(),
                generation=generation,
                model=model,
                calibrated=is_calibrated(model),
                bytes=sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()),
                problem=problem,
            )

    @contextmanager
    def _serving(self) -> Iterator[VectorIndex]:
        """The vectors of the current generation, in step with all that is read from the store inside."""
        while True:
            vectors = self._load_current()
            with self.store.reading():
                if current_generation(self.store) == vectors.generation:  # else a rebuild switched just now
                    vectors.catch_up(self.store)
                    yield vectors
                    return

    def _load_current(self) -> VectorIndex:
        """The vectors of the current generation, loaded when they are not yet, or when there is a later snapshot."""
        while True:
            generation = usable_generation(self.store, self.folder, self.embedder)
            try:
                loaded = self._vectors
                if loaded is None or loaded.generation != generation or loaded.is_overtaken():
                    self._vectors = loaded = VectorIndex.open(self.folder, generation)
                    log.info("serving generation %d: %d passages", generation.id, len(loaded))
                return loaded
            except IndexUnusable:
                if current_generation(self.store) == generation:  # else a rebuild has cleared it away
                    raise
