"""What is to befall which scene: drawn from a seed, so that one case can be run again."""

from __future__ import annotations

import errno
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from injection.outside import ALL, FAIL, KILL, KINDS, TORN, Fault

_PUT = sum(KINDS[kind] for kind in ("write", "sync", "truncate", "mkdir", "open"))
_ALLOWED = sum(KINDS[kind] for kind in ("open", "mkdir", "rename", "unlink"))
_ERRORS = (
    (errno.ENOSPC, _PUT), (errno.EIO, ALL), (errno.EDQUOT, _PUT), (errno.EACCES, _ALLOWED), (errno.EROFS, _ALLOWED),
)  # fmt: skip
_YEAR = 365 * 86_400
_SHIFTS = (-40 * _YEAR, -_YEAR, -3_600, 3_600, _YEAR, 40 * _YEAR)


@dataclass(frozen=True)
class Case:
    """One fault on one scene. `moment` is the share of the command's calls, or of its time, after which it comes.

    `how` is "kill" or "torn" (at a call; torn when half of a write is done), "moment" (killed from outside), "fail",
    "full" (a small disk), "limit" (of a file's size), "read-only", "clock", or "two" (of them at once).
    """

    scene: str
    how: str
    moment: float = 0.0
    error: int = 0
    kinds: int = ALL
    lasting: int = 0
    shift: int = 0

    def fault(self, calls: int) -> Fault | None:
        """For the shim, when the scene makes so many calls."""
        nth = 1 + int(self.moment * calls)
        match self.how:
            case "kill" | "torn":
                return Fault(KILL if self.how == "kill" else TORN, nth)
            case "fail":
                return Fault(FAIL, nth, self.kinds, self.error, self.lasting)
            case "clock":
                return Fault(clock=(self.shift, nth if self.lasting else 0))
        return None

    def __str__(self) -> str:
        told = f"{self.scene}: {self.how} at {self.moment:.4f}"
        return told + (f" with {errno.errorcode[self.error]}{' from then on' * self.lasting}" if self.error else "")


def crashes(scenes: Sequence[str], count: int, seed: int) -> Iterator[Case]:
    """Kills, spread evenly over the scenes and over the calls of each: six at a call to two torn to one at any time."""
    drawn = random.Random(seed)
    each = -(-count // len(scenes))
    for number in range(count):
        scene, turn = scenes[number % len(scenes)], number // len(scenes)
        how = "moment" if turn % 9 == 8 else "torn" if turn % 9 in (3, 7) else "kill"
        yield Case(scene, how, (turn + drawn.random()) / each)


def failures(scenes: Sequence[str], count: int, seed: int) -> Iterator[Case]:
    """Disks that fail at a call, once or from then on, and those that are full, read-only or allow no large file."""
    drawn = random.Random(seed + 1)
    for number in range(count):
        scene, turn = scenes[number % len(scenes)], number // len(scenes)
        if turn % 6 == 5 and scene != "publish":
            how = ("full", "limit", "read-only")[turn // 6 % 3]
            yield Case(scene, how, drawn.random())
        else:
            error, kinds = _ERRORS[turn % len(_ERRORS)]
            yield Case(scene, "fail", drawn.random(), error, kinds, drawn.randint(0, 1))


def clocks(scenes: Sequence[str], count: int, seed: int) -> Iterator[Case]:
    """Clocks that are wrong from the beginning, or jump meanwhile."""
    drawn = random.Random(seed + 2)
    for number in range(count):
        shift = _SHIFTS[number // len(scenes) % len(_SHIFTS)]
        yield Case(scenes[number % len(scenes)], "clock", drawn.random(), lasting=number % 2, shift=shift)


def pairs(scenes: Sequence[str], count: int, seed: int) -> Iterator[Case]:
    """Two at once: the scene's command beside a rebuild, one of them killed in every second case."""
    drawn = random.Random(seed + 3)
    for number in range(count):
        yield Case(scenes[number % len(scenes)], "two", drawn.random(), lasting=number % 2)


def plan(wanted: Mapping[str, int], scenes: Sequence[str], seed: int) -> list[Case]:
    """All cases, numbered from 0 in this order."""
    alone = [scene for scene in scenes if scene != "publish"]
    beside = [scene for scene in alone if scene in ("add", "remove", "sync", "backup")]
    return [
        *crashes(scenes, wanted["crashes"], seed),
        *failures(scenes, wanted["failures"], seed),
        *clocks(alone, wanted["clocks"], seed),
        *pairs(beside, wanted["pairs"], seed),
    ]
