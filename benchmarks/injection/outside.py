"""The outside of it: builds the shim, keeps the worker, and runs commands with and without a fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
ROOT = _HERE.parents[1]

KINDS = {"write": 1, "sync": 2, "rename": 4, "unlink": 8, "truncate": 16, "open": 32, "mkdir": 64}
ALL = sum(KINDS.values())
COUNT, KILL, TORN, FAIL = range(4)

Command = Sequence[str]


@dataclass(frozen=True)
class Fault:
    """What befalls the `nth` call of these `kinds` below the job's folder; `clock` is seconds of shift, from a call."""

    action: int = COUNT
    nth: int = 0
    kinds: int = ALL
    errno: int = 0
    lasting: int = 0
    clock: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Ended:
    """How a command ended: `code` is None when it was killed, or never begun."""

    code: int | None
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What was printed whole."""
        return self.out[: self.out.rfind("\n") + 1].splitlines()


class Worker:
    """Runs commands in children of a warm process."""

    def __init__(self, process: subprocess.Popen[str], environment: dict[str, str]) -> None:
        self._process = process
        self._environment = environment
        self._outs: dict[int, tuple[Path, int]] = {}
        self.seen = 0

    def start(
        self, folder: Path, commands: Sequence[Command], fault: Fault | None = None, largest_file: int = 0, **more: str
    ) -> int:
        """Start the commands of a job in `folder`, whose archive is `folder/index`; returns the process id."""
        out = Path(tempfile.mkdtemp(prefix="out-", dir=folder.parent))
        job: dict[str, Any] = {
            "folder": str(folder), "out": str(out), "commands": [list(command) for command in commands],
            "environment": {**self._environment, "KIBARU_INDEX": str(folder / "index"), **more},
            "fault": asdict(fault) if fault else None, "largest_file": largest_file,
        }  # fmt: skip
        pid = int(self._ask({"fork": job}))
        self._outs[pid] = (out, len(commands))
        return pid

    def poll(self, pid: int) -> bool:
        """Whether a job has ended; `wait` is then not to be called."""
        return self._ask({"pid": pid, "poll": True}) is not None

    def wait(self, pid: int) -> list[Ended]:
        self._ask({"pid": pid})
        return self.results(pid)

    def results(self, pid: int) -> list[Ended]:
        """What the commands of an ended job did; `seen` is how many calls there were, when it was not killed."""
        out, count = self._outs.pop(pid)

        def read(number: int, kind: str) -> str:
            path = out / f"{number}.{kind}"
            return path.read_text("utf-8", errors="replace") if path.exists() else ""

        codes = [read(number, "code") for number in range(count)]
        self.seen = int((out / "seen").read_text()) if (out / "seen").exists() else 0
        return [
            Ended(int(code) if code else None, read(number, "out"), read(number, "err"))
            for number, code in enumerate(codes)
        ]

    def run(self, folder: Path, commands: Sequence[Command], fault: Fault | None = None, **more: Any) -> list[Ended]:
        return self.wait(self.start(folder, commands, fault, **more))

    def _ask(self, line: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the worker has ended")
        return json.loads(answer)


@contextmanager
def working(folder: Path, model: Path) -> Iterator[Worker]:
    """A worker with the shim, which is built in `folder`; its commands use `model`."""
    shim = folder / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, _HERE / "shim.c", "-ldl"], check=True)
    environment = {
        "KIBARU_MODEL": str(model), "KIBARU_CACHE": str(folder / "cache"), "KIBARU_TEST_ALLOW_LOOPBACK": "1",
        "KIBARU_HOST_DELAY": "0", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "bot")]),
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", str(_HERE / "worker.py")]
    with subprocess.Popen(
        command, env=os.environ | environment | {"LD_PRELOAD": str(shim)}, cwd=folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the worker did not start")
            yield Worker(process, environment)
        finally:
            process.kill()
