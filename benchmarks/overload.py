"""What the bot does when more is asked than it can answer, and whether it is the same after a year of rebuilding.

    python benchmarks/overload.py                        # 50,000 questions at 1.5 times what the bot can do here
    python benchmarks/overload.py --questions 3000
    python benchmarks/overload.py --generations 500      # rebuild so often, with a model that costs nothing

First the bot's capacity is measured: so many readers that it is never idle, each asking again once answered. Then
readers ask on a schedule that heeds no answer, and when the last has asked, one asks every half second for half a
minute. Each question is new to the bot. The bot is a process of its own; the strict Bot API server of the tests is in
that of this script. Telegram's limit of 30 messages a second is lifted on both sides, or that would be measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src"), str(ROOT / "bot"), str(ROOT / "benchmarks")]

from bot_api import BotApiServer, FloodLimits, User  # noqa: E402

from kibaru.articles import make_article  # noqa: E402
from kibaru.ingest import read_articles  # noqa: E402
from kibaru.newsroom import Kibaru  # noqa: E402
from kibaru.samples import SAMPLES  # noqa: E402
from kibaru.settings import Settings  # noqa: E402
from load import QUESTIONS, UNLIMITED, memory, running  # noqa: E402

_CHATS = 5_000
_AT_ONCE = 32
_BUSY = "dans une minute"
"""What only the sentence says that tells a reader to come back."""


@dataclass
class Questions:
    """Questions said and not heard of yet, by their message's number, and what became of the others."""

    server: BotApiServer
    readers: list[User]
    numbers: Iterator[int] = field(default_factory=count)
    open: dict[int, float] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)
    shed: list[float] = field(default_factory=list)
    doubled: int = 0

    def ask(self) -> int:
        """Another reader asks; the message's number."""
        number = next(self.numbers)
        reader = self.readers[number % len(self.readers)]
        at = time.monotonic()
        text = f"Question {number} : {QUESTIONS[number % len(QUESTIONS)]}"
        with self.server.world.changed:
            message = self.server.say(reader, reader, text).id
            self.open[message] = at
        return message

    def hear(self) -> None:
        """Take in what the bot has said since."""
        calls = self.server.world.calls
        with self.server.world.changed:
            done = [call for call in calls if call.status]
            under_way = [call for call in calls if not call.status]
            calls.clear()
            calls.extend(under_way)
        for call in done:
            if call.method.lower() != "sendmessage" or call.status != 200:
                continue
            reply = call.params.get("reply_parameters")
            to = json.loads(reply)["message_id"] if isinstance(reply, str) else reply["message_id"]
            asked = self.open.pop(to, None)
            if asked is None:
                self.doubled += "…" not in call.params["text"]
            else:
                (self.shed if _BUSY in call.params["text"] else self.answered).append(call.time - asked)

    def wait(self, seconds: float) -> None:
        """Until none is open, so many seconds at most."""
        end = time.monotonic() + seconds
        while self.open and time.monotonic() < end:
            time.sleep(0.05)
            self.hear()

    def fresh(self) -> Questions:
        """The same readers, with nothing counted."""
        return Questions(self.server, self.readers, self.numbers)


def capacity(questions: Questions, number: int) -> float:
    """Questions answered a second when the bot is never idle."""
    began = time.monotonic()
    while len(questions.answered) < number:
        while len(questions.open) < _AT_ONCE:
            questions.ask()
        time.sleep(0.01)
        questions.hear()
    took = time.monotonic() - began
    questions.wait(60)
    return number / took


def alone(questions: Questions, number: int) -> float:
    """The 95th percentile of the seconds until an answer, asked one after the other."""
    for _ in range(number):
        questions.ask()
        questions.wait(30)
    return percentile(questions.answered, 95)


def overload(questions: Questions, number: int, rate: float, pid: int) -> list[float]:
    """So many questions, `rate` a second; the bot's memory in MB, taken a hundred times."""
    samples: list[float] = []
    began = time.monotonic()
    for n in range(number):
        while (ahead := began + n / rate - time.monotonic()) > 0:
            time.sleep(min(ahead, 0.02))
            questions.hear()
        questions.ask()
        if n % 16 == 0:
            questions.hear()
        if (n + 1) % max(1, number // 100) == 0:
            samples.append(memory(pid))
    return samples


def recovery(questions: Questions, normal: float) -> float:
    """Seconds after which every question is answered within `normal` again; looked at for 30 s."""
    began, last = time.monotonic(), 0.0
    while (now := time.monotonic()) < began + 30:
        one = questions.fresh()
        one.ask()
        one.wait(30)
        if one.shed or not one.answered or one.answered[0] > normal:
            last = time.monotonic() - began
        time.sleep(max(0.0, now + 0.5 - time.monotonic()))
    return last


def percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else float("nan")


def overloaded(number: int, times: float, deadline: float, model: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index=Path(folder, "index"), **({"model": model} if model else {}))
        with Kibaru(settings, create=True) as kibaru:
            list(kibaru.add(read_articles([SAMPLES])))
        variables = {"KIBARU_DEADLINE": str(deadline), "KIBARU_MODEL": settings.model}
        with (
            BotApiServer(limits=FloodLimits.off()) as server,
            running(server, settings.index, "-c", UNLIMITED, **variables) as pid,
        ):
            readers = [server.user(f"R{n}", language_code="fr") for n in range(_CHATS)]
            questions = Questions(server, readers)
            able = capacity(questions, min(600, number))
            normal = alone(questions.fresh(), 60)
            print(f"capacity {able:.1f} questions a second; one after the other, p95 {normal:.2f} s")
            rush, began = questions.fresh(), time.monotonic()
            samples = overload(rush, number, times * able, pid)
            asked = time.monotonic() - began
            back = recovery(rush.fresh(), 2 * normal)
            rush.wait(2 * deadline)
            heard = [*rush.answered, *rush.shed]
            late = len(rush.open) + sum(seconds > deadline for seconds in heard)
            print(f"{number} questions in {asked:.0f} s, {number / asked:.1f} a second")
            print(f"answered {len(rush.answered)}, told to come back {len(rush.shed)}, answered twice {rush.doubled}")
            print(f"waited {deadline:.0f} s without a word: {late}")
            for what, seconds in (("answered", rush.answered), ("told to come back", rush.shed)):
                told = ", ".join(f"p{percent} {percentile(seconds, percent):.2f}" for percent in (50, 95, 99, 100))
                print(f"seconds until {what}: {told}")
            plateau = statistics.median(samples[len(samples) // 5 :])
            print(f"memory: plateau {plateau:.0f} MB, last {samples[-1]:.0f} MB ({samples[-1] / plateau - 1:+.1%})")
            print(f"as before (answered within {2 * normal:.2f} s) after {back:.1f} s")


def generations(number: int, model: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index=Path(folder, "index"), model=model)
        samples = []
        with Kibaru(settings, create=True) as kibaru, Kibaru(settings, embedder=kibaru.embedder) as serving:
            list(kibaru.add(read_articles([SAMPLES])))
            for n in range(number):
                title = f"Le pont numéro {n}"
                list(kibaru.add([make_article(title=title, text=f"Le maire ouvre le pont {n}.", url="https://a.ml/p")]))
                kibaru.rebuild()
                serving.ask("Qui ouvre le pont ?")
                samples.append(memory())
            left = [path.name for path in settings.index.glob("generation-*")]
            tables = kibaru.store.connection.execute("select count(*) from sqlite_master").fetchone()[0]
        plateau = statistics.median(samples[len(samples) // 5 :])
        print(f"{number} rebuilds: folders left {left}, {tables} tables and indexes")
        print(f"memory: plateau {plateau:.0f} MB, last {samples[-1]:.0f} MB ({samples[-1] / plateau - 1:+.1%})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=50_000)
    parser.add_argument("--times", type=float, default=1.5, help="of the capacity")
    parser.add_argument("--deadline", type=float, default=30.0)
    parser.add_argument("--tiny", action="store_true", help="with a model of 8 dimensions: all but embedding")
    parser.add_argument("--generations", type=int, default=0, help="rebuild so often instead")
    given = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as folder:
        tiny = None
        if given.tiny or given.generations:
            from test_models import make_tiny_model

            tiny = str(make_tiny_model(Path(folder, "tiny"), {}))
        if given.generations:
            assert tiny
            generations(given.generations, tiny)
        else:
            overloaded(given.questions, given.times, given.deadline, tiny)


if __name__ == "__main__":
    main()
