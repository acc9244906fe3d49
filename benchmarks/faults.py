"""Kill Kibaru's commands at their system calls, let their disks fail, shift their clocks: see docs/benchmarks.md.

    python benchmarks/faults.py --seed 1                      # 1,000 kills, 300 failing disks, and what else there is
    python benchmarks/faults.py --seed 1 --case 417           # one of them again, with all that was printed
    python benchmarks/faults.py --crashes 50 --failures 20 --only "restore"

After each fault the archive must be in its old or its new state, answer, be mended by `kibaru doctor --repair`, and
come to its new state when the command is run again. Ends with 1 when something did not hold.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent))

from injection import damages, publishing
from injection.cases import Case, plan
from injection.outside import ROOT, Ended, Fault, Worker, working
from injection.scenes import Scene, made
from injection.verdict import Looked, fresh, look, violations

sys.path.insert(0, str(ROOT / "tests"))

_FREE = 64 << 10
"""Bytes that are left at most on a disk that is nearly full."""


class Bench:
    """The scenes, made ready, and a worker to run them."""

    def __init__(self, worker: Worker, scenes: Iterable[Scene], folder: Path) -> None:
        self._worker = worker
        self._scenes = {scene.name: scene for scene in scenes}
        self._folder = folder
        self._calls: dict[str, tuple[int, float]] = {}
        self._mounts = _may_mount(folder)

    @property
    def names(self) -> list[str]:
        """Of all scenes."""
        return [*self._scenes, "publish"]

    def run(self, case: Case) -> tuple[bool, list[str], object]:
        """Whether the fault hit a running command, what did not hold, and what was seen."""
        if case.scene == "publish":
            return publishing.run(self._worker, self._folder / "filled", self._folder / "case", case)
        if case.how == "damage":
            before, other = (self._folder / name for name in ("restoring", "syncing-done"))
            return damages.run(self._worker, before, other, self._folder / "case", case)
        scene = self._scenes[case.scene]
        folder = fresh(scene, self._folder / "case")
        calls, seconds = self._measured(scene, case.kinds)
        match case.how:
            case "moment":
                pid = self._worker.start(folder, [scene.command])
                time.sleep(seconds * case.moment)
                _kill(pid)
                (ended,) = self._worker.wait(pid)
                hit = ended.code is None
            case "two":
                ended, hit = self._beside(scene, folder, case, seconds)
            case "full" | "limit" | "read-only":
                ended, hit = self._confined(scene, folder, case)
            case _:
                fault = case.fault(calls)
                assert fault
                (ended,) = self._worker.run(folder, [scene.command], fault)
                hit = ended.code is None or case.how == "clock" or self._worker.seen >= fault.nth
        looked = look(self._worker, scene, folder)
        failed = ended.code is not None
        told = list(violations(scene, folder, ended, looked, failed=failed))
        if case.how == "clock" and ended.code != 0:
            told.append(f"the clock was in its way: {ended.err or ended.out!r}")
        return hit, told, (ended, looked)

    def _measured(self, scene: Scene, kinds: int) -> tuple[int, float]:
        """How many calls of these kinds the scene makes, and how long it takes."""
        key = f"{scene.name} {kinds}"
        if key not in self._calls:
            folder = fresh(scene, self._folder / "measured")
            began = time.monotonic()
            self._worker.run(folder, [scene.command], Fault(kinds=kinds))
            self._calls[key] = self._worker.seen, time.monotonic() - began
        return self._calls[key]

    def _beside(self, scene: Scene, folder: Path, case: Case, seconds: float) -> tuple[Ended, bool]:
        """Run a rebuild at the same time; both are to do what they do alone, unless the rebuild is killed."""
        other = self._worker.start(folder, [("kibaru", "rebuild", "--from-scratch")])
        time.sleep(0.1 * case.moment)
        pid = self._worker.start(folder, [scene.command])
        if case.lasting:
            time.sleep(seconds * case.moment)
            _kill(other)
        (ended,), (beside,) = self._worker.wait(pid), self._worker.wait(other)
        return ended, ended.code == 0 and beside.code in ((None, 0) if case.lasting else (0,))

    def _confined(self, scene: Scene, folder: Path, case: Case) -> tuple[Ended, bool]:
        """Run where little can be written: the archive is on a disk of its own, or files may not grow large."""
        index = folder / "index"
        if case.how == "limit" or not self._mounts:
            largest = 4096 + int(case.moment * 300_000)
            (ended,) = self._worker.wait(self._worker.start(folder, [scene.command], largest_file=largest))
            return ended, ended.code != 0
        kept = folder / "kept"
        if index.exists():
            index.rename(kept)
        index.mkdir(mode=0o700)
        _mount("-t", "tmpfs", "-o", "size=64m,mode=700", "none", str(index))
        try:
            if kept.exists():
                shutil.copytree(kept, index, dirs_exist_ok=True)
            used = sum(-(-path.stat().st_size // 4096) * 4096 for path in index.rglob("*") if path.is_file())
            size = used + 8192 + int(case.moment * _FREE)
            _mount("-o", "remount,ro" if case.how == "read-only" else f"remount,size={size}", str(index))
            (ended,) = self._worker.run(folder, [scene.command])
            _mount("-o", "remount,rw,size=64m", str(index))
            shutil.copytree(index, folder / "after")
        finally:
            subprocess.run(["umount", str(index)], check=True)
        index.rmdir()
        (folder / "after").rename(index)
        shutil.rmtree(kept, ignore_errors=True)
        if scene.unasked and not any(index.iterdir()):
            index.rmdir()
        return ended, ended.code != 0


def _kill(pid: int) -> None:
    os.kill(pid, 9)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _may_mount(folder: Path) -> bool:
    probe = folder / "probe"
    probe.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", probe], capture_output=True, check=False).returncode:
        return False
    subprocess.run(["umount", probe], check=True)
    return True


def run_all(wanted: dict[str, int], seed: int, only: str = "", one: int | None = None) -> Iterator[tuple[Case, bool]]:
    """Run the cases of a plan; each with whether it hit. Raises SystemExit in the end if something did not hold."""
    import torch
    from fakes.tiny_models import make_tiny_model

    torch.manual_seed(1)
    random.seed(seed)
    wrong = 0
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a kill leaves what is written, on disk or not
    with TemporaryDirectory(prefix="kibaru-faults-", dir=memory) as name:
        folder = Path(name)
        with working(folder, make_tiny_model(folder / "tiny", {})) as worker, made(worker, folder) as scenes:
            bench = Bench(worker, scenes, folder)
            cases = [*plan(wanted, bench.names, seed), *damages.cases(wanted["damages"], seed)]
            for number, case in enumerate(cases):
                if only not in case.scene or one not in (None, number):
                    continue
                hit, told, seen = bench.run(case)
                yield case, hit
                if one is not None:
                    _show(seen)
                for line in told:
                    print(f"--seed {seed} --case {number} ({case}): {line}", flush=True)
                wrong += bool(told)
    if wrong:
        raise SystemExit(f"{wrong} cases in which something did not hold")


def _show(seen: object) -> None:
    ended, looked = seen if isinstance(seen, tuple) else (seen, None)
    for each in ended if isinstance(ended, list) else [ended]:
        print(each)
    if isinstance(looked, Looked):
        for name, value in vars(looked).items():
            print(f"{name}: {value}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crashes", type=int, default=1_000)
    parser.add_argument("--failures", type=int, default=300)
    parser.add_argument("--clocks", type=int, default=48)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--damages", type=int, default=160)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int)
    parser.add_argument("--only", default="", help="a part of the names of the scenes to run")
    given = parser.parse_args()
    if "KIBARU_FAULTS_APART" not in os.environ:  # begin again where file systems may be mounted, if that is allowed
        apart = ["unshare", "--mount", "--map-root-user"]
        if shutil.which("unshare") and not subprocess.run([*apart, "true"], check=False).returncode:
            os.environ["KIBARU_FAULTS_APART"] = "1"
            os.execvp("unshare", [*apart, sys.executable, *sys.argv])
    wanted = {name: getattr(given, name) for name in ("crashes", "failures", "clocks", "pairs", "damages")}
    print(f"seed {given.seed}", flush=True)
    table: Counter[tuple[str, str, str]] = Counter()
    began = time.monotonic()
    try:
        for case, hit in run_all(wanted, given.seed, given.only, given.case):
            kind = (
                "kills"
                if case.how in ("kill", "torn", "moment")
                else "failures"
                if case.error or case.how in ("full", "limit", "read-only")
                else case.how
            )
            table[case.scene, kind, "cases"] += 1
            table[case.scene, kind, "hit"] += hit
    finally:
        for scene, kind in sorted({key[:2] for key in table}, key=str):
            print(f"{kind:9} {scene:28} {table[scene, kind, 'cases']:5} {table[scene, kind, 'hit']:5} hit")
        print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
