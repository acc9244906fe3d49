"""What is kept about readers: no numbers, not for long, and nothing once they say so."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from telegram import Chat, Message, User

from kibaru.answering.follow_ups import is_follow_up, own_words
from kibaru.log_types import NewQuestion
from kibaru_bot.readers import identify
from kibaru_bot.store import BotStore

READER, CHAT = 987654321, 123454321


def reader_message(number: int = 7) -> tuple[User, Message]:
    user = User(READER, "Awa", is_bot=False, language_code="fr")
    return user, Message(number, datetime.now(UTC), Chat(CHAT, "private"), from_user=user)


def ask(store: BotStore, number: int, text: str = "Qui ?", answered: bool = True) -> int:
    reader = identify(store, *reader_message(number))
    return store.questions.record(
        NewQuestion(
            text, text, "fr", answered, 0.5,
            reader=reader.reader[0], conversation=reader.conversation[0], message=reader.message[0],
        )
    )  # fmt: skip


def shift(path: Path, table: str, column: str, days: int) -> None:
    with sqlite3.connect(path) as database:
        for (at,) in database.execute(f"select distinct {column} from {table} order by 1").fetchall():
            past = (datetime.fromisoformat(at) - timedelta(days=days)).isoformat()
            database.execute(f"update {table} set {column} = ? where {column} = ?", [past, at])
    database.close()


def test_no_telegram_number_is_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "kibaru.db"
    store = BotStore(path)
    store.receive(1, f'{{"from": {READER}}}')
    store.settle(1)
    store.set_language(identify(store, *reader_message()).reader, "en")
    ask(store, 7, answered=False)
    store.close()
    for file in tmp_path.iterdir():
        assert str(READER).encode() not in file.read_bytes()
        assert str(CHAT).encode() not in file.read_bytes()


def test_forget_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kibaru.db"
    store = BotStore(path)
    for number in range(3):
        ask(store, number, "Où est Tombouctou ?")
    assert store.forget(identify(store, *reader_message()).reader) == 3
    assert store.questions.counts() == (0, 0)
    store.close()
    assert b"Tombouctou" not in path.read_bytes()


def bytes_of(folder: Path) -> bytes:
    """All there is on the disk: the database, its log, and what SQLite puts beside them."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another connection to the bot's database, as the running bot has: so that its log stays on the disk."""
    connection = sqlite3.connect(tmp_path / "kibaru.db", isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    yield connection
    connection.close()


def many_readers(store: BotStore) -> None:
    """Readers 0 to 6 ask 700 questions in turn, of all lengths; some are edited, voted on, deleted for their age."""
    drawn = random.Random(7)
    for number in range(700):
        who = f"reader-{number % 7}-of-seven"
        for text in [f"{who} {'long ' * drawn.randrange(160)}"] * (2 if drawn.random() < 0.1 else 1):
            id = store.questions.record(
                NewQuestion(
                    text, text, "fr", False, 0.5,
                    reader=who, conversation=f"{drawn.random()} {who}", message=f"{drawn.random()} {who}",
                )
            )  # fmt: skip
        store.questions.replied(id, [drawn.randrange(10**9) for _ in range(drawn.randrange(1, 4))])
        store.questions.vote(id, False)
        store.receive(number, f'{{"text": "{text}"}}')
        store.settle(number)
        if number % 100 == 99:
            store.scrub()


def test_forget_leaves_no_byte_of_one_reader_among_many(tmp_path: Path, watched: sqlite3.Connection) -> None:
    store = BotStore(tmp_path / "kibaru.db")
    many_readers(store)
    assert b"reader-3-of-seven" in bytes_of(tmp_path)
    assert store.forget(["reader-3-of-seven"]) >= 100
    assert store.is_scrubbed
    assert b"reader-3-of-seven" not in bytes_of(tmp_path)
    assert b"reader-4-of-seven" in bytes_of(tmp_path)
    store.close()


def test_retention_leaves_no_byte_of_what_is_too_old(tmp_path: Path, watched: sqlite3.Connection) -> None:
    store = BotStore(tmp_path / "kibaru.db")
    many_readers(store)
    store.keep_draft('[{"title": "Un brouillon oublié"}]')
    shift(tmp_path / "kibaru.db", "questions", "asked", 91)
    shift(tmp_path / "kibaru.db", "drafts", "made", 8)
    store.prune(90)
    stored = bytes_of(tmp_path)
    assert b"of-seven" not in stored
    assert b"Un brouillon" not in stored
    assert store.questions.counts() == (0, 0)
    store.close()


def test_what_somebody_is_still_reading_is_wiped_when_they_are_done(
    tmp_path: Path, watched: sqlite3.Connection
) -> None:
    store = BotStore(tmp_path / "kibaru.db")
    ask(store, 1, "Où est Tombouctou ?")
    watched.execute("begin")
    assert watched.execute("select count(*) from questions").fetchone() == (1,)
    store.forget(identify(store, *reader_message(1)).reader)
    assert not store.is_scrubbed
    watched.execute("commit")
    store.scrub()
    assert store.is_scrubbed
    assert b"Tombouctou" not in bytes_of(tmp_path)
    store.close()


def test_a_new_key_still_knows_the_reader_and_the_next_does_not(tmp_path: Path) -> None:
    path = tmp_path / "kibaru.db"
    store = BotStore(path, key_days=30)
    first = identify(store, *reader_message()).reader
    store.set_language(first, "en")
    id = ask(store, 7)
    shift(path, "reader_keys", "made", 31)
    second = identify(store, *reader_message())
    assert second.reader[0] != first[0]
    assert first[0] in second.reader
    assert second.words.code == "en"
    assert [turn.id for turn in store.questions.conversation(second.conversation, 3, 60)] == [id]
    shift(path, "reader_keys", "made", 90)
    third = identify(store, *reader_message())
    assert first[0] not in third.reader
    assert store.questions.conversation(third.conversation, 3, 60) == []
    store.close()


def test_questions_are_deleted_after_their_time(tmp_path: Path) -> None:
    path = tmp_path / "kibaru.db"
    store = BotStore(path)
    ask(store, 1, answered=False)
    store.receive(5, "{}")
    store.settle(5)
    store.receive(6, "{}")
    for table, column in (("questions", "asked"), ("inbox", "received")):
        shift(path, table, column, 91)
    store.prune(90)
    assert store.questions.unanswered() == []
    assert store.unsettled() == [(6, "{}")]
    store.close()


def test_an_update_is_taken_once_and_kept_until_settled(tmp_path: Path) -> None:
    store = BotStore(tmp_path / "kibaru.db")
    assert store.receive(1, "a")
    assert not store.receive(1, "a")
    assert store.unsettled() == [(1, "a")]
    store.settle(1)
    assert store.unsettled() == []
    assert not store.receive(1, "a")
    store.close()


def test_votes_replies_and_the_end_of_a_thread(tmp_path: Path) -> None:
    store = BotStore(tmp_path / "kibaru.db")
    id = ask(store, 1)
    store.questions.replied(id, [2, 3])
    store.questions.vote(id, False)
    found = store.questions.question(id)
    assert found is not None
    assert (found.replies, found.helpful) == ([2, 3], False)
    assert [each.id for each in store.questions.unanswered()] == [id]
    reader = identify(store, *reader_message(1))
    asked_in = store.questions.question_in(reader.message)
    assert asked_in is not None
    assert asked_in.id == id
    store.questions.end_conversation(reader.conversation)
    assert store.questions.conversation(reader.conversation, 3, 60) == []
    assert ask(store, 1, "Corrigée") != id
    assert store.questions.question(id) is None
    store.close()


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
    assert is_follow_up(question)


@pytest.mark.parametrize(
    "question",
    [
        "Quand le pont de Diallassagou a-t-il rouvert ?",
        "Qui a gagné la finale ?",
        "What did the mayor of Keta promise?",
    ],
)
def test_whole_questions_stand_alone(question: str) -> None:
    assert not is_follow_up(question)
    assert own_words(question)
