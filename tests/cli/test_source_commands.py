"""`kibaru source`, `kibaru sync` and `kibaru add https://…` as an editor and a program meet them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from conftest import Finished
from fakes.sites import Site, WordPress, page, paragraphs

Run = Callable[..., Finished]


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBARU_TEST_ALLOW_LOOPBACK", "1")
    monkeypatch.setenv("KIBARU_HOST_DELAY", "0")


@pytest.fixture
def press() -> Iterator[WordPress]:
    with WordPress(3) as site:
        yield site


def test_a_site_is_added_synced_listed_paused_and_removed(folder: Path, run: Run, press: WordPress) -> None:
    added = run("source", "add", press.url)
    assert added.code == 0
    assert added.out.startswith("* WordPress API  3 posts  ")
    assert "added      source 1, Le Fleuve & fils: the WordPress API, for it has every post" in added.out
    assert "KIBARU_CONTACT" in added.err
    assert run("sync", "--dry-run").out.endswith("would bring: Le Fleuve & fils: 3 added\n")
    synced = run("sync")
    assert (synced.code, synced.err) == (0, "")
    assert synced.out.endswith("Le Fleuve & fils: 3 added\n")
    del press.posts[2]
    press.publish(3, "Le bac est arrivé.", datetime(2026, 3, 1))
    assert run("sync", "1").out.splitlines()[-1] == "Le Fleuve & fils: 1 updated, 1 gone"
    assert "2 kept, 1 gone  synced 20" in run("source", "list").out
    assert "nouvelle-2/" in run("source", "list", "--gone").out
    assert "paused     source 1" in run("source", "pause", "1").out
    assert run("sync").code == 2
    assert "resumed" in run("source", "resume", press.url).out
    assert "its articles stay" in run("source", "remove", "1").out
    assert "Nouvelle 3" in run("list").out
    assert run("source", "remove", "1").code == 1


def test_programs_read_json(folder: Path, run: Run, press: WordPress) -> None:
    run("source", "add", press.url)
    synced = json.loads(run("sync", "--json").out)
    assert synced == {
        "source": 1, "title": "Le Fleuve & fils", "problem": None, "added": 3, "updated": 0, "failed": 0, "gone": 0,
        "dry_run": False,
    }  # fmt: skip
    listed = json.loads(run("source", "list", "--json").out)
    assert (listed["kind"], listed["kept"], listed["problem"]) == ("wordpress", 3, None)


@pytest.mark.parametrize("command", [["sync"], ["source", "remove"], ["source", "pause"]])
def test_an_empty_name_is_not_the_only_source_there_is(
    folder: Path, run: Run, press: WordPress, command: list[str]
) -> None:
    assert run("source", "add", press.url).code == 0
    before = run("source", "list").out
    refused = run(*command, "")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert run("source", "list").out == before


def test_what_ends_a_sync_is_said_in_one_line(folder: Path, run: Run, press: WordPress) -> None:
    run("source", "add", press.url)
    press.max_per_page = 0
    synced = run("sync")
    assert synced.code == 2
    assert synced.out.count("\n") == 1
    assert "the site answers 400" in synced.out
    assert "last time: " in run("source", "list").out


def test_pages_are_added_by_their_address_beside_files(folder: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "bac.txt").write_text("Le bac\nLe bac de Farabougou a repris la traversée.")
    with Site() as site:
        site.put("/pont", page("Le pont de Diéma est ouvert", paragraphs(5), published="2025-06-03"))
        site.put("/abonnes", "<html><body><p>Pour lire la suite, abonnez-vous.</p></body></html>")
        added = run("add", f"{site.url}/pont", str(tmp_path / "bac.txt"), f"{site.url}/abonnes", f"{site.url}/rien")
        assert added.code == 2
        assert added.out.endswith("2 added, 2 failed\n")
        assert f"{site.url}/rien: the site has no such page (404)" in added.err
        assert f"{site.url}/abonnes: " in added.err
        id = next(line.split()[1] for line in added.out.splitlines() if "Diéma" in line)
        shown = json.loads(run("show", id, "--json").out)
    assert (shown["title"], shown["published"][:10], shown["outlet"]) == (
        "Le pont de Diéma est ouvert", "2025-06-03", "Le Fleuve",
    )  # fmt: skip
    assert shown["text"] == "\n\n".join(paragraphs(5))


def test_without_the_allowance_this_machine_is_not_fetched_from(
    folder: Path, run: Run, press: WordPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KIBARU_TEST_ALLOW_LOOPBACK")
    for arguments in (("add", press.url), ("source", "add", press.url), ("source", "add", "http://169.254.169.254/")):
        refused = run(*arguments)
        assert refused.code == 2
        assert "not on the public internet" in refused.err
    assert press.log == []
