"""One target, tried for some seconds: `python -m fuzzing.engine TARGET SECONDS SEED`, as `run.py` starts it.

Inputs are mutated by atheris, guided by the branches of Kibaru and of the parsers written in Python; where atheris is
not installed, Hypothesis puts pieces of the honest inputs together, blindly. What is found wrong is kept and the search
goes on; only what ends the process (a crash in native code, a hang) ends it.
"""

from __future__ import annotations

import hashlib
import logging
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

_GUIDED_BY = [
    "kibaru", "kibaru_bot", "trafilatura", "feedparser", "protego", "frontmatter", "yaml", "markdown_it", "docx", "dateparser", "choppa",
]  # fmt: skip
SECONDS = 5.0
"""Processor time that one input may take, under instrumentation that makes Python slower than it is in earnest."""

_HANG = 60


class Watched:
    """A target's function that keeps what goes wrong, once for each place it goes wrong at, and does not raise."""

    def __init__(self, run: Callable[[bytes], None], crashes: Path) -> None:
        self._run = run
        self._crashes = crashes
        self._known = {path.name.partition("-")[0] for path in crashes.iterdir()}
        self.tried = 0

    def __call__(self, data: bytes) -> None:
        self.tried += 1
        began = time.thread_time()
        try:
            self._run(data)
            if time.thread_time() - began > SECONDS:
                self._keep("slow", f"it took {time.thread_time() - began:.1f} s of processor time", data)
        except Exception as error:
            frames = [f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
            self._keep(f"{type(error).__name__} {' '.join(frames[-2:])}", traceback.format_exc(), data)

    def _keep(self, place: str, told: str, data: bytes) -> None:
        mark = hashlib.sha256(place.encode()).hexdigest()[:8]
        if mark not in self._known:
            self._known.add(mark)
            (self._crashes / f"{mark}-{hashlib.sha256(data).hexdigest()[:8]}").write_bytes(data)
            print(f"FOUND {place}\n{told[-3000:]}", flush=True)


def main(name: str, seconds: int, seed: int) -> None:
    logging.disable(logging.WARNING)
    try:
        import atheris
    except ImportError:
        _fuzz_blindly(name, seconds, seed)
        return
    with atheris.instrument_imports(include=_GUIDED_BY):
        from fuzzing.table import TARGETS, WORKING, inputs

        target, crashes = TARGETS[name], WORKING / "crashes" / name
        for data in inputs(name):  # so that no later input is blamed for what is imported and loaded at first
            target.run(data)
        flags = [
            f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={target.longest}", f"-timeout={_HANG}",
            f"-report_slow_units={_HANG}", f"-artifact_prefix={crashes}/native-", "-rss_limit_mb=3000",
            "-print_final_stats=1", "-verbosity=0",
        ]  # fmt: skip
        if target.words:  # libFuzzer refuses a dictionary without words
            flags.append(f"-dict={WORKING / 'words' / name}")
        atheris.Setup([sys.argv[0], *flags, str(WORKING / "corpus" / name)], Watched(target.run, crashes))
        atheris.Fuzz()


def _fuzz_blindly(name: str, seconds: int, seed: int) -> None:
    """Pieces of honest inputs and odd ones between them, chosen by Hypothesis."""
    from hypothesis import given
    from hypothesis import strategies as st

    from fuzzing.table import TARGETS, WORKING, inputs

    watched = Watched(TARGETS[name].run, WORKING / "crashes" / name)
    words = [word.encode("utf-8", "surrogatepass") for word in TARGETS[name].words]
    cuts = st.tuples(st.sampled_from([*inputs(name), *words]), st.integers(0, 2_000), st.integers(1, 4_000))
    piece = cuts.map(lambda cut: cut[0][cut[1] : cut[1] + cut[2]]) | st.binary(max_size=12)

    @given(st.lists(piece, max_size=8).map(b"".join))
    def one(data: bytes) -> None:
        watched(data)

    drawn, end = random.Random(seed), time.monotonic() + seconds
    while time.monotonic() < end:
        one.hypothesis.fuzz_one_input(drawn.randbytes(400))  # type: ignore[attr-defined]
    print(f"stat::number_of_executed_units: {watched.tried}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
