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
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src"), str(ROOT / "bot"), str(ROOT / "benchmarks")]

from fakes.bot_api import BotApiServer, FloodLimits  # noqa: E402

import prepared  # noqa: E402, F401
from kibaru.archive import Kibaru  # noqa: E402
from kibaru.ingest.article import make_article  # noqa: E402
from kibaru.ingest.files import read_articles  # noqa: E402
from kibaru.samples import SAMPLES  # noqa: E402
from kibaru.settings import Settings  # noqa: E402
from load import QUESTIONS, UNLIMITED, memory, running  # noqa: E402

_CHATS = 5_000
_AT_ONCE = 32
_BUSY = "dans une minute"
"""What only the sentence says that tells a reader to come back."""


class Readers:
    """Those who ask, and their questions that are not answered yet, by the message's number: whose, and since when."""

    def __init__(self, server: BotApiServer) -> None:
        self.server = server
        self.users = [server.user(f"R{n}", language_code="fr") for n in range(_CHATS)]
        self.numbers = count()
        self.open: dict[int, tuple[Told, float]] = {}

    def ask(self, told: Told) -> None:
        """Another of them asks something new."""
        number = next(self.numbers)
        reader = self.users[number % len(self.users)]
        text = f"Question {number} : {QUESTIONS[number % len(QUESTIONS)]}"
        with self.server.world.changed:
            self.open[self.server.say(reader, reader, text).id] = told, time.monotonic()
        told.open += 1

    def hear(self) -> None:
        """Take in what the bot has said since."""
        calls = self.server.world.calls
        with self.server.world.changed:
            done = [call for call in calls if call.status]
            under_way = [call for call in calls if not call.status]
            calls.clear()
            calls.extend(under_way)
        for call in done:
            if call.method.lower() == "sendmessage" and call.status == 200:
                reply = call.params["reply_parameters"]
                asked = self.open.pop((json.loads(reply) if isinstance(reply, str) else reply)["message_id"], None)
                if asked is None:
                    self.more += 1
                else:
                    told, at = asked
                    told.open -= 1
                    (told.shed if _BUSY in call.params["text"] else told.answered).append(call.time - at)

    more = 0
    """Messages beyond the first that answer a question: of long answers the second page, else doubles."""

    def wait(self, told: Told, seconds: float) -> None:
        """Until all are answered, so many seconds at most."""
        end = time.monotonic() + seconds
        while told.open and time.monotonic() < end:
            time.sleep(0.02)
            self.hear()


@dataclass
class Told:
    """What became of some questions: how many are open, and the seconds after which the others were told."""

    open: int = 0
    answered: list[float] = field(default_factory=list)
    shed: list[float] = field(default_factory=list)


def capacity(readers: Readers, number: int) -> float:
    """Questions answered a second when the bot is never idle."""
    told, began = Told(), time.monotonic()
    while len(told.answered) < number:
        while told.open < _AT_ONCE:
            readers.ask(told)
        time.sleep(0.01)
        readers.hear()
    took = time.monotonic() - began
    readers.wait(told, 60)
    return number / took


def alone(readers: Readers, number: int) -> float:
    """The 95th percentile of the seconds until an answer, asked one after the other."""
    told = Told()
    for _ in range(number):
        readers.ask(told)
        readers.wait(told, 30)
    return percentile(told.answered, 95)


def overload(readers: Readers, told: Told, number: int, rate: float, pid: int) -> list[float]:
    """So many questions, `rate` a second; the bot's memory in MB, taken a hundred times."""
    samples: list[float] = []
    began = time.monotonic()
    for n in range(number):
        while (ahead := began + n / rate - time.monotonic()) > 0:
            time.sleep(min(ahead, 0.02))
            readers.hear()
        readers.ask(told)
        if n % 16 == 0:
            readers.hear()
        if (n + 1) % max(1, number // 100) == 0:
            samples.append(memory(pid))
    return samples


def recovery(readers: Readers, normal: float) -> float:
    """Seconds until the middle one of five questions of which most are answered within `normal` again; infinity when
    that is not within 30 s."""
    began, last = time.monotonic(), list[tuple[float, float]]()
    while (now := time.monotonic()) < began + 30:
        one = Told()
        readers.ask(one)
        readers.wait(one, 30)
        last = [*last[-4:], (now - began, one.answered[0] if one.answered else float("inf"))]
        if len(last) == 5 and statistics.median(seconds for _, seconds in last) <= normal:
            return last[2][0]
        time.sleep(max(0.0, now + 0.5 - time.monotonic()))
    return float("inf")


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
            readers = Readers(server)
            rounds = [capacity(readers, min(300, number)) for _ in range(3)]
            print("capacity, three times: " + ", ".join(f"{each:.1f}" for each in rounds))
            able = max(rounds)
            normal = alone(readers, 60)
            print(f"capacity {able:.1f} questions a second; one after the other, p95 {normal:.2f} s")
            rush, began, readers.more = Told(), time.monotonic(), 0
            samples = overload(readers, rush, number, times * able, pid)
            asked = time.monotonic() - began
            back = recovery(readers, 2 * normal)
            readers.wait(rush, 2 * deadline)
            late = rush.open + sum(seconds > deadline for seconds in (*rush.answered, *rush.shed))
            print(f"{number} questions in {asked:.0f} s, {number / asked:.1f} a second")
            print(f"answered {len(rush.answered)}, told to come back {len(rush.shed)}, messages beyond {readers.more}")
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
            from fakes.tiny_models import make_tiny_model

            tiny = str(make_tiny_model(Path(folder, "tiny"), {}))
        if given.generations:
            assert tiny
            generations(given.generations, tiny)
        else:
            overloaded(given.questions, given.times, given.deadline, tiny)


if __name__ == "__main__":
    main()
