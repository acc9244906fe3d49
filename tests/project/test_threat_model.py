"""docs/threat-model.md stands by its tests: every claim names some, and every one named is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threat-model.md"
NAMED = re.compile(r"`tests/((?:\w+/)*test_\w+)\.py::(test_\w+)`")


def claims() -> list[str]:
    """The rows of the page's tables, without their heads."""
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    return [row for row in rows if not re.match(r"\|(?:-+\|)+$", row) and not row.startswith("| they try |")]


def names_in(file: str) -> set[str]:
    """The names of the tests that a file has."""
    path = ROOT / "tests" / f"{file}.py"
    tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_page_has_claims() -> None:
    assert len(claims()) > 40
    assert all(row.count(" | ") == 2 for row in claims())


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.split(" | ")[0].strip("| ")[:50])
def test_every_claim_names_tests_that_are_there(claim: str) -> None:
    guards = claim.rsplit(" | ", 1)[1]
    named = NAMED.findall(guards)
    assert named, "no test is named"
    assert not re.sub(r"[,| ]", "", NAMED.sub("", guards)), "there is something else than tests beside it"
    missing = [f"{file}.py::{test}" for file, test in named if test not in names_in(file)]
    assert not missing
