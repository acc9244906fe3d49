"""What the bot keeps in memory while it serves an archive of your choice.

    python benchmarks/memory.py --index FOLDER

The bot runs as a process of its own on a copy of the archive, against the Bot API server of the tests. Mapped files
(libraries, the words' embeddings, large indexes) count as resident, though the system may drop them.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import prepared  # noqa: F401
from kibaru.archive import Kibaru
from kibaru.settings import Settings
from load import QUESTIONS, UNLIMITED, BotApiServer, running, wave
from process_memory import megabytes

WAVES = 4


def resident(pid: int) -> str:
    """Megabytes resident, and how many of them are mapped files."""
    found = megabytes(pid)
    return f"{found['VmRSS']:.0f} MB resident, {found['RssFile']:.0f} MB of them mapped files"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--index", type=Path, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, "index")
        shutil.copytree(given.index, index)
        with Kibaru(Settings(index=index)) as kibaru:
            status = kibaru.status()
        print(f"{status.articles:,} articles, {status.passages:,} passages")
        with BotApiServer() as server, running(server, index, "-c", UNLIMITED) as pid:
            print(f"after {len(QUESTIONS)} questions: {resident(pid)}")
            for _ in range(WAVES):
                wave(server, 100, 50)
            print(f"after {100 * WAVES} more: {resident(pid)}")


if __name__ == "__main__":
    main()
