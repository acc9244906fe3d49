"""A handful of the faults of `benchmarks/faults.py`, which kills commands at their system calls and lets disks fail."""

import errno
import shutil
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest
import torch
from fakes.tiny_models import make_tiny_model

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from faults import Bench
from injection.cases import Case, plan
from injection.outside import Fault, Worker, working
from injection.scenes import made

if sys.platform != "linux" or not shutil.which("gcc"):
    pytest.skip("the shim is for Linux and made by gcc", allow_module_level=True)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("faults")
    with working(folder, make_tiny_model(folder / "tiny", {})) as started:
        yield started


@pytest.fixture(scope="module")
def bench(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("scenes")
    with made(worker, folder) as scenes:
        yield Bench(worker, list(takewhile(lambda scene: not scene.name.startswith("repair"), scenes)), folder)


@pytest.mark.parametrize(
    "case",
    [
        Case("first add", "kill", 0.17),
        Case("add", "torn", 0.6),
        Case("backup", "kill", 0.4),
        Case("restore", "kill", 0.1),
        Case("restore", "kill", 0.75),
        *(Case("restore to nothing", "kill", moment) for moment in (0.965, 0.9705, 0.976)),
        Case("sync", "kill", 0.4),
        *(Case("publish", "kill", moment) for moment in (0.7925, 0.82)),
        Case("add", "fail", 0.5, errno.ENOSPC, 1, lasting=1),
        Case("restore", "fail", 0.9, errno.EIO),
        Case("remove", "clock", 0.5, lasting=1, shift=-40 * 365 * 86_400),
    ],
    ids=str,
)
def test_after_a_fault_all_holds_that_must(bench: Bench, case: Case) -> None:
    hit, told, _ = bench.run(case)
    assert hit
    assert told == []


def test_the_shim_kills_and_fails_as_told(worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "a.txt").write_text("Puits\nLe puits du village est ouvert.")
    add, listed = ("kibaru", "add", "a.txt"), ("kibaru", "list")
    (full,) = worker.run(tmp_path / "job", [add], Fault(3, 1, errno=errno.ENOSPC, lasting=1))
    assert (full.code, full.err.count("\n")) == (2, 1)
    assert "No space left" in full.err
    (killed,) = worker.run(tmp_path / "job", [add], Fault(1, 60))
    assert killed.code is None
    done, shown = worker.run(tmp_path / "job", [add, listed], Fault())
    assert (done.code, shown.out.count("\n")) == (0, 1)
    assert worker.seen > 60


def test_a_case_can_be_run_again() -> None:
    wanted = {"crashes": 30, "failures": 20, "clocks": 4, "pairs": 4}
    scenes = ["add", "sync", "publish"]
    assert plan(wanted, scenes, 5) == plan(wanted, scenes, 5) != plan(wanted, scenes, 6)
    assert len(plan(wanted, scenes, 5)) == 58
