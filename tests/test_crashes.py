"""What is left after `kill -9`; `benchmarks/crashes.py` does it fifty times."""

import sys
from pathlib import Path

import pytest


def test_killed_commands_lose_nothing_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    crashes = __import__("crashes")
    hits, _ = crashes.crash(kills=3, seed=7, count=10)
    assert hits
    sys.modules.pop("crashes")
