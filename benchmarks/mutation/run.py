"""Put one fault after the other into the modules that matter most, and see whether a test fails each time.

    pip install mutmut==3.8.1
    python benchmarks/mutation/run.py
    python benchmarks/mutation/run.py --module passages --again

Mutants are made by the operators of mutmut (arguments, operators, comparisons, numbers, strings, assignments) and by
leaving out calls. Each is tried in a fork of a process that has imported all libraries, by the tests that call the
function it is in, the quickest first, until one fails. What became of each is kept in `.mutants/results.jsonl`: a run
that was stopped goes on where it was, and `--again` tries those that survived anew, after tests were written.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import pickle
import random
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType

sys.path.insert(0, str(Path(__file__).parents[1]))

try:
    from mutation.mutants import Mutant, mutants_of
except ModuleNotFoundError as missing:
    raise SystemExit(f"{missing}: pip install mutmut==3.8.1") from None
from mutation.plugin import Chosen, Prepared, Watch

ROOT = Path(__file__).parents[2]
WORKING = ROOT / ".mutants"
RESULTS = WORKING / "results.jsonl"

_STORE = "__init__ _check_schema reading writing _transaction put_article delete_article"
_WRITING = {
    "duplicates": "put_bands link unlink",
    "generations": "new_generation make_current drop_generations drop_unused_vectors",
    "passages": "PassageTable.put PassageTable.delete",
    "vectors": "VectorTable.put SentenceTable.put VectorTable.delete SentenceTable.delete",
}
"""What writes beside the store, by module of `kibaru.storage`; `test_store.py` guards all."""

_LONGEST = 6.0
"""Seconds of processor time a test may take to be run against mutants."""

_OWN = ("kibaru", "test_", "conftest", "fakes", "adversarial", "__main__", "_pytest")
_BROKEN = 77


@dataclass(frozen=True)
class Target:
    """A module, those of its functions that are mutated (None: all), and the files of the tests that guard it."""

    name: str
    module: str
    tests: tuple[str, ...]
    functions: frozenset[str] | None = None

    @property
    def path(self) -> Path:
        return ROOT / ("bot" if self.module.startswith("kibaru_bot") else "src") / f"{self.module.replace('.', '/')}.py"


TARGETS = (
    Target("answering", "kibaru.answering.answer", ("answer",)),
    Target("chunking", "kibaru.text.chunking", ("chunking",)),
    Target("rendering", "kibaru.cli.rendering", ("rendering", "commands")),
    Target("bot render", "kibaru_bot.render", ("bot_render",)),
    Target("store", "kibaru.storage.store", ("store",), frozenset(f"Store.{name}" for name in _STORE.split())),
    *(
        Target(name, f"kibaru.storage.{name}", ("store",), frozenset(functions.split()))
        for name, functions in _WRITING.items()
    ),
    Target("errors", "kibaru.errors", ("store",), frozenset({"explanation", "explained"})),
    Target("replacement", "kibaru.maintenance.replacement", ("replacement",)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", choices=[target.name for target in TARGETS], help="this one alone")
    parser.add_argument("--sample", type=int, help="mutants of each module, drawn at random: all when not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after these, and go on the next time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--again", action="store_true", help="try the survivors anew")
    parser.add_argument("--survivors", action="store_true", help="show them")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "bot")]
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
    WORKING.mkdir(exist_ok=True)
    end = time.monotonic() + arguments.seconds
    print(f"{'module':16} {'mutants':>7} {'killed':>7} {'survived':>8} {'timed out':>9} {'incompetent':>11}  share")
    for target in TARGETS:
        if arguments.module in (None, target.name):
            mutants = mutants_of(target.path, target.functions)
            random.Random(arguments.seed).shuffle(mutants)  # so that those tried when time is up are a fair sample
            mutants = mutants[: arguments.sample]
            known = _known(target)
            undone = [m for m in mutants if m.key not in known or (arguments.again and known[m.key] == "survived")]
            if undone and time.monotonic() < end:
                _try_all(target, undone, arguments.jobs, end)
            _report(target, mutants, arguments.survivors)


def _known(target: Target) -> dict[str, str]:
    if not RESULTS.exists():
        return {}
    rows = map(json.loads, RESULTS.read_text("utf-8").splitlines())
    return {row["key"]: row["result"] for row in rows if row["module"] == target.name}


def _report(target: Target, mutants: list[Mutant], with_survivors: bool) -> None:
    known = _known(target)
    tried = [mutant for mutant in mutants if mutant.key in known]
    counts = Counter(known[mutant.key] for mutant in tried)
    caught, valid = counts["killed"] + counts["timed out"], len(tried) - counts["incompetent"]
    print(
        f"{target.name:16} {len(tried):7} {counts['killed']:7} {counts['survived']:8} {counts['timed out']:9} "
        f"{counts['incompetent']:11}  {caught / max(1, valid):.1%}"
        + _how_sure(caught, valid, len(mutants) - len(tried)),
        flush=True,
    )
    for mutant in tried if with_survivors else ():
        if known[mutant.key] == "survived":
            print(f"\n{target.path.relative_to(ROOT)}:{mutant.line} in {mutant.function or 'the module'}")
            print(mutant.change, end="")


def _how_sure(caught: int, valid: int, untried: int) -> str:
    """The interval that holds the share among all mutants in 95 of 100 such samples (Wilson's), if this is one."""
    if not untried or not valid:
        return ""
    share, z = caught / valid, 1.96
    middle, width = share + z * z / (2 * valid), z * math.sqrt(share * (1 - share) / valid + z * z / (4 * valid**2))
    low, high = ((middle + side) / (1 + z * z / valid) for side in (-width, width))
    return f" ({low:.0%} to {high:.0%}: {untried} not tried yet)"


def _try_all(target: Target, mutants: list[Mutant], jobs: int, end: float) -> None:
    """Try mutants until the time is up, and note what becomes of each."""
    called, prepared = _watched(target)
    unchanged = Mutant("", "", 0, "", target.path.read_text("utf-8"))
    if _wait(_forked(lambda: _tried(target, unchanged, list(called), prepared), 600)):
        raise SystemExit(f"{target.name}: its tests fail in a fork though nothing is changed")
    running: dict[int, tuple[Mutant, float]] = {}
    with RESULTS.open("a", encoding="utf-8") as results:
        remaining = iter(mutants)
        while True:
            while len(running) < jobs and time.monotonic() < end and (mutant := next(remaining, None)):
                tests = [test for test, (_, names) in called.items() if not mutant.function or mutant.function in names]
                tests.sort(key=lambda test: called[test][0])
                cpu = 10 + 5 * sum(called[test][0] for test in tests)
                child = _forked(lambda: _tried(target, mutant, tests, prepared), cpu)  # noqa: B023  # runs at once
                running[child] = mutant, time.monotonic() + 4 * cpu
            if not running:
                return
            child, status = os.waitpid(-1, os.WNOHANG)
            if child:
                mutant, _ = running.pop(child)
                row = {"module": target.name, "key": mutant.key, "result": _result(status), "line": mutant.line}
                results.write(json.dumps(row | {"change": mutant.change}, ensure_ascii=False) + "\n")
                results.flush()
                shutil.rmtree(WORKING / f"tmp-{child}", ignore_errors=True)
            else:
                for late in [child for child, (_, until) in running.items() if time.monotonic() > until]:
                    os.kill(late, signal.SIGXCPU)
                time.sleep(0.01)


def _result(status: int) -> str:
    if os.WIFSIGNALED(status):
        return "timed out" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "killed"
    return {0: "survived", _BROKEN: "incompetent"}.get(os.WEXITSTATUS(status), "killed")


def _forked(work: Callable[[], int], cpu: float) -> int:
    """The id of a child that does `work` within so many seconds of processor time, and ends with what it returns."""
    if child := os.fork():
        return child
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu), int(cpu) + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (4 << 30, 4 << 30))
        with (WORKING / f"log-{os.getpid() % 4}").open("w") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.chdir(WORKING)  # a mutant may write anything anywhere
        code = work()
    except BaseException:  # of pytest itself, or of what it was begun with
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _tried(target: Target, mutant: Mutant, tests: list[str], prepared: Prepared) -> int:
    """0 when all `tests` pass on the mutant."""
    if not tests:
        return 0
    sys.meta_path.insert(0, _Importer(target, mutant.source))  # type: ignore[arg-type]
    try:
        importlib.import_module(target.module)
    except Exception:
        return _BROKEN
    return _pytest(tests, prepared, Chosen(tests))


class _Importer:
    """Imports the mutant in its module's place."""

    def __init__(self, target: Target, source: str) -> None:
        self.target = target
        self.source = source

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name != self.target.module:
            return None
        path = str(self.target.path)
        return spec_from_file_location(name, path, loader=_Loader(name, path, self.source))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self.source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.get_filename(fullname), "exec")


def _watched(target: Target) -> tuple[dict[str, tuple[float, set[str]]], Prepared]:
    """What the tests of a target call, as they pass on what is not mutated; imports all libraries they use."""
    files = [path for name in target.tests for path in (ROOT / "tests").rglob(f"test_{name}.py")]
    samples = WORKING / "samples" / "index"
    remembered = WORKING / "said"
    said = pickle.loads(remembered.read_bytes()) if remembered.exists() else {}
    prepared = Prepared(samples, said)
    if not samples.exists():
        _wait(_forked(lambda: _make_samples(samples), 600))
    noted = WORKING / "noted"
    noted.unlink(missing_ok=True)
    tests = [str(file) for file in files]
    _wait(_forked(lambda: _pytest(tests, prepared, Watch(target.path, noted, prepared)), 600))
    called, failed, said, modules = pickle.loads(noted.read_bytes())
    if failed:
        raise SystemExit(f"without a mutant these fail already: {', '.join(failed)}")
    remembered.write_bytes(pickle.dumps(said))
    prepared.said = said
    for name in modules:
        if not name.startswith(_OWN):
            with suppress(Exception):
                importlib.import_module(name)
    return {test: noted for test, noted in called.items() if noted[0] <= _LONGEST and noted[1]}, prepared


def _wait(child: int) -> int:
    return os.waitpid(child, 0)[1]


def _make_samples(folder: Path) -> int:
    from kibaru.archive import Kibaru
    from kibaru.ingest.files import read_articles
    from kibaru.samples import SAMPLES
    from kibaru.settings import Settings

    with Kibaru(Settings(index=folder), create=True) as kibaru:
        return 0 if list(kibaru.add(read_articles([SAMPLES]))) else 1


def _pytest(tests: list[str], *plugins: object) -> int:
    import pytest

    files = sorted({str(ROOT / test.split("::")[0]) for test in tests})
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={WORKING / f'tmp-{os.getpid()}'}"]
    options += ["-c", str(ROOT / "pyproject.toml"), f"--rootdir={ROOT}"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of plugins that are imported already
    if any(isinstance(plugin, Chosen) for plugin in plugins):
        options.append("-x")
    return int(pytest.main([*options, *files], plugins=list(plugins)))


if __name__ == "__main__":
    main()
