"""The bot's own tables, in the archive's database beside the question log: inbox, drafts, readers' keys, preferences.

Readers stand in all tables under a keyed hash only. The key is replaced every `key_days`; the one before is kept as
long again, so that a conversation outlives the change, and is then deleted: older rows can no longer be tied to anyone.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kibaru import QuestionLog
from kibaru.log_types import ArticleChange

TABLES = """
create table if not exists inbox (id integer primary key, received text not null, payload text);
create index if not exists inbox_unsettled on inbox (id) where payload is not null;
create table if not exists preferences (reader text primary key, language text not null) without rowid;
create table if not exists reader_keys (made text primary key, key blob not null) without rowid;
create table if not exists drafts (id integer primary key autoincrement, made text not null, articles text not null);
"""

_INBOX_KEPT = timedelta(days=3)
"""How long the number of a handled update is remembered: Telegram itself forgets updates after a day."""

_MAX_DRAFTS = 20
"""Previews that wait at once; each may be a file of 20 MB."""

_DRAFTS_KEPT = timedelta(days=7)


class BotStore:
    """What the bot keeps about updates, readers and drafts. Its methods may be called from any thread.

    Attributes:
        questions: The archive's question log and audit log, on the same connection.
        is_scrubbed: False when deleted rows could not be removed from the write-ahead log because another process was
            reading, so that `scrub` is to be called again.
    """

    def __init__(self, path: Path, *, key_days: int = 30) -> None:
        """Open the tables, making those that are not there yet.

        Args:
            path: The archive's database.
            key_days: How often, in days, the key of readers' fingerprints is replaced.
        """
        self._key_life = timedelta(days=key_days)
        self.questions = QuestionLog(path)
        self._tables = self.questions.tables
        self._tables.define(TABLES)
        self.is_scrubbed = True

    def close(self) -> None:
        self.questions.close()

    # Updates

    def receive(self, update: int, payload: str) -> bool:
        """Keep an update until it is settled; False when it came before."""
        query = "insert or ignore into inbox (id, received, payload) values (?, ?, ?)"
        return self._tables.run(query, [update, _now(), payload]).rowcount == 1

    def settle(self, update: int) -> None:
        """Delete all of an update that was handled but its number."""
        self._tables.run("update inbox set payload = null where id = ?", [update])

    def unsettled(self) -> list[tuple[int, str]]:
        """Number and payload of the updates that were received and not yet handled, in order."""
        return self._tables.rows("select id, payload from inbox where payload is not null order by id")

    # Readers

    def fingerprints(self, *identity: int | str | None) -> list[str]:
        """Keyed hashes of an identity, such as a user's number: with the present key, then with the one before."""
        text = json.dumps(identity).encode()
        return [hashlib.blake2b(text, key=key, digest_size=16).hexdigest() for key in self._keys()]

    def _keys(self) -> list[bytes]:
        """The present key and the one before. The present key is replaced when it is too old."""
        now = datetime.now(UTC)
        present, oldest = ((now - age * self._key_life).isoformat() for age in (1, 2))
        query = "select made, key from reader_keys order by made desc"
        rows = self._tables.rows(query)
        if not rows or rows[0][0] < present or rows[-1][0] < oldest:
            with self._tables.together():
                self._tables.run("delete from reader_keys where made < ?", [oldest])
                if not self._tables.rows("select made from reader_keys where made >= ?", [present]):
                    row = [now.isoformat(), secrets.token_bytes(32)]
                    self._tables.run("insert into reader_keys values (?, ?)", row)
                rows = self._tables.rows(query)
        return [key for _, key in rows]

    def language(self, reader: Sequence[str]) -> str | None:
        """The interface language that a reader chose, by the reader's fingerprints."""
        rows = self._tables.rows(f"select language, reader from preferences where reader in ({_marks(reader)})", reader)
        if rows and rows[0][1] != reader[0]:
            self.set_language(reader, rows[0][0])
        return str(rows[0][0]) if rows else None

    def set_language(self, reader: Sequence[str], language: str | None) -> None:
        """Keep the interface language of a reader, under the present key; None deletes it."""
        with self._tables.together():
            self._tables.run(f"delete from preferences where reader in ({_marks(reader)})", reader)
            if language:
                self._tables.run("insert into preferences values (?, ?)", [reader[0], language])

    def forget(self, reader: Sequence[str]) -> int:
        """Delete a reader's questions and preferences from the disk; returns how many questions there were."""
        gone = self.questions.delete_reader(reader)
        self.set_language(reader, None)
        self.scrub()
        return gone

    # Drafts

    def keep_draft(self, articles: str) -> int:
        """Keep articles, as JSON, until an admin decides; the oldest drafts give way when there are too many.

        Returns:
            The number of the draft.
        """
        id = int(
            self._tables.run("insert into drafts (made, articles) values (?, ?)", [_now(), articles]).lastrowid or 0
        )
        self._tables.run("delete from drafts where id <= ?", [id - _MAX_DRAFTS])
        return id

    def draft(self, id: int) -> str | None:
        """The draft of this number, if it is still kept."""
        rows = self._tables.rows("select articles from drafts where id = ?", [id])
        return str(rows[0][0]) if rows else None

    def change_draft(self, id: int, articles: str) -> None:
        """Replace a draft."""
        self._tables.run("update drafts set articles = ? where id = ?", [articles, id])

    def finish_draft(self, id: int, result: str, who: str, changes: Sequence[ArticleChange]) -> None:
        """Replace a draft by its `result` and write what it changed to the audit log, both or neither."""
        with self._tables.together():
            self.change_draft(id, result)
            self.questions.log_changes(who, changes)

    def drop_draft(self, id: int) -> None:
        """Delete a draft."""
        self._tables.run("delete from drafts where id = ?", [id])

    # Deletion

    def prune(self, days: int) -> None:
        """Delete questions older than `days`, old drafts, and the numbers of updates that cannot come again."""
        now = datetime.now(UTC)
        self.questions.delete_before(now - timedelta(days=days))
        self._tables.run("delete from inbox where payload is null and received < ?", [(now - _INBOX_KEPT).isoformat()])
        self._tables.run("delete from drafts where made < ?", [(now - _DRAFTS_KEPT).isoformat()])
        self.fingerprints()  # which deletes keys that are too old
        self.scrub()

    def scrub(self) -> None:
        """Remove deleted rows from the write-ahead log too; see `is_scrubbed`."""
        self.is_scrubbed = self._tables.empty_log()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
