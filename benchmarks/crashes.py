"""Kill add and rebuild at random moments and see what is left.

    python benchmarks/crashes.py --kills 50 --seed 1

Each round starts `kibaru add` on fresh articles or `kibaru rebuild --from-scratch`, sends SIGKILL after a random
share of the time the command takes when it is let run, and then demands that `kibaru status` is healthy, that a
question about the sample articles is answered, and that every article whose line `added` was printed is there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from kibaru.samples import SAMPLES

QUESTION = "Quel est le bilan des inondations de Kankan ?"


def command(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "kibaru", *arguments],
        env=os.environ | {"KIBARU_INDEX": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(folder: Path, *arguments: str) -> str:
    process = command(folder, *arguments)
    out, err = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"kibaru {' '.join(arguments)} ended with {process.returncode}: {err}{out}")
    return out


def articles_file(path: Path, prefix: str, count: int) -> Path:
    rows = [
        {"id": f"{prefix}-{n}", "title": f"Puits {prefix} {n}", "text": f"Le puits {prefix}-{n} est ouvert. " * 60}
        for n in range(count)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def crash(kills: int, seed: int, count: int = 60) -> tuple[int, int]:
    """Returns how many kills hit a command that was still running, and how many articles were reported added."""
    drawn = random.Random(seed)
    reported: set[str] = set()
    hits = 0
    with TemporaryDirectory(prefix="kibaru-crashes-") as name:
        folder = Path(name) / "index"
        output(folder, "add", str(SAMPLES))
        durations = {}
        for verb in ("add", "rebuild"):
            before = time.perf_counter()
            file = articles_file(Path(name) / "first.jsonl", "first", count)
            output(folder, *(["add", str(file)] if verb == "add" else ["rebuild", "--from-scratch"]))
            durations[verb] = time.perf_counter() - before
        for n in range(kills):
            verb = ("add", "rebuild")[n % 2]
            file = articles_file(Path(name) / "next.jsonl", f"round{n}", count)
            process = command(folder, *(["add", str(file)] if verb == "add" else ["rebuild", "--from-scratch"]))
            time.sleep(durations[verb] * drawn.uniform(0.2, 1.0))
            process.send_signal(signal.SIGKILL)
            out, _ = process.communicate()
            hits += process.returncode == -signal.SIGKILL
            complete = out[: out.rfind("\n") + 1].splitlines()
            reported |= {line.split()[1] for line in complete if line.startswith("added ")}
            output(folder, "status")
            output(folder, "ask", QUESTION)
            stored = {line.split()[0] for line in output(folder, "list").splitlines()}
            if lost := reported - stored:
                raise SystemExit(f"seed {seed}, kill {n} ({verb}): {len(lost)} articles lost, among them {min(lost)}")
    return hits, len(reported)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    hits, reported = crash(arguments.kills, arguments.seed)
    print(
        f"{arguments.kills} kills, {hits} of a command still running (seed {arguments.seed}): "
        f"healthy each time, none of {reported} articles reported added was lost"
    )


if __name__ == "__main__":
    main()
