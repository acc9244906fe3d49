"""What is fuzzed: a name, a function of bytes that must not raise, and inputs to begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """`run` takes any bytes and raises only when something is wrong; `seeds` are honest inputs, `words` pieces that its
    grammar is made of; inputs have up to `longest` bytes."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...] = ()
    longest: int = 8_000
