"""The log of questions with their answers' votes, and the audit log of changes to the archive.

Both are tables in the archive's database beside the articles, on a connection of their own. Readers and conversations
stand in them under fingerprints that the caller makes, never under names or numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kibaru.log_types import ArticleChange, AuditEntry, LoggedQuestion, NewQuestion
from kibaru.storage.side_tables import SideTables

TABLES = """
create table if not exists questions (
    id integer primary key autoincrement, asked text not null, question text not null, understood text not null,
    language text, answered integer not null, confidence real not null, helpful integer,
    replies text not null default '[]', reader text not null, conversation text, message text not null
);
create index if not exists questions_reader on questions (reader);
create index if not exists questions_conversation on questions (conversation);
create index if not exists questions_message on questions (message);
create table if not exists audit (
    id integer primary key autoincrement, at text not null, who text not null, action text not null,
    article text not null, title text not null, before text
);
"""


class QuestionLog:
    """The questions and the audit log of one archive. Its methods may be called from any thread; all raise KibaruError.

    A fingerprint is given as a list where it may have been made with one of several keys: a row under any of them is
    found.

    Attributes:
        tables: The connection; an application may keep tables of its own on it.
    """

    def __init__(self, path: Path) -> None:
        """Open the log.

        Args:
            path: The archive's database. The tables are made when they are not there yet.
        """
        self.tables = SideTables(path, TABLES)

    def close(self) -> None:
        self.tables.close()

    # Questions

    def record(self, asked: NewQuestion) -> int:
        """Log a question. One from the same message, before it was edited, is replaced.

        Returns:
            The number of the question.
        """
        columns = "asked, question, understood, language, answered, confidence, reader, conversation, message"
        row = [
            now(), asked.question, asked.understood, asked.language, asked.answered, asked.confidence, asked.reader,
            asked.conversation, asked.message,
        ]  # fmt: skip
        with self.tables.together():
            self.tables.run("delete from questions where message = ?", [asked.message])
            query = f"insert into questions ({columns}) values ({marks(row)})"
            return int(self.tables.run(query, row).lastrowid or 0)

    def replied(self, id: int, replies: Sequence[int]) -> None:
        """Note the messages that answer a question; see `LoggedQuestion.replies`."""
        self.tables.run("update questions set replies = ? where id = ?", [json.dumps(list(replies)), id])

    def vote(self, id: int, helpful: bool) -> None:
        """Note whether an answer helped. The first vote counts."""
        self.tables.run("update questions set helpful = ? where id = ? and helpful is null", [helpful, id])

    def question(self, id: int) -> LoggedQuestion | None:
        """The question of this number, if it is still kept."""
        return next(iter(self._questions("id = ?", [id])), None)

    def question_in(self, message: Sequence[str]) -> LoggedQuestion | None:
        """The question that stands in a message, by the message's fingerprints."""
        return next(iter(self._questions(f"message in ({marks(message)})", list(message))), None)

    def conversation(self, conversation: Sequence[str], most: int, minutes: int) -> list[LoggedQuestion]:
        """The last questions of a conversation, the newest first.

        Args:
            conversation: The conversation's fingerprints.
            most: How many questions at most.
            minutes: How old they may be.
        """
        since = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
        condition = f"conversation in ({marks(conversation)}) and asked >= ? order by id desc limit ?"
        return self._questions(condition, [*conversation, since, most])

    def end_conversation(self, conversation: Sequence[str]) -> None:
        """Detach the questions of a conversation from it, so that the next one is no follow-up."""
        self.tables.run(
            f"update questions set conversation = null where conversation in ({marks(conversation)})", conversation
        )

    def unanswered(self, limit: int = 2_000) -> list[LoggedQuestion]:
        """The newest questions that were refused or voted unhelpful, at most `limit`."""
        return self._questions("not answered or helpful = 0 order by id desc limit ?", [limit])

    def judged(self) -> list[LoggedQuestion]:
        """The questions that were refused or voted on, in order."""
        return self._questions("not answered or helpful is not null order by id", [])

    def counts(self) -> tuple[int, int]:
        """How many questions are kept, and how many of them were refused."""
        ((kept, refused),) = self.tables.rows("select count(*), coalesce(sum(not answered), 0) from questions")
        return int(kept), int(refused)

    def delete_reader(self, reader: Sequence[str]) -> int:
        """Delete the questions of a reader, by the reader's fingerprints; returns how many there were."""
        return self.tables.run(f"delete from questions where reader in ({marks(reader)})", reader).rowcount

    def delete_before(self, moment: datetime) -> None:
        """Delete the questions that were asked before a moment (UTC)."""
        self.tables.run("delete from questions where asked < ?", [moment.isoformat()])

    # Audit log

    def log_change(self, who: str, action: str, article: str, title: str, before: str | None = None) -> int:
        """Write a line of the audit log, with the fields of `AuditEntry`; returns its number."""
        query = "insert into audit (at, who, action, article, title, before) values (?, ?, ?, ?, ?, ?)"
        return int(self.tables.run(query, [now(), who, action, article, title, before]).lastrowid or 0)

    def log_changes(self, who: str, changes: Sequence[ArticleChange]) -> None:
        """Write a line for each article that was added or updated."""
        for change in changes:
            if change.action != "unchanged":
                self.log_change(who, change.action, change.article, change.title, change.before)

    def change(self, id: int) -> AuditEntry | None:
        """The line of the audit log of this number."""
        rows = self.tables.rows("select id, at, who, action, article, title, before from audit where id = ?", [id])
        return AuditEntry(*rows[0]) if rows else None

    def _questions(self, condition: str, parameters: Sequence[object]) -> list[LoggedQuestion]:
        columns = "id, asked, question, understood, language, answered, confidence, helpful, replies"
        found = []
        for row in self.tables.rows(f"select {columns} from questions where {condition}", parameters):
            fields = dict(zip(columns.split(", "), row, strict=True))
            vote = None if fields["helpful"] is None else bool(fields["helpful"])
            fields |= {"answered": bool(fields["answered"]), "helpful": vote, "replies": json.loads(fields["replies"])}
            found.append(LoggedQuestion(**fields))
        return found


def now() -> str:
    """The present moment as it stands in the tables (ISO date and time, UTC)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def marks(values: Sequence[object]) -> str:
    """A placeholder for each of `values` in a query."""
    return ", ".join("?" * len(values))
