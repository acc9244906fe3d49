"""What goes wrong while the bot runs: faults of the archive and of the bot, and what Telegram refuses or has lost."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from adversarial.test_bot_hostile import answered, forged
from aiolimiter import AsyncLimiter
from bot.test_bot_admins import TEXT, admin, pressed
from bot.test_bot_conversations import ADMINS, BRIDGE, NOWHERE, api, archive, asked, awa, bot, running, settings_for
from fakes.bot_api import BotApiServer, Message, User
from pydantic import SecretStr
from telegram.error import NetworkError

from kibaru.archive import Kibaru
from kibaru.errors import BadInput, StorageError
from kibaru.storage.generations import current_generation
from kibaru_bot import admin_commands, rate_limit, transport
from kibaru_bot.logs import _Json
from kibaru_bot.rate_limit import RateLimit
from kibaru_bot.running import explained, run
from kibaru_bot.settings import BotSettings
from kibaru_bot.store import BotStore
from kibaru_bot.transport import Limiter

__all__ = ["admin", "api", "archive", "awa", "bot"]  # fixtures

FULL = StorageError("The archive cannot be used (database or disk is full): check free space.")
CASHEW = "Combien coûte le kilo de noix de cajou ?"
SORRY = "Je ne peux pas répondre en ce moment"


@pytest.fixture
def reader(api: BotApiServer, bot: Any) -> User:
    """One whose messages Telegram may refuse."""
    return api.user("Fatou", language_code="fr")


def fails(*_: Any, **__: Any) -> Any:
    raise FULL


def breaks(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("a fault of the bot's own")


def pressed_and_told(api: BotApiServer, who: User, message: Message, label: str) -> str:
    """What the notice says that the press of a button brings."""
    press = api.press(who, message, next(each for each in message.labels if label in each))
    return answered(api, press).text or ""


# The archive


@pytest.mark.parametrize("fault", [fails, breaks])
def test_a_question_the_archive_cannot_answer_is_answered_kindly_and_the_next_as_ever(
    api: BotApiServer, awa: User, bot: Any, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Kibaru, "ask", fault)
        assert SORRY in asked(api, awa, BRIDGE).text
        assert bot.bot_data["state"].service.problem
    answer = asked(api, awa, CASHEW)
    assert "cajou" in answer.text
    assert bot.bot_data["state"].service.problem is None
    with monkeypatch.context() as broken:
        broken.setattr(Kibaru, "ask", fault)
        assert "minute" in pressed_and_told(api, awa, answer, "passages")
    assert api.current(answer).edits == 0


def test_who_asks_in_another_chat_is_told_to_come_when_the_archive_cannot_be_read(
    api: BotApiServer, awa: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kibaru, "ask", fails)
    inline = api.inline(awa, "prix du cajou")
    api.wait_for(lambda: inline.answered, timeout=10)
    assert not inline.results


def test_a_bot_that_nobody_asks_notices_that_it_cannot_answer(bot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    service = bot.bot_data["state"].service
    with monkeypatch.context() as broken:
        broken.setattr(Kibaru, "find", fails)
        service._test_answering()
        assert "disk is full" in service.problem
    service._test_answering()
    assert service.problem is None


def test_an_admin_is_told_why_the_archive_does_not_do_what_they_ask(
    api: BotApiServer, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = f"/add Le barrage de Sélingué\n{TEXT}"
    with monkeypatch.context() as broken:
        broken.setattr("kibaru_bot.publishing._previews", fails)
        assert "disk is full" in asked(api, admin, article).text
    preview = asked(api, admin, article)
    opened = pressed(api, admin, asked(api, admin, "/articles diallassagou"), "Le pont de")
    sure = pressed(api, admin, opened, "Retirer")
    with monkeypatch.context() as broken:
        broken.setattr(Kibaru, "add", fails)
        broken.setattr(Kibaru, "remove", fails)
        broken.setattr(Kibaru, "rebuild", fails)
        assert "disk is full" in pressed(api, admin, preview, "Publier").text
        assert "disk is full" in pressed(api, admin, sure, "Oui, retirer").text
        assert "disk is full" in api.wait_edit(asked(api, admin, "/rebuild"), timeout=10).text


def test_what_another_admin_removed_meanwhile_is_no_longer_there(
    api: BotApiServer, admin: User, awa: User, bot: Any
) -> None:
    pressed(api, admin, asked(api, admin, f"/add Le barrage de Kourouba\n{TEXT}"), "Publier")
    first, second = (pressed(api, admin, asked(api, admin, "/articles kourouba"), "Kourouba") for _ in range(2))
    sure = pressed(api, admin, second, "Retirer")
    (id,) = [a.id for a in bot.bot_data["state"].service._reading.store.articles() if "Kourouba" in a.title]
    removed = pressed(api, admin, pressed(api, admin, first, "Retirer"), "Oui, retirer")
    assert "Aucun article" in pressed(api, admin, sure, "Oui, retirer").text
    assert answered(api, forged(api, awa, asked(api, awa, "/help"), f"x:{id}")).show_alert
    forged(api, admin, removed, "au:999999999")
    assert "Aucun article" in api.wait_edit(removed, timeout=10).text


def test_an_archive_without_articles_says_so(api: BotApiServer, tmp_path: Path) -> None:
    with BotApiServer() as server, running(settings_for(server, tmp_path / "index")):
        reader, admin = server.user("Awa", language_code="fr"), server.user("Mariam", language_code="fr", id=ADMINS[0])
        for command in ("/start", "/latest"):
            assert "pas encore d’article" in asked(server, reader, command).text
        assert "Aucune question sans réponse" in asked(server, admin, "/unanswered").text


# The bot


def test_a_fault_of_the_bots_own_is_told_and_logged_and_ends_nothing(
    api: BotApiServer, awa: User, bot: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer = asked(api, awa, BRIDGE)
    with monkeypatch.context() as broken:
        broken.setattr("kibaru_bot.reader_commands.article_list", breaks)
        broken.setattr("kibaru_bot.questions._behind", breaks)
        assert SORRY in asked(api, awa, "/latest").text
        assert "minute" in pressed_and_told(api, awa, answer, "Utile")
    assert "ZeroDivisionError" in bot.bot_data["state"].metrics.error
    assert "own" in "".join(str(record.exc_info[1]) for record in caplog.records if record.exc_info)
    assert "Diallassagou" in asked(api, awa, BRIDGE).text


def test_signs_of_life_and_retention_survive_a_disk_that_is_full(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = shutil.copytree(archive, tmp_path / "index")
    monkeypatch.setattr(BotStore, "prune", fails)
    monkeypatch.setattr("kibaru_bot.heartbeat.give", fails)
    with BotApiServer() as server, running(settings_for(server, folder)) as application:
        awa = server.user("Awa", language_code="fr")
        assert "Diallassagou" in asked(server, awa, BRIDGE).text
        assert "old questions were not deleted" in application.bot_data["state"].metrics.error
        server.wait_for(lambda: "no sign of life was given" in caplog.text)


def test_a_traceback_in_json_is_one_line_without_secrets() -> None:
    try:
        raise ValueError("of 7:token\nand more")
    except ValueError as error:
        record = logging.LogRecord("bot", logging.ERROR, "", 1, "it failed", None, (type(error), error, None))
    line = _Json(["7:token"]).format(record)
    assert "\n" not in line
    assert json.loads(line)["error"].endswith("ValueError: of SECRET\nand more")


def test_readers_who_have_paused_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_REMEMBERED", 10)
    now = [0.0]
    pace = RateLimit(2, lambda: now[0])
    for reader in range(50):
        now[0] += 10
        pace.wait(reader)
    assert len(pace._asked) <= 17


def test_wrong_settings_are_one_line_that_names_them(archive: Path) -> None:
    token = SecretStr("7000000001:AAStrictTestServerTokenForKibaru0001")
    wrong_url = {"webhook_url": "no address"}
    wrong_port = {"webhook_url": "https://x.example/", "webhook_listen": "here"}
    for wrong, named in ((wrong_url, "KIBARU_WEBHOOK_URL=no address"), (wrong_port, "KIBARU_WEBHOOK_LISTEN=here")):
        with pytest.raises(BadInput, match=named):
            run(BotSettings(index=archive, TELEGRAM_BOT_TOKEN=token, **wrong))
    told = explained(NetworkError(f"no way to {token.get_secret_value()}"), BotSettings(TELEGRAM_BOT_TOKEN=token))
    assert str(told).startswith("Telegram cannot be reached (no way to SECRET)")


# Telegram


def test_a_link_that_telegram_does_not_take_costs_the_button_alone(api: BotApiServer, reader: User) -> None:
    refusal = {"status": 400, "description": "Bad Request: BUTTON_URL_INVALID"}
    api.fail("sendMessage", **refusal)
    answer = asked(api, reader, CASHEW)
    assert any("Utile" in label for label in answer.labels)
    assert not [button for row in answer.buttons for button in row if "url" in button]
    api.fail("editMessageText", **refusal)
    assert not [b for row in pressed(api, reader, answer, "passages").buttons for b in row if "url" in b]


def test_an_edited_question_whose_answer_was_deleted_is_answered_anew(api: BotApiServer, reader: User) -> None:
    question = api.say(reader, reader, BRIDGE)
    api.answer_to(question, timeout=10)
    api.fail("editMessageText", status=400, description="Bad Request: message to edit not found")
    api.edit(reader, question, "Quel est le prix du cajou à Banfora ?")
    api.wait_for(lambda: any("cajou" in m.text for m in api.answers_to(question)[1:]), timeout=10)


def test_an_edit_that_changes_nothing_is_no_error(api: BotApiServer, reader: User, bot: Any) -> None:
    question = api.say(reader, reader, NOWHERE)
    answer = api.answer_to(question, timeout=10)
    api.edit(reader, question, NOWHERE.replace("1998", "1998 "))
    api.wait_for(lambda: [call for call in api.calls_of("editMessageText") if call.status == 400], timeout=10)
    assert "Diallassagou" in asked(api, reader, BRIDGE).text
    assert len(api.answers_to(question)) == 1
    assert api.current(answer).edits == 0


def test_messages_that_a_shorter_answer_leaves_over_are_deleted(
    api: BotApiServer, awa: User, bot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as long:
        long.setattr("kibaru_bot.questions.answer_pages", lambda *_: ["une page", "et une autre"])
        question = api.say(awa, awa, BRIDGE)
        api.wait_for(lambda: len(api.answers_to(question)) == 2, timeout=10)
        api.quiet(0.2)
    api.edit(awa, question, NOWHERE)
    api.wait_for(lambda: len(api.answers_to(question)) == 1, timeout=10)
    assert api.answers_to(question)[0].text.startswith("Les articles ne le disent pas.")


def test_a_chat_that_closed_to_the_bot_is_no_error(
    api: BotApiServer, bot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    gone = api.user("Partie", language_code="fr")
    asked(api, gone, "/help")
    api.say(gone, gone, BRIDGE)
    api.block(gone)
    api.wait_for(lambda: "a chat is closed to the bot" in caplog.text, timeout=10)
    api.unblock(gone)


def test_a_rebuild_goes_on_when_telegram_cannot_be_told_of_it(
    api: BotApiServer, admin: User, bot: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(transport, "_PAUSES", ())
    monkeypatch.setattr(admin_commands, "_EDITED_EVERY", 0.05)
    api.fail("editMessageText", times=10**6, drop=True)
    store = bot.bot_data["state"].service._reading.store
    before = current_generation(store).id
    asked(api, admin, "/rebuild")
    api.wait_for(lambda: "was not told of the rebuild" in caplog.text, timeout=30)
    api.wait_for(lambda: not bot.bot_data["state"].rebuilding, timeout=30)
    api.clear_faults()
    assert current_generation(store).id > before


def test_a_rebuild_says_how_far_it_is(api: BotApiServer, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    rebuild = Kibaru.rebuild

    def slowly(kibaru: Kibaru, *, progress: Any) -> Any:
        progress(1, 4)
        time.sleep(0.5)
        return rebuild(kibaru, progress=progress)

    monkeypatch.setattr(admin_commands, "_EDITED_EVERY", 0.1)
    monkeypatch.setattr(Kibaru, "rebuild", slowly)
    told = asked(api, admin, "/rebuild")
    api.wait_for(lambda: "C’est fait" in api.current(told).text, timeout=30)
    assert any("25 %" in version for version in api.current(told).versions)


def test_the_limits_of_readers_who_have_paused_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pace() -> int:
        limiter = Limiter()
        limiter._chats = {chat: AsyncLimiter(5, 5) for chat in range(1, 2_002)}
        await limiter._chats[7].acquire()
        await limiter._pace("sendMessage", {"chat_id": 3_000})
        return len(limiter._chats)

    assert asyncio.run(pace()) == 2
