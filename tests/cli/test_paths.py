"""Paths that commands are given: none is empty, and none that is written is in the archive's folder."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished
from maintenance.test_backup import everything

Run = Callable[..., Finished]


@pytest.mark.parametrize(
    "path", ["index/kibaru.db", "index/new.kibaru", "index/x/../kibaru.db", "way/b", "link", "name"]
)
def test_a_backup_is_not_written_into_the_archive_by_any_name(
    folder: Path, run: Run, tmp_path: Path, path: str
) -> None:
    (tmp_path / "way").symlink_to(folder)
    (tmp_path / "link").symlink_to(folder / "kibaru.db")
    os.link(folder / "kibaru.db", tmp_path / "name")
    before = everything(folder)
    refused = run("backup", path)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == f"kibaru: {path} is in {folder}, the folder of the archive: name a place outside of it.\n"
    assert everything(folder) == before


def test_nor_where_the_database_really_lies(folder: Path, run: Run, tmp_path: Path) -> None:
    (folder / "kibaru.db").rename(tmp_path / "large.db")
    (folder / "kibaru.db").symlink_to(tmp_path / "large.db")
    before = (tmp_path / "large.db").read_bytes()
    assert run("backup", "large.db").code == 2
    assert (tmp_path / "large.db").read_bytes() == before


def test_a_place_beside_it_is_as_good_as_any(folder: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "index-backups").mkdir()
    (folder / "backups").symlink_to(tmp_path / "index-backups")
    assert run("backup", "index-backups/b.kibaru").code == 0
    assert run("backup", "index/backups/b.kibaru").code == 0  # which is the same file


def test_what_is_restored_from_inside_the_archive_stays_where_it_is(folder: Path, run: Run, tmp_path: Path) -> None:
    assert run("backup", "b.kibaru").code == 0
    file = (tmp_path / "b.kibaru").rename(folder / "b.kibaru")
    before = file.read_bytes()
    assert run("restore", str(file), "--force").code == 0
    assert file.read_bytes() == before
    assert run("list").out.count("\n") == 18


@pytest.mark.parametrize("option", ["--save", "--errors", "--picture"])
def test_results_of_a_measurement_are_not_either(folder: Path, run: Run, option: str) -> None:
    before = everything(folder)
    refused = run("eval", "questions.jsonl", option, "index/kibaru.db")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "index/kibaru.db is in " in refused.err
    assert everything(folder) == before


def test_nor_is_a_set_to_measure_on(folder: Path, run: Run) -> None:
    before = everything(folder)
    refused = run("eval", "export", "index/mine")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert everything(folder) == before


@pytest.mark.parametrize(
    "command",
    [
        ["add", ""],
        ["add", "good.txt", ""],
        ["backup", ""],
        ["restore", "", "--force"],
        ["eval", ""],
        ["eval", "export", ""],
        ["eval", "good.txt", "--save", ""],
        ["eval", "good.txt", "--errors", ""],
        ["eval", "good.txt", "--picture", ""],
        ["eval", "compare", "good.txt", ""],
    ],
)
def test_an_empty_path_is_not_the_current_folder(folder: Path, run: Run, tmp_path: Path, command: list[str]) -> None:
    """As of a variable that is not set: kibaru add "$ARTICLES"."""
    (tmp_path / "good.txt").write_text("Le four de Kayes\nLe four de Kayes est neuf.")
    before = everything(tmp_path)
    refused = run(*command)
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert " is empty: " in refused.err
    assert everything(tmp_path) == before
