"""What happened: questions and votes, the bot's inbox, readers' preferences, editors' drafts and their audit log.

These tables live in the archive's database beside the articles, on a connection of their own, and are made when first
used. Readers stand in them under a keyed hash only. The key is replaced every `key_days`, the one before is kept as
long again so that a conversation outlives the change, and then lost: older rows can no longer be tied to anyone.
What is deleted is overwritten in the database at once (SQLite's `secure_delete`), and in its log by `scrub`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kibaru.storage.question_log_tables import TABLES
from kibaru.storage.side_tables import SideTables

_INBOX_KEPT = timedelta(days=3)
"""How long the number of a handled update is remembered: Telegram itself forgets updates after a day."""

_DRAFTS = 20
"""Previews that wait at once; each may be a file of 20 MB."""

_DRAFTS_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked. `understood` is what was searched for, with what a follow-up leaves unsaid;
    `replies` are the numbers of the messages that answered it, 0 or negative for those still to be sent or replaced."""

    id: int
    asked: str
    question: str
    understood: str
    language: str | None
    answered: bool
    confidence: float
    helpful: bool | None
    replies: list[int]

    @property
    def is_answered_whole(self) -> bool:
        return min(self.replies, default=0) > 0


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the audit log; `before` is the article as it was, as JSON, where the change took it away."""

    id: int
    at: str
    who: str
    action: str
    article: str
    title: str
    before: str | None


@dataclass(frozen=True, slots=True)
class Logged:
    """What became of an article, for the audit log: "added", "updated" or "unchanged"; `before` as in Change."""

    action: str
    article: str
    title: str
    before: str | None


class Journal:
    """The journal of one archive; its methods may be called from any thread, one at a time goes in."""

    def __init__(self, path: Path, *, key_days: int = 30) -> None:
        self._key_life = timedelta(days=key_days)
        self._tables = SideTables(path, TABLES)
        self.is_scrubbed = True

    def close(self) -> None:
        self._tables.close()

    # Updates

    def receive(self, update: int, payload: str) -> bool:
        """Keep an update until it is settled; False when it came before."""
        query = "insert or ignore into inbox (id, received, payload) values (?, ?, ?)"
        return self._tables.run(query, [update, _now(), payload]).rowcount == 1

    def settle(self, update: int) -> None:
        """The update is dealt with: forget all but its number."""
        self._tables.run("update inbox set payload = null where id = ?", [update])

    def unsettled(self) -> list[tuple[int, str]]:
        """Updates that were received and never dealt with, in order."""
        return self._tables.rows("select id, payload from inbox where payload is not null order by id")

    # Readers

    def fingerprints(self, *identity: int | str | None) -> list[str]:
        """Keyed hashes of an identity, such as a user's number: with the present key, then with the one before."""
        said = json.dumps(identity).encode()
        return [hashlib.blake2b(said, key=key, digest_size=16).hexdigest() for key in self._keys()]

    def _keys(self) -> list[bytes]:
        """The present key and the one before. The present one is replaced when its time has come."""
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
        """The interface language a reader chose."""
        rows = self._tables.rows(f"select language, reader from preferences where reader in ({_marks(reader)})", reader)
        if rows and rows[0][1] != reader[0]:
            self.set_language(reader, rows[0][0])
        return str(rows[0][0]) if rows else None

    def set_language(self, reader: Sequence[str], language: str | None) -> None:
        with self._tables.together():
            self._tables.run(f"delete from preferences where reader in ({_marks(reader)})", reader)
            if language:
                self._tables.run("insert into preferences values (?, ?)", [reader[0], language])

    def forget(self, reader: Sequence[str]) -> int:
        """Delete a reader's questions and preferences from the disk; how many questions there were."""
        gone = self._tables.run(f"delete from questions where reader in ({_marks(reader)})", reader).rowcount
        self.set_language(reader, None)
        self.scrub()
        return gone

    # Questions

    def record(
        self, question: str, understood: str, language: str | None, answered: bool, confidence: float,
        *, reader: str, conversation: str, message: str,
    ) -> int:  # fmt: skip
        """Keep a question; an edited one replaces what it was before. Returns its number."""
        with self._tables.together():
            self._tables.run("delete from questions where message = ?", [message])
            columns = "asked, question, understood, language, answered, confidence, reader, conversation, message"
            row = (_now(), question, understood, language, answered, confidence, reader, conversation, message)
            cursor = self._tables.run(f"insert into questions ({columns}) values ({_marks(row)})", row)
            return int(cursor.lastrowid or 0)

    def replied(self, id: int, replies: Sequence[int]) -> None:
        """The messages that answered a question."""
        self._tables.run("update questions set replies = ? where id = ?", [json.dumps(list(replies)), id])

    def vote(self, id: int, helpful: bool) -> None:
        """Whether an answer helped; the first vote counts."""
        self._tables.run("update questions set helpful = ? where id = ? and helpful is null", [helpful, id])

    def asked(self, id: int) -> Asked | None:
        return next(iter(self._questions("id = ?", [id])), None)

    def asked_in(self, message: Sequence[str]) -> Asked | None:
        """The question that stands in a message."""
        return next(iter(self._questions(f"message in ({_marks(message)})", list(message))), None)

    def thread(self, conversation: Sequence[str], turns: int, minutes: int) -> list[Asked]:
        """The last questions of a conversation, the newest first, not older than so many minutes."""
        since = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
        condition = f"conversation in ({_marks(conversation)}) and asked >= ? order by id desc limit ?"
        return self._questions(condition, [*conversation, since, turns])

    def end_thread(self, conversation: Sequence[str]) -> None:
        """The next question of a conversation stands alone."""
        self._tables.run(
            f"update questions set conversation = null where conversation in ({_marks(conversation)})", conversation
        )

    def unanswered(self, limit: int = 2_000) -> list[Asked]:
        """The newest questions that were refused or voted unhelpful."""
        return self._questions("not answered or helpful = 0 order by id desc limit ?", [limit])

    def judged(self) -> list[Asked]:
        """The questions that were refused or voted on, in order."""
        return self._questions("not answered or helpful is not null order by id", [])

    def counts(self) -> tuple[int, int]:
        """How many questions are kept, and how many of them were refused."""
        ((kept, refused),) = self._tables.rows("select count(*), coalesce(sum(not answered), 0) from questions")
        return int(kept), int(refused)

    def prune(self, days: int) -> None:
        """Delete questions older than so many days, previews nobody decided on, and numbers of updates that cannot
        come again."""
        now = datetime.now(UTC)
        self._tables.run("delete from questions where asked < ?", [(now - timedelta(days=days)).isoformat()])
        self._tables.run("delete from inbox where payload is null and received < ?", [(now - _INBOX_KEPT).isoformat()])
        self._tables.run("delete from drafts where made < ?", [(now - _DRAFTS_KEPT).isoformat()])
        self.fingerprints()
        self.scrub()

    def scrub(self) -> None:
        """Leave no deleted row on the disk; `is_scrubbed` is False when somebody was reading, and it is to be tried
        again."""
        self.is_scrubbed = self._tables.empty_log()

    # Drafts

    def keep_draft(self, articles: str) -> int:
        """Keep articles, as JSON, until an admin decides; returns their number. The oldest of many give way."""
        id = int(
            self._tables.run("insert into drafts (made, articles) values (?, ?)", [_now(), articles]).lastrowid or 0
        )
        self._tables.run("delete from drafts where id <= ?", [id - _DRAFTS])
        return id

    def draft(self, id: int) -> str | None:
        rows = self._tables.rows("select articles from drafts where id = ?", [id])
        return str(rows[0][0]) if rows else None

    def change_draft(self, id: int, articles: str) -> None:
        """Keep what a draft has become."""
        self._tables.run("update drafts set articles = ? where id = ?", [articles, id])

    def finish_draft(self, id: int, result: str, who: str, changes: Sequence[Logged]) -> None:
        """Keep `result` in place of a draft, and write what it changed to the audit log, together."""
        with self._tables.together():
            self.change_draft(id, result)
            for change in changes:
                if change.action != "unchanged":
                    self.log_change(who, change.action, change.article, change.title, change.before)

    def drop_draft(self, id: int) -> None:
        self._tables.run("delete from drafts where id = ?", [id])

    # Audit log

    def log_change(self, who: str, action: str, article: str, title: str, before: str | None = None) -> int:
        """Write a change to the audit log; returns its number."""
        query = "insert into audit (at, who, action, article, title, before) values (?, ?, ?, ?, ?, ?)"
        return int(self._tables.run(query, [_now(), who, action, article, title, before]).lastrowid or 0)

    def change(self, id: int) -> Change | None:
        rows = self._tables.rows("select id, at, who, action, article, title, before from audit where id = ?", [id])
        return Change(*rows[0]) if rows else None

    def _questions(self, condition: str, parameters: Sequence[object]) -> list[Asked]:
        columns = "id, asked, question, understood, language, answered, confidence, helpful, replies"
        found = []
        for row in self._tables.rows(f"select {columns} from questions where {condition}", parameters):
            fields = dict(zip(columns.split(", "), row, strict=True))
            vote = None if fields["helpful"] is None else bool(fields["helpful"])
            fields |= {"answered": bool(fields["answered"]), "helpful": vote, "replies": json.loads(fields["replies"])}
            found.append(Asked(**fields))
        return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
