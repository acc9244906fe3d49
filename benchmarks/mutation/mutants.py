"""The mutants of a module: its source with one small fault each, made by the operators of mutmut and one of our own."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

import libcst as cst
import libcst.matchers as m
from mutmut.mutation.mutators import mutation_operators

_UNSEEN = ("len", "isinstance", "cast")
"""Calls that mutmut leaves alone: without their argument they are errors of type, which any test finds."""

_SQL = re.compile(
    r"[\"'](?:select|insert|delete|update|drop|attach|begin|commit|rollback|pragma|where|id =|url_key =)\b", re.I
)


@dataclass(frozen=True)
class Mutant:
    """`source` is that of the whole module; `function` the outermost one that is changed, "" for a constant."""

    key: str
    function: str
    line: int
    change: str
    source: str


def mutants_of(path: Path, functions: Collection[str] | None = None) -> list[Mutant]:
    """All mutants of a module, or of some of its functions, in the order of its lines."""
    source = path.read_text("utf-8")
    wrapper = cst.MetadataWrapper(cst.parse_module(source))
    finder = _Finder(wrapper.resolve(cst.metadata.PositionProvider))
    wrapper.visit(finder)
    made, seen, twins = [], {source}, Counter[str]()
    for node, changed, function, line in finder.found:
        if functions is not None and function not in functions:
            continue
        mutated = wrapper.module.deep_replace(node, changed)
        text = mutated.code
        if text in seen or not _compiles(text):
            continue
        seen.add(text)
        change = "".join(_changed_lines(source, text))
        twins[change] += 1
        key = hashlib.blake2b(f"{function}\0{change}\0{twins[change]}".encode(), digest_size=8).hexdigest()
        made.append(Mutant(key, function, line, change, text))
    return made


class _Finder(cst.CSTVisitor):
    """Collects what the operators make of each expression and statement that runs."""

    def __init__(self, positions: Any) -> None:
        self.positions = positions
        self.found: list[tuple[cst.CSTNode, Any, str, int]] = []
        self._names: list[str] = []
        self._functions = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator | cst.Import | cst.ImportFrom) or _is_unseen(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            if not self._functions:
                self._names.append(node.name.value)
            self._functions += isinstance(node, cst.FunctionDef)
        line = self.positions[node].start.line if node in self.positions else 0
        function = ".".join(self._names) if self._functions else ""
        self.found += [(node, changed, function, line) for changed in _changes(node)]
        return True

    def on_leave(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._functions -= isinstance(node, cst.FunctionDef)
            if not self._functions:
                self._names.pop()


def _is_unseen(node: cst.CSTNode) -> bool:
    """What no test can tell, or any test would: docstrings, logging, what only type checkers read, and _UNSEEN."""
    if m.matches(node, m.SimpleStatementLine(body=[m.Expr(value=m.SimpleString() | m.ConcatenatedString())])):
        return True
    if m.matches(node, m.If(test=m.Name("TYPE_CHECKING"))):
        return True
    if m.matches(node, m.Call(func=m.Attribute(value=m.Name("log")))):
        return True
    return m.matches(node, m.Call(func=m.Name())) and node.func.value in _UNSEEN  # type: ignore[attr-defined]


def _changes(node: cst.CSTNode) -> Iterator[Any]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from (changed for changed in operator(node) if not _is_same_sql(node, changed))
    if m.matches(node, m.SimpleStatementLine(body=[m.Expr(value=m.Call())])):  # mutmut leaves no call out
        yield node.with_changes(body=[cst.Pass()])  # type: ignore[attr-defined]


def _is_same_sql(node: cst.CSTNode, changed: Any) -> bool:
    """SQLite reads names and keywords in capitals as it does in small letters."""
    if not isinstance(node, cst.SimpleString) or not _SQL.match(node.value) or "'" in node.value[1:-1]:
        return False
    return str(changed.value).lower() == node.value.lower()


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _changed_lines(old: str, new: str) -> Iterator[str]:
    for line in unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""):
        if line[0] in "+-" and line[:3] not in ("+++", "---"):
            yield line + "\n"
