"""The worker process of `sandbox`: runs one function after another within limits, until its parent ends."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from kibaru.errors import BadInput


def main(channel: Connection, seconds: float, memory: int) -> None:
    """Answer each call that comes in: (function, arguments) → (is it a result, result or reason, bytes of memory).

    Args:
        seconds: Processor time that one call may take.
        memory: Bytes of address space that the process may have.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    channel.send("ready")
    while True:
        try:
            function, args = channel.recv()
        except (EOFError, OSError):
            return
        usage = resource.getrusage(resource.RUSAGE_SELF)
        used = usage.ru_utime + usage.ru_stime
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + 1, resource.RLIM_INFINITY))
        try:
            answer = (True, function(*args))
        except BadInput as error:
            answer = (False, str(error))
        except MemoryError:
            answer = (False, f"it takes more than {memory // 1_000_000:,} MB of memory to read")
        except RecursionError:
            answer = (False, "its parts lie inside each other too deeply")
        except Exception as error:  # parsers raise errors of all kinds on damaged files
            answer = (False, f"it is damaged, or not of the kind its name says ({type(error).__name__})")
        channel.send((*answer, _resident()))


def _resident() -> int:
    """Bytes of resident memory. `getrusage` would count the parent's, from before this program was loaded."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:  # no Linux
        return 0


def _end_with_the_parent() -> None:
    """Wait until the parent ends, which closes standard input even after a kill; then end, even within a file."""
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])), float(sys.argv[2]), int(sys.argv[3]))
