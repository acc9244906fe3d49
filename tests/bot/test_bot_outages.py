"""Telegram is away, hangs, breaks off or refuses: the bot goes on, and every reader hears once what there is to say."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiolimiter import AsyncLimiter
from bot.test_bot_conversations import ADMIN, BRIDGE, archive, asked, running, settings_for
from bot.test_bot_overload import folder, update
from bot.test_bot_running import answers, process
from fakes.bot_api import BotApiServer, FloodLimits, Message, User
from telegram.error import NetworkError

from kibaru_bot import inbox, messaging, transport
from kibaru_bot.archive_service import ArchiveService
from kibaru_bot.inbox import Inbox
from kibaru_bot.settings import BotSettings

__all__ = ["archive", "folder"]  # fixtures

CASHEW = "Quel est le prix du cajou à Banfora ?"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour of trouble is four seconds here: the bot's pauses, but not what it does between them."""
    monkeypatch.setattr(transport, "_PAUSES", tuple(pause / 1000 for pause in transport._PAUSES))
    monkeypatch.setattr(inbox, "AGAIN_SECONDS", inbox.AGAIN_SECONDS / 1000)
    monkeypatch.setattr(transport, "PER_SECOND", 10**6)
    monkeypatch.setattr(transport, "AsyncLimiter", lambda *_: AsyncLimiter(10**6, 1))


def impatient(application: Any) -> None:
    """Nobody waits longer than half a second for Telegram to say something."""
    for request in application.bot._request:
        request._client.timeout = httpx.Timeout(0.5)


@pytest.fixture
def api() -> Iterator[BotApiServer]:
    with BotApiServer(limits=FloodLimits.off()) as server:
        yield server


@pytest.fixture
def bot(api: BotApiServer, folder: Path, hurried: None) -> Iterator[Any]:
    with running(settings_for(api, folder), impatient) as application:
        yield application


@pytest.fixture
def readers(api: BotApiServer, bot: Any) -> list[User]:
    return [api.user(name, language_code="fr") for name in ("Awa", "Bakary", "Coumba")]


def all_answered_once(api: BotApiServer, questions: list[Message], timeout: float = 30) -> None:
    for question in questions:
        assert "Diallassagou" in api.answer_to(question, timeout).text
    api.quiet(0.5, timeout=20)
    assert [answers(api, question) for question in questions] == [1] * len(questions)


# Away


def test_when_telegram_is_back_after_a_long_time_every_question_is_answered_once(
    api: BotApiServer, folder: Path, hurried: None, caplog: pytest.LogCaptureFixture
) -> None:
    """An answer that did not get through six times in a quarter of a minute is tried again after half a minute: here it
    fails so 30 times, which is 23 minutes there."""

    def logged(words: str) -> int:
        return sum(words in record.getMessage() for record in list(caplog.records))

    with running(settings_for(api, folder, deadline=6), impatient):
        readers = [api.user(name, language_code="fr") for name in ("Awa", "Bakary", "Coumba")]
        api.fail("sendMessage", times=10**6, drop=True)
        before = api.say(readers[0], readers[0], BRIDGE)
        api.wait_for(lambda: api.calls_of("sendMessage"), timeout=10)
        api.stop()
        while logged("did not get through") < 30:
            time.sleep(0.05)
        api.clear_faults()
        meanwhile = [api.say(reader, reader, BRIDGE) for reader in readers[1:]]
        time.sleep(1.5)  # a quarter of the deadline: who waits as long because we are slow is told to come back
        api.start()
        all_answered_once(api, [before, *meanwhile])
    assert logged("Telegram gives no updates, it is asked again") >= 2
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(("hours", "left"), [(23, 1), (25, 0)])
def test_an_answer_is_tried_for_as_long_as_telegram_itself_keeps_what_it_cannot_deliver(
    folder: Path, monkeypatch: pytest.MonkeyPatch, hours: int, left: int
) -> None:
    now = [0.0]
    monkeypatch.setattr(inbox.time, "monotonic", lambda: now[0])
    service = ArchiveService(BotSettings(index=folder))

    async def fail_for_hours() -> int:
        kept, one = Inbox(service), update(1, chat=7)
        await kept.put(one)
        for now[0] in range(0, hours * 3600, 600):
            kept.unsent(one)
            await kept.settle(one)
        return kept.in_hand

    assert asyncio.run(fail_for_hours()) == left
    assert len(service._store.unsettled()) == left
    service.close()


def test_a_bot_started_while_telegram_is_away_answers_when_it_is_there(api: BotApiServer, folder: Path) -> None:
    awa = api.user("Awa", language_code="fr")
    question = api.say(awa, awa, BRIDGE)
    api.stop()
    with socket.create_server(("127.0.0.1", api.port)) as away, process(api, folder):
        away.settimeout(60)
        for _ in range(2):
            away.accept()[0].close()
        away.close()
        api.start()
        assert "Diallassagou" in api.answer_to(question, timeout=60).text


def test_a_bot_that_cannot_reach_telegram_says_so_now_and_then(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    limiter, now = transport.Limiter(), [0.0]

    async def away(*_: Any, **__: Any) -> bool:
        raise NetworkError("All connection attempts failed")

    async def start_for(minutes: int) -> None:
        for now[0] in range(0, 60 * minutes, 2):
            with pytest.raises(NetworkError):
                await limiter.process_request(away, (), {}, "getMe", {}, None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport.time, "monotonic", lambda: now[0])
        asyncio.run(start_for(3))
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert lines[0].startswith("Telegram cannot be reached (All connection attempts failed)")


def test_a_start_says_that_telegram_cannot_be_reached(api: BotApiServer, folder: Path) -> None:
    api.stop()
    with process(api, folder, KIBARU_LOG_LEVEL="WARNING") as child:
        assert child.stdout is not None
        assert "Telegram cannot be reached" in child.stdout.readline()
        child.terminate()
        assert child.wait(20) == 0
    api.start()


def test_a_bot_stopped_while_telegram_is_away_answers_when_it_runs_again(
    api: BotApiServer, folder: Path, hurried: None
) -> None:
    awa = api.user("Awa", language_code="fr")
    with running(settings_for(api, folder), impatient):
        api.fail("sendMessage", times=10**6, drop=True)
        question = api.say(awa, awa, BRIDGE)
        api.wait_for(lambda: len(api.calls_of("sendMessage")) >= 20, timeout=10)
        api.stop()
    api.clear_faults()
    api.start()
    with running(settings_for(api, folder)):
        all_answered_once(api, [question])


def test_a_token_that_telegram_does_not_know_for_a_moment_leaves_no_deaf_bot(
    api: BotApiServer, bot: Any, readers: list[User]
) -> None:
    api.fail("getUpdates", status=401, description="Unauthorized")
    api.fail("getUpdates", status=404, description="Not Found")
    asked(api, readers[0], BRIDGE)  # ends the poll that is under way
    all_answered_once(api, [api.say(readers[1], readers[1], BRIDGE)])


# Half open


@pytest.mark.parametrize("trouble", [{"delay": 4, "drop": True}, {"cut": True}])
def test_a_poll_that_hangs_or_breaks_off_is_made_again(
    api: BotApiServer, bot: Any, readers: list[User], trouble: dict[str, Any]
) -> None:
    api.fail("getUpdates", **trouble)
    all_answered_once(api, [api.say(reader, reader, BRIDGE) for reader in readers])


def test_a_message_that_telegram_takes_and_says_nothing_of_is_sent_again(
    api: BotApiServer, bot: Any, readers: list[User]
) -> None:
    api.fail("sendMessage", times=3, delay=1, drop=True)
    all_answered_once(api, [api.say(readers[0], readers[0], BRIDGE)])


def test_a_message_whose_receipt_is_lost_may_come_twice_and_never_not_at_all(
    api: BotApiServer, bot: Any, readers: list[User]
) -> None:
    """Telegram cannot be asked what it has received; so of losing and doubling an answer, it is doubling."""
    api.fail("sendMessage", cut=True)
    question = api.say(readers[0], readers[0], BRIDGE)
    api.answer_to(question, timeout=10)
    api.quiet(0.5, timeout=20)
    assert answers(api, question) == 2
    assert "Diallassagou" in asked(api, readers[0], BRIDGE).text


def test_a_telegram_that_takes_its_time_is_not_given_the_answer_twice(api: BotApiServer, folder: Path) -> None:
    with running(settings_for(api, folder)):
        awa = api.user("Awa", language_code="fr")
        api.fail("sendMessage", delay=6)
        all_answered_once(api, [api.say(awa, awa, BRIDGE)])


def test_an_answer_of_which_a_part_did_not_get_through_is_completed_and_not_begun_again(
    api: BotApiServer, bot: Any, readers: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    say, trouble = messaging.send_reply, [{"times": 7, "drop": True}]

    async def say_and_lose_telegram(message: Any, html: str, keyboard: Any = ()) -> Any:
        sent = await say(message, html, keyboard)
        if trouble:
            api.fail("sendMessage", **trouble.pop())
        return sent

    monkeypatch.setattr("kibaru_bot.questions.answer_pages", lambda *_: ["une page", "et une autre"])
    monkeypatch.setattr(messaging, "send_reply", say_and_lose_telegram)
    question = api.say(readers[0], readers[0], BRIDGE)
    api.wait_for(lambda: len(api.answers_to(question)) >= 2, timeout=20)
    api.quiet(0.5, timeout=20)
    assert [message.text for message in api.answers_to(question)] == ["une page", "et une autre"]


# 500 and 429


@pytest.mark.parametrize("trouble", [{"status": 500, "times": 2}, {"retry_after": 1}], ids=["500", "429"])
def test_a_run_of_errors_of_every_method_spoils_no_conversation(
    api: BotApiServer, bot: Any, readers: list[User], trouble: dict[str, Any]
) -> None:
    awa, admin = readers[0], api.user("Mariam", language_code="fr", id=ADMIN)
    api.quiet(0.5)
    wanted = {"sendMessage", "sendChatAction", "editMessageText", "answerCallbackQuery", "answerInlineQuery", "getFile"}
    for method in {*wanted, "download"}:
        api.fail(method, **trouble)
    question = api.say(awa, awa, BRIDGE)
    answer = api.answer_to(question, timeout=30)
    vote = api.press(awa, answer, "Utile")
    api.wait_for(lambda: vote.answered, timeout=20)
    inline = api.inline(awa, "prix du cajou")
    api.wait_for(lambda: inline.answered and inline.results, timeout=20)
    file = api.send_file(admin, admin, "puits.txt", b"Le puits de Sikoroni\nLe puits de Sikoroni a rouvert.")
    preview = api.answer_to(file, timeout=20)
    api.press(admin, preview, "Publier")
    assert api.wait_edit(preview, timeout=20).text.startswith("Publié : 1 nouveau,")
    api.quiet(0.5, timeout=20)
    assert answers(api, question) == 1
    assert answers(api, file) == 1
    assert {call.method for call in api.refused()} >= wanted


# A clock that jumps


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_jumps_while_somebody_waits_keeps_nobody_from_an_answer(
    api: BotApiServer, bot: Any, readers: list[User], monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    real = time.time
    asked(api, readers[0], CASHEW)
    monkeypatch.setattr(inbox.time, "time", lambda: real() + seconds)
    all_answered_once(api, [api.say(readers[1], readers[1], BRIDGE)])
