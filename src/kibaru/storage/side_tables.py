"""Tables beside the articles, in the same database but on a connection of their own.

A power cut may cost their last lines, never an article: articles are written by `kibaru.storage.store`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kibaru.errors import explained

_BUSY_SECONDS = 60.0
_LOG_BUSY_SECONDS = 0.1

Parameters = Sequence[object] | Mapping[str, object]


class SideTables:
    """A connection whose methods may be called from any thread; one at a time goes in. All raise KibaruError."""

    def __init__(self, path: Path, definitions: str) -> None:
        """Open the archive's database, which exists, and make the tables of `definitions` that are not there yet."""
        self._folder = path.parent
        self._lock = threading.RLock()
        with self._explained():
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._db.execute("pragma synchronous = normal")
            self._db.execute("pragma secure_delete = on")
            self._db.executescript(definitions)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def run(self, query: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        with self._explained():
            return self._db.execute(query, parameters)

    def run_many(self, query: str, rows: Iterable[Parameters]) -> None:
        with self._explained():
            self._db.executemany(query, rows)

    def rows(self, query: str, parameters: Parameters = ()) -> list[Any]:
        with self._explained():
            return self.run(query, parameters).fetchall()

    def empty_log(self) -> bool:
        """Cut SQLite's write-ahead log to nothing, in which deleted rows still stand; False while somebody reads."""
        with self._explained():
            self._db.execute(f"pragma busy_timeout = {1000 * _LOG_BUSY_SECONDS:.0f}")
            try:
                return not self._db.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
            finally:
                self._db.execute(f"pragma busy_timeout = {1000 * _BUSY_SECONDS:.0f}")

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is run inside happens as a whole or not at all."""
        with self._explained():
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            finally:
                if self._db.in_transaction:
                    self._db.execute("rollback")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with self._lock, explained(self._folder):
            yield
