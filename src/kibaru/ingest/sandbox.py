"""Run a parser in a process of its own, so that no file can hang, bloat or crash the program.

One worker process is kept between calls. It is started as `python -m kibaru.ingest.sandbox_worker` and not by
multiprocessing, whose children import the caller's main module again: every script that uses Kibaru would need a guard,
and the worker might load torch.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar

from kibaru.errors import BadInput

SECONDS = 30
"""Time that one call may take; a PDF of 500 pages needs about 5 s."""

MEMORY = 1_500_000_000
"""Bytes of address space that a worker may have; code and language models need some 300 MB of it."""

_WORN = 600_000_000  # bytes of resident memory beyond which a worker is replaced, so that none stays bloated
_START = 120  # seconds for a worker to start, on a machine busy with other things
_END = 1  # second for it to end by itself, so that coverage can be measured in it

Result = TypeVar("Result")


def run_sandboxed(function: Callable[..., Result], *args: object) -> Result:
    """Call a function in the worker process. Calls from several threads wait for each other.

    Args:
        function: A function at the top level of a module.
        args: Its arguments, picklable as is what it returns.

    Returns:
        What the function returns.

    Raises:
        BadInput: The function raises it, takes more than SECONDS or MEMORY, or crashes its process; the next call
            then starts a new one.
    """
    with _lock:
        worker = _worker_at_hand()
        try:
            worker.channel.send((function, args))
            if not worker.channel.poll(SECONDS):
                raise BadInput(f"it takes more than {SECONDS} s to read")
            is_result, value, resident = worker.channel.recv()
        except (EOFError, OSError) as error:
            raise BadInput(_cause_of_death(worker)) from error
        except BaseException:  # Ctrl-C too: a late answer would be taken for that of the next call
            worker.stop()
            raise
        if resident > _WORN:
            worker.stop()
    if is_result:
        result: Result = value
        return result
    raise BadInput(value)


class _Worker:
    """A worker process, the connection to it, and the id of the process that started it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.owner = os.getpid()
            self.process = subprocess.Popen(  # noqa: S603
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "kibaru.ingest.sandbox_worker",
                    str(theirs.fileno()),
                    str(SECONDS),
                    str(MEMORY),
                ],
                stdin=subprocess.PIPE,  # never written to: it closes when this process ends, even when killed
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
            )
        self.channel = Connection(ours.detach())
        if not self.channel.poll(_START):
            self.stop()
            raise BadInput("the process that reads files does not start; see 'python -m kibaru.ingest.sandbox_worker'")

    @property
    def is_usable(self) -> bool:
        """Whether it runs, and was not inherited by a fork."""
        return self.owner == os.getpid() and self.process.poll() is None

    def stop(self) -> None:
        """End the worker: close its standard input, and kill it when it does not end by itself."""
        if self.process.stdin:
            self.process.stdin.close()
        if self.owner == os.getpid():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_END)
            self.process.kill()
            self.process.wait()
        self.channel.close()


_lock = threading.Lock()
_current: list[_Worker] = []


def _worker_at_hand() -> _Worker:
    if _current and not _current[0].is_usable:
        _stop()
    if not _current:
        _current.append(_Worker())
        with contextlib.suppress(EOFError, OSError):  # it died at once: the call that follows says so
            _current[0].channel.recv()
    return _current[0]


def _cause_of_death(worker: _Worker) -> str:
    worker.stop()
    code = worker.process.returncode
    if code == -signal.SIGXCPU:
        return f"it takes more than {SECONDS} s to read"
    return f"it brings its parser down ({_signal_name(code)})"


def _signal_name(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


@atexit.register
def _stop() -> None:
    while _current:
        _current.pop().stop()
