"""What can be wrong with an archive, its folder and its model. Checks find and explain it, and change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Repair(StrEnum):
    """What `kibaru doctor --repair` does about a finding, in the order in which it is done."""

    CLOSE = "close the files to others"
    UNPACK = "unpack the model"
    COMPLETE = "make missing tables"
    REWRITE = "write the database anew"
    ACCEPT = "take damaged texts as they are"
    TIDY = "clear away what is left over"
    REBUILD = "rebuild the index"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong.

    Attributes:
        problem: What is wrong, in words for an editor.
        remedy: What to do about it.
        repair: What `--repair` does; None when it can do nothing.
        lost: Whether something is lost that no repair brings back, though the archive may serve without it.
    """

    problem: str
    remedy: str
    repair: Repair | None
    lost: bool = False


RUN_REPAIR = "run 'kibaru doctor --repair'"
RUN_REBUILD = "run 'kibaru rebuild'"
RUN_RESTORE = "put back a backup with 'kibaru restore FILE --force'"
