"""What is kept about readers: no numbers, not for long, and nothing once they say so."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from telegram import Chat, Message, User

from kibaru.storage.question_log import Journal
from kibaru_bot.follow_ups import leans, own_words
from kibaru_bot.readers import recognised

READER, CHAT = 987654321, 123454321


def reader_message(number: int = 7) -> tuple[User, Message]:
    user = User(READER, "Awa", is_bot=False, language_code="fr")
    return user, Message(number, datetime.now(UTC), Chat(CHAT, "private"), from_user=user)


def ask(journal: Journal, number: int, text: str = "Qui ?", answered: bool = True) -> int:
    reader = recognised(journal, *reader_message(number))
    return journal.record(
        text, text, "fr", answered, 0.5,
        reader=reader.reader[0], conversation=reader.conversation[0], message=reader.message[0],
    )  # fmt: skip


def shift(path: Path, table: str, column: str, days: int) -> None:
    with sqlite3.connect(path) as database:
        for (at,) in database.execute(f"select distinct {column} from {table} order by 1").fetchall():
            past = (datetime.fromisoformat(at) - timedelta(days=days)).isoformat()
            database.execute(f"update {table} set {column} = ? where {column} = ?", [past, at])
    database.close()


def test_no_telegram_number_is_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "kibaru.db"
    journal = Journal(path)
    journal.receive(1, f'{{"from": {READER}}}')
    journal.settle(1)
    journal.set_language(recognised(journal, *reader_message()).reader, "en")
    ask(journal, 7, answered=False)
    journal.close()
    for file in tmp_path.iterdir():
        assert str(READER).encode() not in file.read_bytes()
        assert str(CHAT).encode() not in file.read_bytes()


def test_forget_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kibaru.db"
    journal = Journal(path)
    for number in range(3):
        ask(journal, number, "Où est Tombouctou ?")
    assert journal.forget(recognised(journal, *reader_message()).reader) == 3
    assert journal.counts() == (0, 0)
    journal.close()
    assert b"Tombouctou" not in path.read_bytes()


def bytes_of(folder: Path) -> bytes:
    """All there is on the disk: the database, its log, and what SQLite puts beside them."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another connection to the journal's database, as the running bot has: so that its log stays on the disk."""
    connection = sqlite3.connect(tmp_path / "kibaru.db", isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    yield connection
    connection.close()


def many_readers(journal: Journal) -> None:
    """Readers 0 to 6 ask 700 questions in turn, of all lengths; some are edited, voted on, deleted for their age."""
    drawn = random.Random(7)
    for number in range(700):
        who = f"reader-{number % 7}-of-seven"
        for text in [f"{who} {'long ' * drawn.randrange(160)}"] * (2 if drawn.random() < 0.1 else 1):
            id = journal.record(
                text, text, "fr", False, 0.5,
                reader=who, conversation=f"{drawn.random()} {who}", message=f"{drawn.random()} {who}",
            )  # fmt: skip
        journal.replied(id, [drawn.randrange(10**9) for _ in range(drawn.randrange(1, 4))])
        journal.vote(id, False)
        journal.receive(number, f'{{"text": "{text}"}}')
        journal.settle(number)
        if number % 100 == 99:
            journal.scrub()


def test_forget_leaves_no_byte_of_one_reader_among_many(tmp_path: Path, watched: sqlite3.Connection) -> None:
    journal = Journal(tmp_path / "kibaru.db")
    many_readers(journal)
    assert b"reader-3-of-seven" in bytes_of(tmp_path)
    assert journal.forget(["reader-3-of-seven"]) >= 100
    assert journal.is_scrubbed
    assert b"reader-3-of-seven" not in bytes_of(tmp_path)
    assert b"reader-4-of-seven" in bytes_of(tmp_path)
    journal.close()


def test_retention_leaves_no_byte_of_what_is_too_old(tmp_path: Path, watched: sqlite3.Connection) -> None:
    journal = Journal(tmp_path / "kibaru.db")
    many_readers(journal)
    journal.keep_draft('[{"title": "Un brouillon oublié"}]')
    shift(tmp_path / "kibaru.db", "questions", "asked", 91)
    shift(tmp_path / "kibaru.db", "drafts", "made", 8)
    journal.prune(90)
    stored = bytes_of(tmp_path)
    assert b"of-seven" not in stored
    assert b"Un brouillon" not in stored
    assert journal.counts() == (0, 0)
    journal.close()


def test_what_somebody_is_still_reading_is_wiped_when_they_are_done(
    tmp_path: Path, watched: sqlite3.Connection
) -> None:
    journal = Journal(tmp_path / "kibaru.db")
    ask(journal, 1, "Où est Tombouctou ?")
    watched.execute("begin")
    assert watched.execute("select count(*) from questions").fetchone() == (1,)
    journal.forget(recognised(journal, *reader_message(1)).reader)
    assert not journal.is_scrubbed
    watched.execute("commit")
    journal.scrub()
    assert journal.is_scrubbed
    assert b"Tombouctou" not in bytes_of(tmp_path)
    journal.close()


def test_a_new_key_still_knows_the_reader_and_the_next_does_not(tmp_path: Path) -> None:
    path = tmp_path / "kibaru.db"
    journal = Journal(path, key_days=30)
    first = recognised(journal, *reader_message()).reader
    journal.set_language(first, "en")
    id = ask(journal, 7)
    shift(path, "reader_keys", "made", 31)
    second = recognised(journal, *reader_message())
    assert second.reader[0] != first[0]
    assert first[0] in second.reader
    assert second.words.code == "en"
    assert [turn.id for turn in journal.thread(second.conversation, 3, 60)] == [id]
    shift(path, "reader_keys", "made", 90)
    third = recognised(journal, *reader_message())
    assert first[0] not in third.reader
    assert journal.thread(third.conversation, 3, 60) == []
    journal.close()


def test_questions_are_deleted_after_their_time(tmp_path: Path) -> None:
    path = tmp_path / "kibaru.db"
    journal = Journal(path)
    ask(journal, 1, answered=False)
    journal.receive(5, "{}")
    journal.settle(5)
    journal.receive(6, "{}")
    for table, column in (("questions", "asked"), ("inbox", "received")):
        shift(path, table, column, 91)
    journal.prune(90)
    assert journal.unanswered() == []
    assert journal.unsettled() == [(6, "{}")]
    journal.close()


def test_an_update_is_taken_once_and_kept_until_settled(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "kibaru.db")
    assert journal.receive(1, "a")
    assert not journal.receive(1, "a")
    assert journal.unsettled() == [(1, "a")]
    journal.settle(1)
    assert journal.unsettled() == []
    assert not journal.receive(1, "a")
    journal.close()


def test_votes_replies_and_the_end_of_a_thread(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "kibaru.db")
    id = ask(journal, 1)
    journal.replied(id, [2, 3])
    journal.vote(id, False)
    found = journal.asked(id)
    assert found is not None
    assert (found.replies, found.helpful) == ([2, 3], False)
    assert [each.id for each in journal.unanswered()] == [id]
    reader = recognised(journal, *reader_message(1))
    asked_in = journal.asked_in(reader.message)
    assert asked_in is not None
    assert asked_in.id == id
    journal.end_thread(reader.conversation)
    assert journal.thread(reader.conversation, 3, 60) == []
    assert ask(journal, 1, "Corrigée") != id
    assert journal.asked(id) is None
    journal.close()


@pytest.mark.parametrize(
    "question",
    [
        "et quand ?",
        "pourquoi ?",
        "Why?",
        "et combien ça a coûté ?",
        "Qui est la présidente ?",
        "Where is it?",
        "and who?",
    ],
)
def test_follow_ups_lean(question: str) -> None:
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        "Quand le pont de Diallassagou a-t-il rouvert ?",
        "Qui a gagné la finale ?",
        "What did the mayor of Keta promise?",
    ],
)
def test_whole_questions_stand_alone(question: str) -> None:
    assert not leans(question)
    assert own_words(question)
