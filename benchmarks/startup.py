"""How long a command takes that does little: start, import, load.

    python benchmarks/startup.py [--runs 10] [--before ../kibaru-of-yesterday]

Each run is the command in a process of its own, over an archive of the samples; the least of the runs is printed, and
the processor time of that kind, for on a busy machine the clock tells of the others too. With `--before`, a second
checkout runs in turn with this one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import prepared  # noqa: F401
from kibaru.samples import SAMPLES

COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "kibaru --help": ("-m", "kibaru", "--help"),
    "kibaru list": ("-m", "kibaru", "list"),
    "kibaru ask": ("-m", "kibaru", "ask", "Qui a remporté la Coupe des Balafons ?"),
}
HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """The least of several runs: seconds by the clock, seconds of the processor, megabytes."""

    clock: float
    processor: float
    memory: float

    def least(self, other: Cost) -> Cost:
        return Cost(min(self.clock, other.clock), min(self.processor, other.processor), min(self.memory, other.memory))


def run(checkout: Path, index: Path, arguments: tuple[str, ...]) -> Cost:
    environment = os.environ | {"PYTHONPATH": str(checkout / "src"), "KIBARU_INDEX": str(index)}
    before = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{arguments} failed")
    return Cost(time.perf_counter() - before, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--before", type=Path, help="The folder of another checkout, to compare with.")
    options = parser.parse_args()
    checkouts = [HERE, *([options.before.resolve()] if options.before else [])]
    with TemporaryDirectory(prefix="kibaru-startup-") as name:
        index = Path(name)
        run(HERE, index, ("-m", "kibaru", "add", str(SAMPLES)))
        print(f"{'':20} clock, ms  processor, ms  memory, MB")
        for command, arguments in COMMANDS.items():
            costs = [run(checkout, index, arguments) for checkout in checkouts]
            for _ in range(options.runs - 1):
                costs = [cost.least(run(each, index, arguments)) for cost, each in zip(costs, checkouts, strict=True)]
            for cost, when in zip(costs, ("", " before"), strict=False):
                label = f"{command}{when}"
                print(f"{label:22} {1000 * cost.clock:7.0f} {1000 * cost.processor:14.0f} {cost.memory:11.0f}")


if __name__ == "__main__":
    main()
