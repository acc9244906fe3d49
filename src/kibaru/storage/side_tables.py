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
_TRUNCATE_BUSY_SECONDS = 0.1

Parameters = Sequence[object] | Mapping[str, object]


class SideTables:
    """A connection whose methods may be called from any thread, one at a time. All raise KibaruError.

    What is deleted is overwritten in the database at once (SQLite's `secure_delete`), and in its write-ahead log by
    `empty_log`.
    """

    def __init__(self, path: Path, definitions: str) -> None:
        """Open the archive's database, which must exist.

        Args:
            path: The database.
            definitions: Statements `create … if not exists`, each with a semicolon at its end.
        """
        self._folder = path.parent
        self._lock = threading.RLock()
        self._definitions = ""
        with self._explained():
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._db.execute("pragma synchronous = normal")
            self._db.execute("pragma secure_delete = on")
        self.define(definitions)

    def define(self, definitions: str) -> None:
        """Make the tables of further `definitions` that are not there yet."""
        with self._explained():
            self._db.executescript(definitions)
            self._definitions += definitions

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def run(self, query: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        """Execute a statement."""
        with self._explained():
            try:
                return self._db.execute(query, parameters)
            except sqlite3.OperationalError as error:
                if "no such table" not in str(error):
                    raise
                self._make_again()
                return self._db.execute(query, parameters)

    def run_many(self, query: str, rows: Iterable[Parameters]) -> None:
        """Execute a statement with each row of parameters."""
        with self._explained():
            self._db.executemany(query, rows)

    def rows(self, query: str, parameters: Parameters = ()) -> list[Any]:
        """The rows that a query gives."""
        with self._explained():
            return self.run(query, parameters).fetchall()

    def empty_log(self) -> bool:
        """Truncate SQLite's write-ahead log, in which deleted rows still stand; False while another process reads."""
        with self._explained():
            self._db.execute(f"pragma busy_timeout = {1000 * _TRUNCATE_BUSY_SECONDS:.0f}")
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

    def _make_again(self) -> None:
        """Make the tables that a restore has taken away: it may put in a database in which nobody had asked anything.

        The statements are executed one by one, as `executescript` would commit the transaction there may be.
        """
        for statement in self._definitions.split(";"):
            self._db.execute(statement)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with self._lock, explained(self._folder):
            yield
