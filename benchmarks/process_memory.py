"""What Linux says of a process's memory."""

from __future__ import annotations

import re
from pathlib import Path


def megabytes(pid: int | str = "self") -> dict[str, float]:
    """By the names of proc_pid_status(5): `VmRSS` is resident now, `VmHWM` at the most, `RssFile` what of it are mapped
    files. Of that process alone, where `ru_maxrss` counts what started it too."""
    status = Path(f"/proc/{pid}/status").read_text()
    return {name: int(size) / 1024 for name, size in re.findall(r"^(\w+):\s+(\d+) kB", status, re.MULTILINE)}
