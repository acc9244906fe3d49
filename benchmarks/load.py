"""How the bot does under load: many readers at once, against the test Bot API server, the bot a process of its own.

    python benchmarks/load.py                      # 300 questions of 100 chats at once, beside 60 one after the other
    python benchmarks/load.py --memory 2000        # and 2,000 more, to see whether memory stays flat

Prints what the project promises: nothing lost, nothing doubled, order kept, no 429, how soon typing was shown, the
throughput beside that of asking one after the other, and the processor time beside that of `Kibaru.ask` alone.

Telegram takes about 30 messages a second of a bot, which is about what Kibaru needs one after the other when Telegram
is on the same machine. So the two are compared three times: there; with each call to Telegram taking `--latency`
seconds, as over a network; and without limits on either side, to see what the bot itself can do.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src"), str(ROOT / "bot")]

from fakes.bot_api import BotApiServer, FloodLimits, Message, User  # noqa: E402

import prepared  # noqa: E402, F401
from kibaru.archive import Kibaru  # noqa: E402
from kibaru.embedding.cache import CachingEmbedder  # noqa: E402
from kibaru.ingest.files import read_articles  # noqa: E402
from kibaru.samples import SAMPLES  # noqa: E402
from kibaru.settings import Settings  # noqa: E402
from process_memory import megabytes  # noqa: E402

_TICKS = os.sysconf("SC_CLK_TCK")
_LINES = (ROOT / "tests" / "data" / "sample_questions.jsonl").read_text("utf-8").splitlines()
QUESTIONS = [json.loads(line)["question"] for line in _LINES]
UNLIMITED = "from kibaru_bot import cli, transport; transport.PER_SECOND = 10**6; cli.main()"

_rounds = count()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--chats", type=int, default=100)
    parser.add_argument("--alone", type=int, default=60, help="questions asked one after the other")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds of a call to Telegram, as over a network")
    parser.add_argument("--memory", type=int, default=0, help="questions more, in waves, to watch the memory")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, "index")
        alone = _ask_alone(index, given.alone)
        shutil.copytree(index, unused := Path(folder, "unused"))
        with BotApiServer() as server, running(server, index, "-m", "kibaru_bot") as pid:
            print("# Telegram's limits, Telegram on the same machine")
            spent = _compared(server, pid, given)
            print(f"processor a question: {1000 * spent:.1f} ms, of Kibaru.ask alone {1000 * alone:.1f} ms")
            print(f"# Telegram's limits, {1000 * given.latency:.0f} ms a call")
            server.fail("*", times=10**9, delay=given.latency)
            server.fail("getUpdates", times=10**9, delay=given.latency)
            _compared(server, pid, given)
            server.clear_faults()
            print(f"memory: {memory(pid):.0f} MB")
            for asked in range(given.questions, given.memory + given.questions, given.questions):
                wave(server, given.questions, given.chats)
                print(f"memory after {asked} questions more: {memory(pid):.0f} MB")
        with BotApiServer(limits=FloodLimits.off()) as server, running(server, unused, "-c", UNLIMITED) as pid:
            print("# no limits, Telegram on the same machine")
            _compared(server, pid, given)


@contextmanager
def running(server: BotApiServer, index: Path, *how: str, **variables: str) -> Iterator[int]:
    """The bot in a process of its own, warmed up with every question; its process id."""
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'bot'}",
        "TELEGRAM_BOT_TOKEN": server.token,
        "KIBARU_TELEGRAM_API": server.url,
        "KIBARU_INDEX": str(index),
        "KIBARU_QUESTIONS_PER_MINUTE": "10000",
        "KIBARU_DEADLINE": "600",  # so that nobody is told to come back
        **variables,
    }
    with subprocess.Popen([sys.executable, *how], env=environment, cwd=index.parent) as bot:
        try:
            first = server.user("First", language_code="fr")
            server.answer_to(server.say(first, first, QUESTIONS[0]), timeout=120)
            wave(server, len(QUESTIONS), len(QUESTIONS), told=False)
            yield bot.pid
        finally:
            bot.terminate()


def _in_new_words(number: int) -> Iterator[str]:
    """So many questions that the bot has not embedded yet."""
    opening = f"Question {next(_rounds)} :"
    return (f"{opening} {QUESTIONS[n % len(QUESTIONS)]}" for n in range(number))


def _compared(server: BotApiServer, pid: int, given: argparse.Namespace) -> float:
    """Ask one after the other and at once; processor seconds of a question asked by itself."""
    processor, began = _processor(pid), time.monotonic()
    for text in _in_new_words(given.alone):
        reader = server.user("One", language_code="fr")
        server.answer_to(server.say(reader, reader, text), timeout=30)
    one_by_one = given.alone / (time.monotonic() - began)
    spent = (_processor(pid) - processor) / given.alone
    print(f"one after the other: {one_by_one:.1f} questions/s")
    rate = wave(server, given.questions, given.chats)
    print(f"at once / one after the other: {rate / one_by_one:.1f}")
    return spent


def wave(server: BotApiServer, number: int, chats: int, *, told: bool = True) -> float:
    """Ask at once and print what became of it; questions answered a second."""
    readers = [server.user(f"R{n}", language_code="fr") for n in range(chats)]
    too_many = server.too_many
    began = time.monotonic()
    said: list[Message] = [
        server.say(readers[n % chats], readers[n % chats], text) for n, text in enumerate(_in_new_words(number))
    ]
    asked = time.monotonic()
    while time.monotonic() < began + 120 and not all(server.answers_to(each) for each in said):
        time.sleep(0.2)
    took = time.monotonic() - began
    server.quiet(1, timeout=60)
    if not told:
        return number / took
    answers = [server.answers_to(each) for each in said]
    refused = sum("dans une minute" in message.text for found in answers for message in found)
    order = all(
        sorted(ids) == ids
        for reader in readers
        for ids in [[message.reply_to or 0 for message in server.messages(reader, from_bot=True)]]
    )
    print(
        f"{number} questions of {chats} chats, asked within {asked - began:.2f} s: answered in {took:.1f} s "
        f"({number / took:.1f}/s); lost {sum(not found for found in answers)}, "
        f"doubled {sum(len(found) > 1 for found in answers)}, told to wait {refused}, "
        f"order {'kept' if order else 'NOT kept'}, 429 caused {server.too_many - too_many}, "
        + _typing(server, readers, began)
    )
    return number / took


def _typing(server: BotApiServer, readers: Sequence[User], began: float) -> str:
    shown: dict[str, float] = {}
    for call in server.calls_of("sendChatAction"):
        shown.setdefault(str(call.params["chat_id"]), call.time)
    delays = [shown.get(str(reader.id), float("inf")) - began for reader in readers]
    return f"typing after {statistics.median(delays):.2f} s (median), {max(delays):.2f} s (last)"


def _ask_alone(index: Path, number: int) -> float:
    """Processor seconds of one `Kibaru.ask`, in an archive of the sample articles that this makes, with an embedder
    that remembers as the bot's does."""
    settings = Settings(index=index)
    with Kibaru(settings, create=True) as kibaru:
        list(kibaru.add(read_articles([SAMPLES])))
        kibaru.embedder = CachingEmbedder(settings)
        for text in QUESTIONS:
            kibaru.ask(text)
        texts = list(_in_new_words(number))
        began = time.process_time()
        for text in texts:
            kibaru.ask(text)
        return (time.process_time() - began) / number


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pid: int | str = "self") -> float:
    """Resident memory of a process, in MB."""
    return megabytes(pid)["VmRSS"]


if __name__ == "__main__":
    main()
