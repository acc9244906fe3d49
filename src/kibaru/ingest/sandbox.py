"""Running a parser in a process apart, so that no file can hang, bloat or crash the one that asked.

One worker is kept warm between calls. It is started as `python -m kibaru.ingest.sandbox_worker` and not by
multiprocessing, whose children import the caller's main module again: that takes a guard in every script that uses
Kibaru, and may load torch.
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
"""How long one call may take. A PDF of 500 pages takes about 5."""

MEMORY = 1_500_000_000
"""Bytes of address space a worker may have; it starts with some 300 MB, code and language models together."""

_WORN = 600_000_000  # bytes of resident memory beyond which a worker is replaced, so that none stays bloated
_START = 120  # seconds for a worker to start, on a machine busy with other things
_END = 1  # second for it to end by itself: what measures coverage then writes down what it saw

Result = TypeVar("Result")


def run_sandboxed(function: Callable[..., Result], *args: object) -> Result:
    """What `function(*args)` returns, in the worker; it must be a function of a module, all values picklable.

    Calls from several threads wait for each other. Raises BadInput as the function does, and when it takes more than
    SECONDS or MEMORY or brings its process down; the next call gets a new one.
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
        except BaseException:  # Ctrl-C too: an answer still to come would be taken for that to the next question
            worker.stop()
            raise
        if resident > _WORN:
            worker.stop()
    if is_result:
        result: Result = value
        return result
    raise BadInput(value)


class _Worker:
    """The process, the channel to it, and the process that started it."""

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
                stdin=subprocess.PIPE,  # never written to: it closes when this process ends, however it does
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
        return self.owner == os.getpid() and self.process.poll() is None

    def stop(self) -> None:
        """End it: by itself as its standard input closes, or else by force."""
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
