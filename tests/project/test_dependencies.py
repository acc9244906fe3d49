"""What is installed is what the lock says, every licence of it may be used here, and nothing contradicts anything."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

LICENCES = re.compile(
    r"\b(MIT|MIT-0|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|Unlicense|HPND|CC0|Public Domain"
    r"|Zlib|BSL|GPL-2\.0-only WITH Classpath|Historical Permission)\b",
    re.IGNORECASE,
)
"""Permissive ones, and weak copyleft that a library used unchanged allows (MPL, LGPL)."""

CHECKED_BY_HAND: dict[str, str] = {}
"""Distributions whose metadata name no licence: where theirs is."""


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().split()
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def required(names: Iterator[str] | list[str]) -> dict[str, Distribution]:
    """The distributions that these requirements bring along, themselves among them."""
    found: dict[str, Distribution] = {}
    todo = [Requirement(each) for each in names]
    seen = set()
    while todo:
        one = todo.pop()
        key = (canonicalize_name(one.name), frozenset(one.extras))
        if key in seen:
            continue
        seen.add(key)
        made = distribution(one.name)
        found[key[0]] = made
        for each in map(Requirement, made.requires or ()):
            extras = [{"extra": extra} for extra in (*one.extras, "")]
            if each.marker is None or any(each.marker.evaluate(extra) for extra in extras):
                todo.append(each)
    return found


@pytest.fixture(scope="module")
def installed() -> dict[str, Distribution]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    tools = (ROOT / "requirements-dev.txt").read_text().splitlines()
    wanted = [*project["dependencies"], *(line for line in tools if line and not line.startswith("#"))]
    return required(wanted)


def test_all_that_is_needed_is_installed_in_the_locked_version(installed: dict[str, Distribution]) -> None:
    lock = locked()
    assert len(installed) > 60
    different = {
        name: (made.version, lock.get(name))
        for name, made in installed.items()
        if name != "pip" and made.version.partition("+")[0] != lock.get(name)
    }
    assert different == {}


def test_the_lock_pins_nothing_that_is_not_needed(installed: dict[str, Distribution]) -> None:
    def is_here(name: str) -> bool:
        try:
            return bool(distribution(name))
        except PackageNotFoundError:
            return False

    assert [name for name in locked() if name not in installed and is_here(name)] == []


def test_no_requirement_of_one_contradicts_the_version_of_another(installed: dict[str, Distribution]) -> None:
    wrong = [
        f"{name} wants {each}, there is {installed[canonicalize_name(each.name)].version}"
        for name, made in installed.items()
        for each in map(Requirement, made.requires or ())
        if canonicalize_name(each.name) in installed
        and (each.marker is None or each.marker.evaluate({"extra": ""}))
        and not each.specifier.contains(installed[canonicalize_name(each.name)].version, prereleases=True)
    ]
    assert wrong == []


def test_every_licence_may_be_used_here(installed: dict[str, Distribution]) -> None:
    said = {}
    for name, made in installed.items():
        fields = made.metadata
        kinds = [value for value in fields.get_all("Classifier") or () if value.startswith("License")]
        said[name] = " ".join([fields.get("License-Expression") or "", (fields.get("License") or "")[:200], *kinds])
    unknown = {name: text for name, text in said.items() if not LICENCES.search(text) and name not in CHECKED_BY_HAND}
    assert unknown == {}
    assert not {name for name, text in said.items() if re.search(r"(?<!L)GPL|Affero", text) and "LGPL" not in text}
