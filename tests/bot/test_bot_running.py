"""The bot as a process: trouble with the network, overload, kills and restarts, webhook, SIGTERM, --check."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bot.test_bot_conversations import ADMIN, BRIDGE, api, archive, asked, awa, bot, running, settings_for
from fakes.bot_api import BotApiServer, Message, User

from kibaru.embedding.embedder import Embedder
from kibaru.errors import StorageError
from kibaru.maintenance.doctor import examine
from kibaru.settings import Settings
from kibaru_bot import heartbeat, inbox, transport
from kibaru_bot.rate_limit import RateLimit
from kibaru_bot.store import BotStore

__all__ = ["api", "archive", "awa", "bot"]  # fixtures

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("KIBARU_TEST_KILLS", "3"))
"""How often the bot is killed; the figure in the README is from 20."""


@contextmanager
def process(api: BotApiServer, index: Path, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """`kibaru-bot` as a process of its own."""
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'bot'}",
        "TELEGRAM_BOT_TOKEN": api.token,
        "KIBARU_TELEGRAM_API": api.url,
        "KIBARU_INDEX": str(index),
        "KIBARU_LOG_LEVEL": "INFO",
        **variables,
    }
    command = [sys.executable, "-m", "kibaru_bot", *arguments]
    with subprocess.Popen(
        command, env=environment, cwd=index.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def ended(api: BotApiServer, index: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """How `kibaru-bot` ended that refuses to run, and what it said."""
    with process(api, index, *arguments, **({"KIBARU_LOG_LEVEL": "WARNING"} | variables)) as child:
        told, _ = child.communicate(timeout=60)
        return child.returncode, told


@pytest.fixture
def index(archive: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(archive, tmp_path / "index"))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def webhook() -> tuple[int, dict[str, str]]:
    """A free port, and the variables that make the bot wait there for Telegram."""
    port = free_port()
    hook = f"http://127.0.0.1:{port}/hook"
    return port, {"KIBARU_WEBHOOK_URL": hook, "KIBARU_WEBHOOK_LISTEN": f"127.0.0.1:{port}"}


def answers(api: BotApiServer, question: Message) -> int:
    return len(api.answers_to(question))


@pytest.mark.parametrize(
    "trouble", [{"status": 500, "times": 2}, {"drop": True, "times": 2}, {"retry_after": 1, "times": 1}]
)
def test_an_answer_gets_through_trouble_once(api: BotApiServer, awa: User, trouble: dict[str, Any]) -> None:
    api.fail("sendMessage", **trouble)
    question = api.say(awa, awa, BRIDGE)
    api.answer_to(question, timeout=20)
    api.quiet(1)
    assert answers(api, question) == 1
    api.clear_faults()


def test_an_answer_waits_until_telegram_is_back(api: BotApiServer, awa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PAUSES", (0.05, 0.05))
    monkeypatch.setattr(inbox, "AGAIN_SECONDS", 0.2)
    api.fail("sendMessage", times=8, drop=True)
    question = api.say(awa, awa, BRIDGE)
    api.answer_to(question, timeout=20)
    api.quiet(1)
    assert answers(api, question) == 1


def test_a_disk_that_is_full_for_a_moment_leaves_no_deaf_bot(
    api: BotApiServer, awa: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, refusals = BotStore.receive, [2]

    def refuse_twice(store: BotStore, update: int, payload: str) -> bool:
        if refusals[0]:
            refusals[0] -= 1
            raise StorageError("The archive cannot be used (database or disk is full): check free space.")
        return receive(store, update, payload)

    monkeypatch.setattr(inbox, "DISK_SECONDS", 0.1)
    monkeypatch.setattr(BotStore, "receive", refuse_twice)
    question = api.say(awa, awa, BRIDGE)
    api.answer_to(question, timeout=10)
    assert refusals == [0]
    assert "Diallassagou" in asked(api, awa, BRIDGE).text


def test_typing_that_fails_costs_no_answer(api: BotApiServer, awa: User) -> None:
    api.fail("sendChatAction", times=3, status=404)
    asked(api, awa, BRIDGE)
    api.clear_faults()


def test_order_is_kept_within_a_chat(api: BotApiServer, awa: User) -> None:
    said = [api.say(awa, awa, text) for text in (BRIDGE, "/latest", "Quel est le prix du cajou à Banfora ?", "/about")]
    found = [api.answer_to(each, timeout=20).id for each in said]
    assert found == sorted(found)


def test_an_update_delivered_twice_is_answered_once(api: BotApiServer, awa: User) -> None:
    with api.world.changed:  # so that it is not confirmed before we see it
        question = api.say(awa, awa, BRIDGE)
        update = api.pending[-1]
    api.answer_to(question, timeout=10)
    api.redeliver(update)
    api.quiet(1)
    assert answers(api, question) == 1


def test_killed_in_mid_conversation_it_answers_every_question(archive: Path, tmp_path: Path) -> None:
    index = shutil.copytree(archive, tmp_path / "index")
    said: list[Message] = []
    with BotApiServer() as server:
        readers = [server.user(f"R{n}", language_code="fr") for n in range(5)]
        for kill in range(KILLS):
            with process(server, index) as child:
                said += [server.say(reader, reader, BRIDGE) for reader in readers]
                server.answer_to(said[-5], timeout=60)
                time.sleep(0.05 * (kill % 7))
                child.send_signal(signal.SIGKILL)
                child.wait()
        with process(server, index) as child:
            server.answer_to(server.say(readers[0], readers[0], "/latest"), timeout=60)  # it has started
            server.wait_for(lambda: all(answers(server, each) for each in said), timeout=60)
            server.quiet(2, timeout=30)
            child.terminate()
            assert child.wait(20) == 0
        counts = Counter(answers(server, each) for each in said)
        print(f"{KILLS} kills, {len(said)} questions: {dict(counts)} (answers: questions)")
        assert set(counts) <= {1, 2}


def test_sigterm_lets_questions_in_flight_be_answered(index: Path) -> None:
    with BotApiServer() as server, process(server, index) as child:
        readers = [server.user(f"R{n}", language_code="fr") for n in range(8)]
        first = server.say(readers[0], readers[0], BRIDGE)
        server.answer_to(first, timeout=60)
        said = [server.say(reader, reader, BRIDGE) for reader in readers]
        server.wait_for(lambda: not server.pending, timeout=10)
        child.terminate()
        assert child.wait(30) == 0
        assert child.stdout is not None
        log = child.stdout.read()
        assert [answers(server, each) for each in said] == [1] * 8
    assert "Traceback" not in log
    assert server.token not in log
    assert "Diallassagou" not in log


def test_a_preview_outlives_a_restart(index: Path) -> None:
    with BotApiServer() as server:
        admin = server.user("Mariam", language_code="fr", id=ADMIN)
        with running(settings_for(server, index)):
            preview = server.answer_to(server.say(admin, admin, "/add La digue de Djenné\nElle a tenu."), timeout=10)
        server.world.callback_seconds = 0.2  # so that the press is too old to be answered, as after a long restart
        press = server.press(admin, preview, "Publier")
        time.sleep(0.3)
        with running(settings_for(server, index)):
            assert server.wait_edit(preview, timeout=10).text.startswith("Publié : 1 nouveau,")
            assert not press.answered


def test_check_says_what_is_missing(index: Path, tmp_path: Path) -> None:
    with BotApiServer() as server:
        with process(server, index, "--check") as child:
            assert child.wait(60) == 0
            assert f"@{server.username}" in (child.stdout.read() if child.stdout else "")
        with process(server, index, "--check", TELEGRAM_BOT_TOKEN="1:wrong") as child:
            assert child.wait(60) == 2
            assert "does not know TELEGRAM_BOT_TOKEN" in (child.stdout.read() if child.stdout else "")
        with process(server, index, TELEGRAM_BOT_TOKEN="1:wrong", KIBARU_LOG_LEVEL="WARNING") as child:
            assert child.wait(60) == 2
            told = child.stdout.read() if child.stdout else ""
            assert told == "kibaru-bot: Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from @BotFather.\n"
        with process(server, index, TELEGRAM_BOT_TOKEN="1:wrong", KIBARU_LOG_LEVEL="DEBUG") as child:
            assert child.wait(60) == 2
            log = child.stdout.read() if child.stdout else ""
            assert "does not know TELEGRAM_BOT_TOKEN" in log
            assert "1:wrong" not in log
        with process(server, tmp_path / "none", "--check") as child:
            assert child.wait(60) == 2
            assert "kibaru add" in (child.stdout.read() if child.stdout else "")


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["start", "check"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KIBARU_TELEGRAM_API", "nonsense"),
        ("KIBARU_TELEGRAM_API", "http://"),
        ("KIBARU_TELEGRAM_API", "http://x:99999999"),
        ("KIBARU_WEBHOOK_URL", "notaurl"),
        ("KIBARU_WEBHOOK_LISTEN", "foo"),
        ("KIBARU_WEBHOOK_LISTEN", "127.0.0.1:99999"),
        ("KIBARU_WEBHOOK_LISTEN", "{taken}"),
        ("KIBARU_BOT_METRICS", "{taken}"),
        ("KIBARU_BOT_METRICS", "nowhere.invalid:80"),
    ],
)
def test_a_start_and_a_check_refuse_the_same_in_a_line(
    api: BotApiServer, index: Path, arguments: tuple[str, ...], variable: str, value: str
) -> None:
    hook = {"KIBARU_WEBHOOK_URL": "https://example.org/hook"} if variable == "KIBARU_WEBHOOK_LISTEN" else {}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        value = value.format(taken=f"127.0.0.1:{taken.getsockname()[1]}")
        code, told = ended(api, index, *arguments, **hook, **{variable: value})
    assert code == 2
    assert told.startswith(f"kibaru-bot: {variable}={value} ")
    assert told.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["start", "check"])
def test_a_start_and_a_check_load_the_reranker(api: BotApiServer, index: Path, arguments: tuple[str, ...]) -> None:
    code, told = ended(api, index, *arguments, KIBARU_RERANKER="/nope")
    assert code == 2
    assert told.splitlines()[-1].startswith("kibaru-bot: The reranker /nope cannot be loaded")
    assert "Traceback" not in told


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["start", "check"])
def test_a_start_and_a_check_refuse_a_folder_that_cannot_be_written(
    api: BotApiServer, index: Path, arguments: tuple[str, ...]
) -> None:
    (index / "kibaru-bot.lock").mkdir()  # stands for a read-only disk, which root cannot make by a mode
    code, told = ended(api, index, *arguments)
    assert code == 2
    assert told.startswith(f"kibaru-bot: The archive in {index} cannot be used (")
    assert told.count("\n") == 1


def test_a_bot_ends_in_peace_on_a_disk_that_has_become_read_only(tmp_path: Path) -> None:
    (tmp_path / "kibaru-bot.json").mkdir()  # cannot be unlinked, as nothing can there
    heartbeat.end(tmp_path)


def test_an_archive_has_one_bot_and_health_knows_when_it_is_killed(index: Path) -> None:
    with BotApiServer() as server:
        with process(server, index) as child:
            server.wait_for(lambda: heartbeat.health(index)[0], timeout=60)
            for arguments in ((), ("--check",)):
                code, told = ended(server, index, *arguments)
                assert code == 2
                assert told == f"kibaru-bot: Another kibaru-bot runs with the archive in {index}: stop it first.\n"
            assert heartbeat.health(index)[0]
            assert examine(Settings(index=index), Embedder(Settings())) == []
            child.kill()
            child.wait()
            killed = f"no bot runs with the archive in {index}: it was killed, start it again"
            assert heartbeat.health(index) == (False, killed)
        with process(server, index) as child:
            awa = server.user("Awa", language_code="fr")
            server.answer_to(server.say(awa, awa, "/latest"), timeout=60)
            child.terminate()
            told, _ = child.communicate(timeout=30)
            assert child.returncode == 0, told
        assert heartbeat.health(index) == (False, f"no bot runs with the archive in {index}")


def test_pace() -> None:
    now = [0.0]
    pace = RateLimit(2, lambda: now[0])
    assert [pace.wait(1), pace.wait(1), pace.wait(1), pace.wait(2)] == [0, 0, 61, 0]
    now[0] = 61.0
    assert pace.wait(1) == 0
