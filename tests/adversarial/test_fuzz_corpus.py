"""The committed corpus of `benchmarks/fuzzing`: what it begins from, and what ever brought something down."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from fuzzing.engine import Watched
from fuzzing.table import KEPT, TARGETS

if TYPE_CHECKING:
    from fuzzing.target import Target

REPLAYED = sorted(set(TARGETS) - {"conversation"})
"""What goes wrong with the running bot is told as a conversation in `tests/adversarial/test_bot_hostile.py`."""

MOST = 300_000
"""Bytes of the corpus in all: it is here to be run each time, not to be complete."""


@pytest.fixture
def faulty(tmp_path: Path) -> Watched:
    """A function with two faults under watch."""

    def run(data: bytes) -> None:
        assert data != b"one"
        if data.startswith(b"two"):
            raise KeyError(data)

    return Watched(run, tmp_path)


@pytest.mark.parametrize("name", REPLAYED)
def test_nothing_in_the_corpus_brings_it_down(name: str) -> None:
    target: Target = TARGETS[name]
    paths = sorted((KEPT / name).iterdir())
    assert paths, f"tests/adversarial/corpus/{name} is empty"
    for path in paths:
        target.run(path.read_bytes())


def test_the_corpus_is_small_and_belongs_to_targets() -> None:
    assert {path.name for path in KEPT.iterdir()} == set(REPLAYED)
    assert sum(path.stat().st_size for path in KEPT.rglob("*") if path.is_file()) < MOST


def test_a_fault_is_kept_once_for_each_place_and_the_search_goes_on(faulty: Watched, tmp_path: Path) -> None:
    for data in (b"one", b"fine", b"two", b"two again", b"one"):
        faulty(data)
    assert faulty.tried == 5
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"one", b"two"}
