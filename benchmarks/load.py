"""How the bot does under load: many readers at once, against the test Bot API server, the bot a process of its own.

    python benchmarks/load.py                      # 300 questions of 100 chats, then 30 one after the other
    python benchmarks/load.py --memory 2000        # and 2,000 more, to see whether memory stays flat

Prints what the project promises: nothing lost, nothing doubled, order kept, no 429, how soon typing was shown, the
throughput beside that of asking one after the other, and the processor time beside that of `Kibaru.ask` alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src"), str(ROOT / "bot")]

from bot_api import BotApiServer, Message  # noqa: E402
from kibaru_bot.remembering import RememberingEmbedder  # noqa: E402

from kibaru.ingest import read_articles  # noqa: E402
from kibaru.newsroom import Kibaru  # noqa: E402
from kibaru.samples import SAMPLES  # noqa: E402
from kibaru.settings import Settings  # noqa: E402

_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--chats", type=int, default=100)
    parser.add_argument("--alone", type=int, default=30, help="questions asked one after the other")
    parser.add_argument("--memory", type=int, default=0, help="questions more, in waves, to watch the memory")
    given = parser.parse_args()
    lines = (ROOT / "tests" / "sample_questions.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    with tempfile.TemporaryDirectory() as folder, BotApiServer() as server:
        index = Path(folder, "index")
        alone = _ask_alone(index, questions[: given.alone])
        environment = os.environ | {
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'bot'}",
            "TELEGRAM_BOT_TOKEN": server.token,
            "KIBARU_TELEGRAM_API": server.url,
            "KIBARU_INDEX": str(index),
            "KIBARU_QUESTIONS_PER_MINUTE": "10000",
        }
        with subprocess.Popen([sys.executable, "-m", "kibaru_bot"], env=environment, cwd=folder) as bot:
            try:
                _measure(server, bot.pid, questions, given, alone)
            finally:
                bot.terminate()


def _measure(server: BotApiServer, pid: int, questions: Sequence[str], given: argparse.Namespace, alone: float) -> None:
    first = server.user("First", language_code="fr")
    server.answer_to(server.say(first, first, questions[0]), timeout=120)
    server.quiet(1)

    processor, began = _processor(pid), time.monotonic()
    for text in questions[: given.alone]:
        reader = server.user("One", language_code="fr")
        server.answer_to(server.say(reader, reader, text), timeout=30)
    one_by_one = given.alone / (time.monotonic() - began)
    spent = (_processor(pid) - processor) / given.alone
    print(f"one after the other: {one_by_one:.1f} questions/s")
    print(f"processor a question: {1000 * spent:.1f} ms, of Kibaru.ask alone {1000 * alone:.1f} ms")

    before = _memory(pid)
    rate = _wave(server, questions, given.questions, given.chats)
    print(f"at once / one after the other: {rate / one_by_one:.1f}")
    print(f"memory: {before:.0f} MB before, {_memory(pid):.0f} MB after")
    asked = given.questions
    while asked < given.questions + given.memory:
        _wave(server, questions, given.questions, given.chats)
        asked += given.questions
        print(f"memory after {asked} questions: {_memory(pid):.0f} MB")


def _wave(server: BotApiServer, questions: Sequence[str], count: int, chats: int) -> float:
    """Ask at once and print what became of it; questions answered a second."""
    readers = [server.user(f"R{n}", language_code="fr") for n in range(chats)]
    too_many = server.too_many
    began = time.monotonic()
    said: list[Message] = [
        server.say(readers[n % chats], readers[n % chats], questions[n % len(questions)]) for n in range(count)
    ]
    asked = time.monotonic()
    deadline = began + 120
    while time.monotonic() < deadline and not all(server.answers_to(each) for each in said):
        time.sleep(0.2)
    took = time.monotonic() - began
    server.quiet(1, timeout=60)
    answers = [server.answers_to(each) for each in said]
    told = sum("dans une minute" in message.text for found in answers for message in found)
    order = all(
        sorted(ids) == ids
        for reader in readers
        for ids in [[message.reply_to or 0 for message in server.messages(reader, from_bot=True)]]
    )
    typing: dict[str, float] = {}
    for call in server.calls_of("sendChatAction"):
        typing.setdefault(str(call.params["chat_id"]), call.time)
    delays = [typing.get(str(reader.id), float("inf")) - began for reader in readers]
    print(
        f"{count} questions of {chats} chats, asked within {asked - began:.2f} s: answered in {took:.1f} s "
        f"({count / took:.1f}/s); lost {sum(not found for found in answers)}, "
        f"doubled {sum(len(found) > 1 for found in answers)}, told to wait {told}, "
        f"order {'kept' if order else 'NOT kept'}, 429 caused {server.too_many - too_many}, "
        f"typing after {statistics.median(delays):.2f} s (median), {max(delays):.2f} s (last)"
    )
    return count / took


def _ask_alone(index: Path, questions: Sequence[str]) -> float:
    """Processor seconds of one `Kibaru.ask` of these, in an archive of the sample articles that this makes, with an
    embedder that remembers as the bot's does."""
    settings = Settings(index=index)
    with Kibaru(settings, create=True) as kibaru:
        list(kibaru.add(read_articles([SAMPLES])))
        kibaru.embedder = RememberingEmbedder(settings)
        kibaru.ask(questions[0])
        began = time.process_time()
        for text in questions:
            kibaru.ask(text)
        return (time.process_time() - began) / len(questions)


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
