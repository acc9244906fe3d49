"""What a site may answer to do harm; `benchmarks/sources/hostile_sites.py` tries a thousand such answers."""

import sys
from pathlib import Path

import pytest
from fakes.tiny_models import make_tiny_model


def test_hostile_answers_end_in_one_line_and_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBARU_TEST_ALLOW_LOOPBACK", "1")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks" / "sources"))
    hostile_sites = __import__("hostile_sites")
    model = make_tiny_model(tmp_path / "tiny", {})
    ends = [ended for _, ended, _ in hostile_sites.trials(tmp_path / "index", model, count=160, seed=5)]
    assert len(ends) == 160
    assert {"refused", "brought in", "a problem told"} < set(ends)
    sys.modules.pop("hostile_sites")
