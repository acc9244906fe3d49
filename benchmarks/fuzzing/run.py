"""Fuzz every parser and every rendering, for so many minutes of processor time in all.

    python benchmarks/fuzzing/run.py --minutes 240 --jobs 2 --seed 1
    python benchmarks/fuzzing/run.py --minutes 5 --target page

Targets take turns, each in a process of its own, as many at once as there are jobs. Found faults are printed and kept
in `.fuzz/crashes`; inputs that reach something new stay in `.fuzz/corpus`, where the next run begins, and the first one
with those of `corpus.tar.xz`, which `--keep` writes anew. It needs atheris (`pip install atheris`) to be guided by
coverage, and does without, blindly. Fails when a fault was found.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import random
import re
import subprocess
import sys
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzzing.table import ROOT, TARGETS, WORKING, inputs

CORPUS = Path(__file__).with_name("corpus.tar.xz")
_START = 45.0
"""Seconds that a turn takes at least: less, and it would mostly be importing."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--target", choices=sorted(TARGETS), help="this one alone")
    parser.add_argument("--jobs", type=int, default=1, help="how many targets at once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help=f"only write what runs have found into {CORPUS.name}")
    arguments = parser.parse_args()
    if arguments.keep:
        _keep()
        return
    if not (WORKING / "corpus").exists():
        with tarfile.open(CORPUS) as kept:
            kept.extractall(WORKING, filter="data")
    names = [arguments.target] if arguments.target else list(TARGETS)
    random.Random(arguments.seed).shuffle(names)  # when time is short, it is not always for the same
    for name in names:
        _prepare(name)
    budget = 60 * arguments.minutes
    share = max(_START, budget / len(names))
    turns, telling = enumerate(itertools.cycle(names)), threading.Lock()
    tried, spent, found = dict.fromkeys(names, 0), 0.0, 0

    def work() -> None:
        nonlocal spent, found
        while (left := budget - spent) > _START / 2:
            with telling:
                turn, name = next(turns)
            count, seconds, faults = _turn(name, int(min(share, left)), arguments.seed + turn)
            with telling:
                tried[name] += count
                spent += seconds
                found += faults

    with ThreadPoolExecutor(arguments.jobs) as jobs:
        for job in [jobs.submit(work) for _ in range(arguments.jobs)]:
            job.result()
    reached = sum(count > 0 for count in tried.values())
    print(
        f"{sum(tried.values()):,} inputs to {reached} of {len(names)} targets in {spent / 3600:.2f} hours of processor "
        f"time (seed {arguments.seed}); {found} faults"
    )
    if found:
        raise SystemExit(f"see {WORKING / 'crashes'}")


def _keep() -> None:
    """Write the working corpus into CORPUS, the same bytes for the same inputs."""
    with tarfile.open(CORPUS, "w:xz", preset=9) as kept:
        for path in sorted((WORKING / "corpus").glob("*/*")):
            entry = tarfile.TarInfo(str(path.relative_to(WORKING)))
            entry.size = path.stat().st_size
            with path.open("rb") as file:
                kept.addfile(entry, file)


def _prepare(name: str) -> None:
    """The folders of a target, with what it begins from."""
    for kind in ("corpus", "crashes"):
        (WORKING / kind / name).mkdir(parents=True, exist_ok=True)
    for data in inputs(name):
        (WORKING / "corpus" / name / hashlib.sha1(data).hexdigest()).write_bytes(data)
    (WORKING / "words").mkdir(exist_ok=True)
    words = (
        "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass")) for word in TARGETS[name].words
    )
    (WORKING / "words" / name).write_text("".join(f'"{word}"\n' for word in words))


def _turn(name: str, seconds: int, seed: int) -> tuple[int, float, int]:
    """Inputs tried, processor time, and faults found in one process."""
    paths = [str(ROOT / "benchmarks"), *sys.path]
    with subprocess.Popen(
        [sys.executable, "-m", "fuzzing.engine", name, str(seconds), str(seed)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    ) as process:  # fmt: skip
        assert process.stdout
        output = "".join(line for line in process.stdout if not line.startswith("INFO: Instrumenting"))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    counted = re.findall(r"number_of_executed_units:\s*(\d+)|^#(\d+)\t", output, re.M)
    count = max((int(first or second) for first, second in counted), default=0)
    faults = output.count("FOUND ") + (process.returncode != 0)
    taken = usage.ru_utime + usage.ru_stime
    print(
        f"{name:16} {count:9,} inputs {taken:6.0f} s of processor time {f'{faults} FAULTS' if faults else ''}",
        flush=True,
    )
    if faults:
        print(output[-8_000:], flush=True)
    return count, taken, faults


if __name__ == "__main__":
    main()
