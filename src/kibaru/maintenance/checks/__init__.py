"""What can be wrong with an archive, its folder and its model: one module each, found and explained, never touched."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mend(StrEnum):
    """What `kibaru doctor --repair` does about a finding."""

    CLOSE = "close the files to others"
    UNPACK = "unpack the model"
    MIGRATE = "bring the database up to date"
    REWRITE = "write the database anew"
    ACCEPT = "take damaged texts as they are"
    TIDY = "clear away what is left over"
    REBUILD = "rebuild the index"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, what to do about it, and what `--repair` does: None when it can do nothing.

    `lost` is what no repair brings back, though the archive may be made to serve without it.
    """

    problem: str
    remedy: str
    mend: Mend | None
    lost: bool = False


REPAIR = "run 'kibaru doctor --repair'"
REBUILD = "run 'kibaru rebuild'"
RESTORE = "put back a backup with 'kibaru restore FILE --force'"
