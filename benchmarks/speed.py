"""Time and memory of what an editor and a reader wait for.

    python benchmarks/speed.py --data ../shared/eval/dev

Each figure comes from the `kibaru` command itself in a process of its own, but for warm questions, which are asked in
one process. Compare figures of one run only: the machine is shared.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import prepared  # noqa: F401
from evaluation_set import read_questions, settings_for
from kibaru.archive import Kibaru

WARM_QUESTIONS = 200


def run(folder: Path, *arguments: str) -> tuple[float, float]:
    """Seconds and peak megabytes of one `kibaru` command over the archive in `folder`."""
    before = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "kibaru", *arguments],
        env=os.environ | {"KIBARU_INDEX": str(folder)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise RuntimeError(f"kibaru {arguments[0]} failed")
    return time.perf_counter() - before, usage.ru_maxrss / 1024


def measure(data: Path) -> dict[str, float]:
    lines = (data / "articles.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    characters = sum(len(row["text"]) for row in rows)
    questions = [q.question for q in read_questions(data) if q.kind == "question"][:WARM_QUESTIONS]
    with TemporaryDirectory(prefix="kibaru-speed-") as name:
        folder = Path(name)
        one, other = folder / "one.jsonl", folder / "other.jsonl"
        one.write_text(json.dumps({"title": "Essai", "text": rows[0]["text"] + " Une phrase de plus."}), "utf-8")
        other.write_text(json.dumps({"title": "Essai", "text": "Une phrase."}), "utf-8")
        run(folder / "small", "add", str(one))  # the files of model and libraries are in memory from here on
        start_up, _ = run(folder / "small", "add", str(other))
        add, memory = run(folder / "archive", "add", str(data / "articles.jsonl"))
        add_one, _ = run(folder / "archive", "add", str(one))
        reuse, _ = run(folder / "archive", "rebuild")
        rebuild, rebuild_memory = run(folder / "archive", "rebuild", "--from-scratch")
        cold, ask_memory = run(folder / "archive", "ask", questions[0])
        with Kibaru(settings_for(folder / "archive")) as kibaru:
            kibaru.ask(questions[0])
            seconds = []
            for question in questions:
                before = time.perf_counter()
                kibaru.ask(question)
                seconds.append(time.perf_counter() - before)
        size = sum(path.stat().st_size for path in (folder / "archive").rglob("*") if path.is_file())
    return {
        "start-up: add a sentence to an archive of one article (s)": start_up,
        f"add {len(rows)} texts, {characters:,} characters (s)": add,
        "characters a second, start-up included": characters / add,
        "characters a second, beyond start-up": characters / (add - start_up),
        "add one more article, beyond start-up (s)": add_one - start_up,
        "rebuild, vectors kept (s)": reuse,
        "rebuild --from-scratch (s)": rebuild,
        "ask, cold (s)": cold,
        "ask, warm, p50 (ms)": 1000 * float(np.percentile(seconds, 50)),
        "ask, warm, p95 (ms)": 1000 * float(np.percentile(seconds, 95)),
        "peak memory, add (MB)": memory,
        "peak memory, rebuild (MB)": rebuild_memory,
        "peak memory, ask (MB)": ask_memory,
        "archive on disk (MB)": size / 1e6,
        "this process, peak memory (MB)": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    for name, value in measure(parser.parse_args().data).items():
        print(f"{name:58} {value:10.2f}")


if __name__ == "__main__":
    main()
