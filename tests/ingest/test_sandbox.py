"""Parsers in a process apart: what crashes, hangs or bloats it is one line, and the next call works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kibaru.errors import BadInput
from kibaru.ingest import sandbox
from kibaru.ingest.sandbox import run_sandboxed

SCRIPT = """
import os, sys, time
from kibaru.ingest.sandbox import run_sandboxed
print(run_sandboxed(os.getpid), flush=True)
if sys.argv[1] == "busy":
    run_sandboxed(time.sleep, 20)
time.sleep(20)
"""


def test_worker_stays_between_calls_and_loads_no_torch() -> None:
    first = run_sandboxed(os.getpid)
    assert first == run_sandboxed(os.getpid) != os.getpid()
    assert "torch" not in run_sandboxed(_modules)


def _modules() -> list[str]:
    return list(sys.modules)


def test_errors_of_the_function_are_bad_input() -> None:
    with pytest.raises(BadInput, match=r"not of the kind its name says \(ValueError\)"):
        run_sandboxed(int, "x")
    assert run_sandboxed(int, "7") == 7


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("__import__('os').abort()", "brings its parser down"),
        ("__import__('os')._exit(3)", "brings its parser down"),
        ("__import__('ctypes').string_at(1)", "brings its parser down"),
        ("b' ' * 4_000_000_000", "of memory"),
        ("(lambda f: f(f))(lambda f: f(f))", "too deeply"),
    ],
)
def test_crash_or_bomb_is_one_line_and_the_next_call_works(code: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        run_sandboxed(eval, code)
    assert run_sandboxed(len, "abc") == 3


@pytest.mark.parametrize("code", ["__import__('time').sleep(60)", "[0 for _ in iter(int, 1)]"])
def test_hanging_parser_is_stopped(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 0.3)
    with pytest.raises(BadInput, match="it takes more than"):
        run_sandboxed(eval, code)
    monkeypatch.undo()
    assert run_sandboxed(len, "abc") == 3


def test_calls_from_threads_take_turns() -> None:
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda n: run_sandboxed(abs, -n), range(40))) == list(range(40))


@pytest.mark.parametrize("state", ["idle", "busy"])
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_worker_ends_with_its_parent(tmp_path: Path, state: str, ending: signal.Signals) -> None:
    (script := tmp_path / "script.py").write_text(SCRIPT)  # without a guard: the worker must not run it again
    with subprocess.Popen([sys.executable, script, state], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout
        worker = int(parent.stdout.readline())
        time.sleep(0.2)
        parent.send_signal(ending)
    for _ in range(100):
        if not Path(f"/proc/{worker}").exists() or " Z " in Path(f"/proc/{worker}/stat").read_text():
            return
        time.sleep(0.05)
    pytest.fail("the worker outlives its parent")
