"""Generated pages say what the code says; links and named modules in the documentation exist."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from generate import SETTINGS, generated  # noqa: E402

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "index" / "README.md"]
LINK = re.compile(r"""(?:\]\(|(?:src|srcset|href)=")([^)"\s]+)[)"]""")


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_generated_file_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == generated()[path], "run 'make docs'"


def test_every_setting_is_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    fields = {name: field for kind in SETTINGS.values() for name, field in kind.model_fields.items()}
    assert len(fields) > 20
    for name, field in fields.items():
        variable = name.upper() if field.validation_alias else f"KIBARU_{name.upper()}"
        assert re.search(rf"^#?{variable}=", example, re.M), variable


def test_every_command_is_documented() -> None:
    from kibaru.cli.main import commands

    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    for name in commands.commands:
        assert f"\n## kibaru {name}\n" in page


def test_every_page_is_in_the_contents_list() -> None:
    contents = (ROOT / "docs" / "README.md").read_text("utf-8")
    missing = [page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in contents]
    assert missing in ([], ["README.md"])


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    links = LINK.findall(page.read_text("utf-8"))
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in headings(target), link


def test_modules_that_the_architecture_names_are_there() -> None:
    named = re.findall(r"`((?:\w+/)*\w+(?:\.py|/))`", (ROOT / "docs" / "architecture.md").read_text("utf-8"))
    assert len(named) > 30
    places = (ROOT / "src" / "kibaru", ROOT / "bot", ROOT)
    assert [name for name in named if not any((place / name).exists() for place in places)] == []
