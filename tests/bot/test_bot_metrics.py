"""The bot as its operator sees it: files, processes, logs, figures and signs of life; and never a secret in them."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from bot.test_bot_conversations import ADMIN, BRIDGE, NOWHERE, archive, asked
from bot.test_bot_running import ROOT, free_port
from fakes.bot_api import BotApiServer, User

from kibaru.maintenance.backup import back_up
from kibaru_bot import heartbeat
from kibaru_bot.logs import without
from kibaru_bot.metrics import Metrics
from kibaru_bot.settings import BotSettings

__all__ = ["archive"]  # a fixture

SECRET = "hook-s3cret-of-the-newsroom"


@dataclass
class Running:
    """The bot in a process of its own, started as by systemd under an ordinary umask."""

    api: BotApiServer
    folder: Path
    log: Path
    process: subprocess.Popen[bytes]
    metrics: str
    systemd: socket.socket
    reader: User
    first_told: str

    def told_systemd(self) -> str:
        """What the bot says to systemd next."""
        return self.systemd.recv(1000).decode()


@pytest.fixture(scope="module")
def bot(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("watched")
    index, log = folder / "index", folder / "log"
    port = free_port()
    with BotApiServer() as api, log.open("wb") as output, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(folder / "notify"))
        systemd.settimeout(60)
        environment = os.environ | {
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'bot'}",
            "TELEGRAM_BOT_TOKEN": api.token,
            "KIBARU_WEBHOOK_SECRET": SECRET,
            "KIBARU_TELEGRAM_API": api.url,
            "KIBARU_INDEX": str(index),
            "KIBARU_ADMINS": str(ADMIN),
            "KIBARU_LOG_LEVEL": "INFO",
            "KIBARU_LOG_FORMAT": "json",
            "KIBARU_BOT_METRICS": f"127.0.0.1:{port}",
            "NOTIFY_SOCKET": str(folder / "notify"),
        }
        kibaru = [sys.executable, "-m", "kibaru", "add", str(ROOT / "src" / "kibaru" / "samples")]
        subprocess.run(kibaru, env=environment, cwd=folder, check=True, capture_output=True, umask=0o022)
        command = [sys.executable, "-m", "kibaru_bot"]
        with subprocess.Popen(
            command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT, umask=0o022
        ) as child:
            reader = api.user("Awa", language_code="fr", id=5_123_456_789)
            running = Running(
                api, index, log, child, f"http://127.0.0.1:{port}/metrics", systemd, reader, systemd.recv(1000).decode()
            )
            api.answer_to(api.say(reader, reader, BRIDGE), timeout=60)
            api.say(reader, reader, NOWHERE)
            api.fail("sendMessage", times=1, status=500)
            asked(api, reader, "Quel est le prix du cajou à Banfora ?")
            yield running
            child.terminate()
            assert child.wait(30) == 0
    assert not (index / "kibaru-bot.json").exists()
    assert "Traceback" not in log.read_text()


def kibaru_bot(running: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'bot'}", "KIBARU_INDEX": str(running.folder)}
    command = [sys.executable, "-m", "kibaru_bot", *arguments]
    return subprocess.run(
        command, check=False, env=environment, cwd=running.folder.parent, capture_output=True, text=True
    )


# Privacy


def test_files_are_for_their_owner_only(bot: Running) -> None:
    locks = list(bot.folder.rglob("*.lock"))
    assert all(path.stat().st_size == 0 for path in locks)
    modes = {
        str(path.relative_to(bot.folder.parent)): stat.S_IMODE(path.stat().st_mode)
        for path in (bot.folder, *bot.folder.rglob("*"))
        if path not in locks
    }
    assert {"index/kibaru.db", "index/kibaru.db-wal", "index/kibaru.db-shm"} <= modes.keys()
    open_to_others = {name: oct(mode) for name, mode in modes.items() if mode & 0o077}
    assert open_to_others == {}


def test_neither_token_nor_secret_is_in_the_process_list_the_files_or_a_backup(bot: Running, tmp_path: Path) -> None:
    secrets = (bot.api.token.encode(), SECRET.encode())
    back_up(bot.folder, tmp_path / "backup")
    from gzip import decompress

    _, _, packed = (tmp_path / "backup").read_bytes().partition(b"\n")
    seen = [Path(f"/proc/{bot.process.pid}/cmdline").read_bytes(), decompress(packed)]
    seen += [path.read_bytes() for path in (tmp_path / "backup", bot.log, *bot.folder.rglob("*")) if path.is_file()]
    assert b"kibaru_bot" in seen[0]
    assert b"Diallassagou" in seen[1]
    assert not [secret for secret in secrets for each in seen if secret in each]


def test_the_log_has_no_words_and_no_number_of_a_reader(bot: Running) -> None:
    log = bot.log.read_text()
    assert log
    for word in ("Diallassagou", "Coupe du monde", "cajou", str(bot.reader.id), "Awa"):
        assert word not in log


def test_nothing_of_who_forgets_is_left_while_the_bot_runs(bot: Running) -> None:
    forgetful = bot.api.user("Oumou", language_code="fr", id=5_987_654_321)
    asked(bot.api, forgetful, "Qui a volé les zébus de Sikoroni-Plateau ?")
    assert b"Sikoroni-Plateau" in b"".join(path.read_bytes() for path in bot.folder.glob("kibaru.db*"))
    assert "1 de vos questions" in asked(bot.api, forgetful, "/forget").text
    traces = (b"Sikoroni-Plateau", str(forgetful.id).encode())

    def left() -> list[bytes]:
        stored = b"".join(path.read_bytes() for path in bot.folder.rglob("*") if path.is_file())
        return [trace for trace in traces if trace in stored]

    end = time.monotonic() + 60  # the update with /forget itself stands in SQLite's log until that is next cut
    while left() and time.monotonic() < end:
        time.sleep(0.5)
    assert left() == []


# Watching


def test_each_line_of_the_log_is_an_object(bot: Running) -> None:
    lines = [json.loads(line) for line in bot.log.read_text().splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert any("failed (NetworkError), again in" in line["message"] for line in lines)


def test_prometheus_reads_what_readers_were_told_and_how_long_it_took(bot: Running) -> None:
    bot.api.wait_for(lambda: len(bot.api.messages(bot.reader, from_bot=True)) >= 3)
    text = urllib.request.urlopen(bot.metrics).read().decode()
    figures = dict(re.findall(r"^(kibaru_[^ ]+) (\S+)$", text, re.MULTILINE))
    assert float(figures['kibaru_questions_total{told="answered"}']) >= 2
    assert float(figures['kibaru_questions_total{told="refused"}']) >= 1
    assert float(figures["kibaru_answer_seconds_count"]) >= 3
    assert float(figures["kibaru_healthy"]) == 1
    assert {"kibaru_waiting", "kibaru_in_hand", "kibaru_synced"} <= figures.keys()
    assert abs(float(figures["kibaru_index_built"]) - time.time()) < 3600


def test_systemd_hears_that_the_bot_is_ready_then_that_it_lives(bot: Running) -> None:
    assert bot.first_told == "READY=1"
    assert [bot.told_systemd() for _ in range(2)] == ["WATCHDOG=1", "WATCHDOG=1"]


def test_health_says_in_a_line_how_the_bot_is(bot: Running) -> None:
    bot.told_systemd()
    done = kibaru_bot(bot, "health")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"healthy: 0 questions wait, last sign of life \d+ s ago\n", done.stdout)


def test_admins_see_the_state_of_the_bot(bot: Running) -> None:
    admin = bot.api.user("Mariam", language_code="en", id=ADMIN)
    status = asked(bot.api, admin, "/status").text
    assert re.search(r"generation 1 \(\d+ \w+ \d{4}, \d\d:\d\d UTC\)", status)
    assert re.search(r"Since \d+ \w+ \d{4}, \d\d:\d\d UTC: \d+ answered, [12] refused, 0 told to come back", status)
    assert "Sources synced: -" in status
    assert "Last error: -" in status


@pytest.mark.parametrize(
    ("sign", "told"),
    [
        (None, "it is starting"),
        ({"at": 0, "waiting": 0, "problem": None}, "no sign of life for"),
        ({"waiting": 0}, "cannot be read"),
        ("[", "cannot be read"),
        ({"at": -1, "waiting": 0, "problem": "The archive is not indexed"}, "cannot be answered: The archive"),
    ],
)
def test_health_fails_when_no_bot_answers(tmp_path: Path, sign: object, told: str) -> None:
    if isinstance(sign, dict) and sign.get("at") == -1:
        sign["at"] = time.time()
    if sign is not None:
        (tmp_path / "kibaru-bot.json").write_text(sign if isinstance(sign, str) else json.dumps(sign))
    with heartbeat.alone(tmp_path):
        healthy, line = heartbeat.health(tmp_path)
    assert not healthy
    assert told in line
    assert "\n" not in line


def test_no_secret_comes_through_however_it_is_written() -> None:
    secret = 'a"b\\c\né'
    for text in (f"x {secret} y", f"x {secret!r} y", f"x {json.dumps(secret)} y"):
        assert "é" not in without([secret], text)
        assert "SECRET" in without([secret], text)


def test_metrics_that_cannot_be_served_are_said(tmp_path: Path) -> None:
    from kibaru.errors import BadInput

    for address in ("127.0.0.1:99999", "nowhere.invalid:80"):
        with pytest.raises(BadInput, match="KIBARU_BOT_METRICS"):
            Metrics().serve(address)
    assert BotSettings().bot_metrics == ""
