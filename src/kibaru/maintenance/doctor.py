"""`kibaru doctor`: find what is wrong with an archive, and repair what can be derived."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from kibaru.embedding.embedder import Embedder
from kibaru.errors import IndexUnusable, explained, no_archive
from kibaru.maintenance.checks import Finding, Repair
from kibaru.maintenance.checks.database import check_articles, check_file, is_new
from kibaru.maintenance.checks.folder import check_left_over, check_model, check_modes
from kibaru.maintenance.checks.index import check_index
from kibaru.maintenance.repairs import REPAIRS
from kibaru.settings import Settings
from kibaru.storage.store import DATABASE, Store

_ROUNDS = 3
"""Rounds of repairs at most: a database that was written anew or completed shows only then what else is wrong."""


def examine(settings: Settings, embedder: Embedder) -> list[Finding]:
    """Find all that is wrong with an archive and its model; changes nothing.

    Args:
        settings: They name the archive.
        embedder: The model of the settings, which is not loaded.

    Returns:
        The findings; none when the archive is healthy.

    Raises:
        IndexUnusable: There is no archive.
        KibaruError: It cannot be opened.
    """
    return list(_findings(settings, embedder))


def _findings(settings: Settings, embedder: Embedder) -> Iterator[Finding]:
    folder, database = settings.index, settings.index / DATABASE
    yield from check_modes(folder)
    yield from check_model(settings)
    if not database.exists():
        if any(folder.glob("generation-*")):
            yield Finding(f"The database {database} is missing", "put back a backup with 'kibaru restore FILE'", None)
            return
        raise no_archive(folder)
    if is_new(database) and not any(folder.glob("generation-*")):  # left by a first 'kibaru add' that was killed
        raise IndexUnusable(f"The archive in {folder} is empty: add articles with 'kibaru add PATH'.")
    if fatal := list(check_file(database)):
        yield from fatal
        return
    with explained(folder):
        with closing(Store(database)) as store:
            yield from check_articles(store)
            yield from check_index(store, folder, embedder.identity)
        yield from check_left_over(folder)


def repair(
    settings: Settings, embedder: Embedder, findings: Sequence[Finding], done: Callable[[str], None]
) -> list[Finding]:
    """Repair what can be repaired, and examine the archive again.

    Args:
        settings: They name the archive.
        embedder: The model of the settings.
        findings: What `examine` found.
        done: Called with a line for each step that was done.

    Returns:
        What is still wrong, or lost for good.

    Raises:
        KibaruError: A step failed.
    """
    lost = [finding for finding in findings if finding.lost]
    for _ in range(_ROUNDS):
        wanted = {finding.repair for finding in findings}
        steps = [step for step in Repair if step in wanted]
        if not steps:
            break
        for step in steps:
            done(REPAIRS[step](settings, embedder))
        findings = examine(settings, embedder)
    return [*findings, *(finding for finding in lost if finding not in findings)]
