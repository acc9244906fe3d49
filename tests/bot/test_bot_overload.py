"""More is asked than can be answered: everybody hears of it in time, chats take turns, and it passes."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bot.test_bot_conversations import BRIDGE, archive, asked, running, settings_for
from fakes.bot_api import BotApiServer
from telegram import Update

from kibaru.archive import Kibaru
from kibaru_bot import inbox as inbox_module
from kibaru_bot.admission import AdmissionControl, Overloaded, arrived
from kibaru_bot.archive_service import ArchiveService
from kibaru_bot.inbox import MAX_WAITING, Inbox
from kibaru_bot.settings import BotSettings

__all__ = ["archive"]  # a fixture

LATER = "dans une minute"


@pytest.fixture
def folder(archive: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(archive, tmp_path / "index"))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question takes 0.2 s, as on a small machine."""
    ask = Kibaru.ask

    def slowly(self: Kibaru, *given: Any, **named: Any) -> Any:
        time.sleep(0.2)
        return ask(self, *given, **named)

    monkeypatch.setattr(Kibaru, "ask", slowly)


class FixedPace(AdmissionControl):
    """What is known of the time a question takes: 2 s, whatever the machine the test runs on."""

    def took(self, seconds: float, questions: int) -> None:
        super().took(2.0 * questions, questions)


def test_who_cannot_be_answered_in_time_is_told_at_once_and_all_is_well_after(folder: Path, slow: None) -> None:
    with BotApiServer() as server, running(settings_for(server, folder, deadline=60)) as application:
        metrics, service = (getattr(application.bot_data["state"], name) for name in ("metrics", "service"))
        service._admission = FixedPace(60)
        service._admission.took(0, 1)
        readers = [server.user(f"R{n}", language_code="fr") for n in range(30)]
        said = [server.say(reader, reader, BRIDGE) for reader in readers]
        texts = [server.answer_to(each, timeout=20).text for each in said]
        told = sum(LATER in text for text in texts)
        assert 0 < told < len(said)
        assert sum("Diallassagou" in text for text in texts) == len(said) - told
        assert "Diallassagou" in asked(server, readers[0], BRIDGE).text
        assert metrics.count("told to come back") == told
        server.wait_for(lambda: metrics.count("answered") == len(said) - told + 1)


def test_more_questions_than_wait_are_told_to_come_back(folder: Path, slow: None) -> None:
    with BotApiServer() as server, running(settings_for(server, folder, queue=2, questions_per_minute=3)) as _:
        readers = [server.user(f"R{n}", language_code="fr") for n in range(12)]
        said = [server.say(reader, reader, BRIDGE) for reader in readers]
        texts = [server.answer_to(each, timeout=20).text for each in said]
        told = sum(LATER in text for text in texts)
        assert told
        assert sum("Diallassagou" in text for text in texts) == 12 - told
        eager = readers[0]
        texts = [asked(server, eager, BRIDGE).text for _ in range(4)]
        assert "plus vite que moi" in texts[-1]


def test_the_reader_of_an_answer_that_never_comes_is_told_by_the_deadline(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, freed = Kibaru.ask, threading.Event()

    def stuck(self: Kibaru, question: str, **named: Any) -> Any:
        if "coincé" in question:
            freed.wait(30)
        return ask(self, question, **named)

    monkeypatch.setattr(Kibaru, "ask", stuck)
    with BotApiServer() as server, running(settings_for(server, folder, deadline=1)) as _:
        readers = [server.user(name, language_code="fr") for name in ("Awa", "Bakary")]
        assert LATER in asked(server, readers[0], "Qui est coincé ?").text
        behind = server.say(readers[1], readers[1], BRIDGE)
        assert LATER in server.answer_to(behind, timeout=10).text
        freed.set()
        server.wait_for(lambda: "Diallassagou" in asked(server, readers[1], BRIDGE).text, timeout=10)


def test_an_english_reader_is_told_in_english(folder: Path) -> None:
    with BotApiServer() as server, running(settings_for(server, folder)) as application:
        ann = server.user("Ann", language_code="en")
        application.bot_data["state"].service._admission.took(1000, 1)
        application.bot_data["state"].service._in_work = 1
        assert "ask again in a minute" in asked(server, ann, BRIDGE).text


def test_a_chat_that_floods_delays_nobody_and_is_told_once(
    folder: Path, slow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "MAX_WAITING", line := 6)
    with BotApiServer() as server, running(settings_for(server, folder)) as application:
        loud, quiet = (server.user(name, language_code="fr") for name in ("Loud", "Quiet"))
        flood = [server.say(loud, loud, f"{BRIDGE} {n}") for n in range(4 * line)]
        server.wait_for(lambda: not server.pending, timeout=10)
        assert application.bot_data["inbox"].in_hand <= line + 1
        other = asked(server, quiet, BRIDGE)
        assert "Diallassagou" in other.text
        told = server.wait_for(
            lambda: [m for m in server.messages(loud, from_bot=True) if "à la fois" in m.text], timeout=40
        )
        server.wait_for(lambda: application.bot_data["inbox"].in_hand == 0, timeout=10)
        assert len(told) == 1
        assert other.id < told[0].id  # it did not wait for the end of the flood
        answered = [each for each in flood if server.answers_to(each)]
        assert answered == flood[: len(answered)]
        assert line <= len(answered) < len(flood)


@pytest.fixture
def service(folder: Path) -> Iterator[ArchiveService]:
    service = ArchiveService(BotSettings(index=folder, admins=(7,)))
    yield service
    service.close()


def update(number: int, chat: int) -> Update:
    message = {"message_id": number, "date": 1_780_000_000, "chat": {"id": chat, "type": "private"}, "text": "?"}
    return Update.de_json({"update_id": number, "message": message}, None)


def test_what_an_admin_sends_at_once_is_all_kept(service: ArchiveService) -> None:
    async def send() -> tuple[int, int]:
        inbox = Inbox(service)
        for number in range(2 * MAX_WAITING):
            await inbox.put(update(number, chat=7))
            await inbox.put(update(1000 + number, chat=8))
        return inbox._in_hand[7], inbox._in_hand[8]

    assert asyncio.run(send()) == (2 * MAX_WAITING, MAX_WAITING + 1)


def test_what_waits_at_telegram_for_a_slow_bot_counts_as_waiting(
    service: ArchiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message of 1,000 s ago is the first after a pause; by then the bot's clock is wrong, or it was not running."""
    sent = 1_780_000_000.0
    now = [sent + 1000]
    monkeypatch.setattr(inbox_module.time, "time", lambda: now[0])

    async def lags() -> list[int]:
        inbox, found = Inbox(service), []
        for number, at in enumerate((1000, 990, 1004, 1031, 1031)):
            now[0] = sent + at
            if number == 4:  # nothing is in hand any more: it is not we who are slow
                for each in range(number):
                    await inbox.settle(update(each, chat=each + 100))
            one = update(number, chat=number + 100)
            await inbox.put(one)
            found.append(round(time.monotonic() - inbox.arrived(one)))
        return found

    assert asyncio.run(lags()) == [0, 0, 14, 41, 0]


def test_no_more_is_taken_from_telegram_than_can_be_held(
    service: ArchiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "_IN_HAND", 5)

    async def send() -> None:
        inbox = Inbox(service)
        sixth: asyncio.Task[None] | None = None
        for number in range(6):
            sixth = asyncio.create_task(inbox.put(update(number, chat=number + 100)))
            await asyncio.wait([sixth], timeout=0.2)
        assert sixth is not None
        assert not sixth.done()
        await inbox.settle(update(0, chat=100))
        await asyncio.wait_for(sixth, 5)
        assert inbox.qsize() == 6

    asyncio.run(send())


def test_a_bot_killed_with_more_in_hand_than_it_holds_starts_again(
    service: ArchiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "_IN_HAND", 5)
    for number in range(8):
        service._store.receive(number, update(number, chat=number + 100).to_json())

    async def start() -> int:
        inbox = Inbox(service)
        await asyncio.wait_for(inbox.restore(None), 5)  # type: ignore[arg-type]
        return inbox.qsize()

    assert asyncio.run(start()) == 8


def test_a_question_is_let_in_while_those_before_it_take_a_sixth_of_the_deadline() -> None:
    patience = AdmissionControl(60)
    patience.check(ahead=10_000)  # nothing is known yet: the queue has its own bound
    patience.took(8, questions=4)
    patience.check(ahead=4)
    with pytest.raises(Overloaded):
        patience.check(ahead=6)
    arrived.set(time.monotonic() - 9)
    with pytest.raises(Overloaded):
        patience.check(ahead=1)
    assert 50 < patience.left() <= 51
    for _ in range(50):
        patience.took(0.1, questions=1)
    patience.check(ahead=2)
