"""`benchmarks/peers.py`: Kibaru's side of the comparison, and what is said of the others."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from kibaru.archive import Kibaru
from kibaru.evaluation.sets import Question

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield __import__("peers")
    for name in [name for name in sys.modules if name.split(".")[0] in {"peers", "stacks", "evaluation_set"}]:
        del sys.modules[name]


def test_kibaru_is_indexed_and_asked_in_processes_of_its_own(
    peers: ModuleType, samples: Kibaru, tmp_path: Path
) -> None:
    articles = list(samples.store.articles())[:3]
    (tmp_path / "articles.json").write_text(json.dumps([asdict(article) for article in articles]), "utf-8")
    (tmp_path / "passages.json").write_text("[]", "utf-8")
    unused = Path("/no/python")
    with peers.Worker(unused, "kibaru", tmp_path, "index") as worker:
        told = worker.reply()
    assert told["passages"] >= 3
    assert told["versions"] == [f"kibaru {version('kibaru')}"]
    assert told["clock"] > 0
    with peers.Worker(unused, "kibaru", tmp_path, "serve") as worker:
        for article in articles:
            asked = Question("q", "question", article.title)
            assert worker.ask("answer", asked)["articles"] is None
            assert worker.ask("articles", asked)["articles"][0] == article.id


def test_a_stack_that_fails_ends_the_run_with_its_last_words(peers: ModuleType, tmp_path: Path) -> None:
    with (
        pytest.raises(SystemExit, match=r"(?s)^unheard_of failed:.*No module named 'stacks\.unheard_of'"),
        peers.Worker(Path(sys.executable), "unheard_of", tmp_path, "index") as worker,
    ):
        worker.reply()


def test_without_the_peers_the_run_says_what_installs_them(
    peers: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["peers.py", "--samples", "--python", "/no/python"])
    with pytest.raises(SystemExit) as ended:
        peers.main()
    assert ended.value.code == 2
    assert "run 'make peers'" in capsys.readouterr().err


@pytest.mark.parametrize(("own", "verdict"), [((3000.0, 10.0), "reached"), ((2900.0, 11.0), "missed")])
def test_verdicts_compare_with_the_fastest_peer_of_each(
    peers: ModuleType, own: tuple[float, float], verdict: str
) -> None:
    measured = {name: peers.Measured() for name in ("kibaru", "plain", "txtai")}
    for name, (index, warm) in {"kibaru": own, "plain": (1000.0, 40.0), "txtai": (500.0, 20.0)}.items():
        for noise in (0.5, 1.0, 9.0):  # the median counts
            measured[name].add(index=index * noise, warm=warm * noise)
    said = peers.verdicts(measured)
    assert said.count(verdict) == 2
    assert "fastest peer (plain loop)" in said
    assert "fastest peer (txtai)" in said
