"""Feed damaged and malicious pages, documents and archives to Kibaru; fail when one crashes, hangs or bloats it.

    python benchmarks/hostile.py --count 2000 --seed 1

Each input must come out as articles or as one-line failures, within the limit on time, and the process that reads must
stay within its memory. The seed makes the inputs the same again.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from adversarial.hostile_inputs import hostile_inputs

import prepared  # noqa: F401
from kibaru.ingest.files import read_bytes
from kibaru.ingest.sandbox import SECONDS
from kibaru.types import Article, Failure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes, reasons, times = Counter[str](), Counter[str](), list[tuple[float, str]]()
    for label, name, data in hostile_inputs(arguments.count, arguments.seed):
        started = time.monotonic()
        results = list(read_bytes(name, data))
        taken = time.monotonic() - started
        times.append((taken, label))
        assert results, label
        for result in results:
            assert isinstance(result, Article) or (isinstance(result, Failure) and "\n" not in str(result)), label
        reasons.update(result.why[:70] for result in results if isinstance(result, Failure))
        outcomes["articles" if any(isinstance(result, Article) for result in results) else "failures"] += 1
        assert taken < SECONDS + 15, f"{label} took {taken:.1f} s"
    times.sort(reverse=True)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{len(times)} inputs: {outcomes['articles']} gave articles, {outcomes['failures']} were refused; none crashed"
    )
    print(f"slowest: {', '.join(f'{label} {taken:.2f} s' for taken, label in times[:5])}")
    print(f"median {times[len(times) // 2][0] * 1000:.0f} ms; memory {before // 1024} → {after // 1024} MB")
    for reason, count in reasons.most_common(25):
        print(f"{count:6} {reason}")


if __name__ == "__main__":
    main()
