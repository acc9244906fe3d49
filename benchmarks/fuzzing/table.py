"""All targets by name, and the folders of their inputs."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from fuzzing import archive, conversations, files, rendering, web, words  # noqa: E402

_GROUPS = (files, web, words, rendering, archive, conversations)
TARGETS = {name: target for group in _GROUPS for name, target in group.TARGETS.items()}

KEPT = ROOT / "tests" / "adversarial" / "corpus"
"""Inputs that are committed: small ones from which fuzzing begins, and each that ever brought something down."""

WORKING = ROOT / ".fuzz"
"""What fuzzing finds on the way: `corpus`, inputs that reach other branches; `crashes`, those that are faults."""


def inputs(name: str) -> list[bytes]:
    """The honest inputs of a target, and those that are committed."""
    folder = KEPT / name
    kept = [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []
    return [*TARGETS[name].seeds(), *kept]
