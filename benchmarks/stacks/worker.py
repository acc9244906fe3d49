"""One stack in a process of its own: `python -m stacks.worker NAME JOB index` or `… serve`.

Each line of standard input is `["answer", question]` or `["articles", question]`, each of standard output a JSON object
about what was done. What libraries print goes to standard error.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from process_memory import megabytes
from stacks import Job


def timed(do: Callable[..., Any], *arguments: Any) -> tuple[Any, dict[str, float]]:
    """What `do` gives, with the seconds it took by the clock and of the processor, all threads together."""
    clock, processor = time.perf_counter(), time.process_time()
    result = do(*arguments)
    return result, {"clock": time.perf_counter() - clock, "processor": time.process_time() - processor}


def memory() -> dict[str, float]:
    """Megabytes resident now and at the most."""
    found = megabytes()
    return {"resident": found["VmRSS"], "peak": found["VmHWM"]}


def main() -> None:
    name, job, what = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    module = importlib.import_module(f"stacks.{name}")
    folder = job / name
    folder.mkdir(exist_ok=True)
    stack = module.Stack(job / "model", folder)
    if what == "index":
        rows = [json.loads((job / file).read_text("utf-8")) for file in ("articles.json", "passages.json")]
        stack.index(Job(*(row[:1] for row in rows)))  # so that of none is timed what it loads at the first article
        shutil.rmtree(folder)
        folder.mkdir()
        passages, seconds = timed(stack.index, Job(*rows))
        versions = [f"{package} {importlib.metadata.version(package)}" for package in module.PACKAGES]
        told = {"passages": passages, "versions": versions, "cut": module.PASSAGES}
        print(json.dumps(told | seconds | memory()), file=replies)
        return
    stack.open()
    for line in sys.stdin:
        kind, question = json.loads(line)
        found, seconds = timed(getattr(stack, kind), question)
        articles = found if kind == "articles" else None
        print(json.dumps({"articles": articles} | seconds | memory()), file=replies)


if __name__ == "__main__":
    main()
