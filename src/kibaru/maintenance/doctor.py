"""What is wrong with an archive, and mending what can be derived: examined, mended, and examined again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from kibaru.embedding.e5_small.model import left_over, packaged_weights, unpack_again
from kibaru.embedding.embedder import Embedder
from kibaru.errors import IndexUnusable, explained, no_archive
from kibaru.index.builder import locked, rebuild
from kibaru.maintenance.checks import Finding, Mend
from kibaru.maintenance.checks.database import check_articles, check_file, is_new
from kibaru.maintenance.checks.folder import (
    check_left_over,
    check_model,
    check_modes,
    left_over_files,
    mode_of,
    unused,
    wrong_modes,
)
from kibaru.maintenance.checks.index import check_index, left_over_tables, vectors_to_embed_again
from kibaru.maintenance.replacement import copy_truth, making_ready, replace_archive
from kibaru.settings import Settings
from kibaru.storage.generations import current_generation, drop_generations
from kibaru.storage.schema import expected
from kibaru.storage.sentence_vectors import damaged_sentences, drop_sentences
from kibaru.storage.store import DATABASE, Store
from kibaru.text.plurals import counted

_ROUNDS = 3
"""A database that is written anew or brought up to date shows what else is wrong only then."""


def examine(settings: Settings, embedder: Embedder) -> list[Finding]:
    """All that is wrong with the archive and its model; nothing when it is healthy. Changes nothing.

    Raises IndexUnusable when there is no archive, and KibaruError when it cannot be opened.
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
    if is_new(database) and not any(folder.glob("generation-*")):  # what began to fill it was killed
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
    """Mend what can be, telling `done` of each step, and return what is still wrong, or lost. Raises KibaruError."""
    lost = [finding for finding in findings if finding.lost]
    for _ in range(_ROUNDS):
        mends = {finding.mend for finding in findings}
        steps = [mend for mend in Mend if mend in mends]
        if not steps:
            break
        for step in steps:
            done(_STEPS[step](settings, embedder))
        findings = examine(settings, embedder)
    return [*findings, *(finding for finding in lost if finding not in findings)]


def _unpack(settings: Settings, _: Embedder) -> str:
    weights, models = packaged_weights(), settings.cache / "models"
    assert weights is not None, "else there was nothing to find"
    with unused(models, "unpack.lock"):
        for path in left_over(models):
            shutil.rmtree(path, ignore_errors=True)
    return f"unpacked the model into {unpack_again(weights, models)}"


def _migrate(settings: Settings, _: Embedder) -> str:
    with closing(Store(settings.index / DATABASE)) as store, store.writing():
        connection = store.connection
        there = {name for (name,) in connection.execute("select name from sqlite_master")}
        for name, statement in expected().items():
            if name not in there:
                connection.execute(statement)
    return "brought the tables of the database up to date"


def _rewrite(settings: Settings, embedder: Embedder) -> str:
    folder = settings.index
    with making_ready(folder) as staged:
        (staged / DATABASE).touch(mode=0o600)
        copy_truth(folder / DATABASE, staged / DATABASE)
        built, aside = replace_archive(folder, staged, embedder, "damaged")
    return f"wrote the database anew with {counted(built.articles, 'article')}; the damaged one is in {aside}"


def _accept(settings: Settings, _: Embedder) -> str:
    with closing(Store(settings.index / DATABASE)) as store, store.writing():
        damaged = store.damaged_texts()
        connection = store.connection
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")  # and keeps it readable
        for id, now in damaged.items():
            words = connection.execute("select title, text from articles where id = ?", [id]).fetchone()
            connection.execute("update articles set title = ?, text = ?, digest = ? where id = ?", [*words, now, id])
    return f"took the damaged texts of {counted(len(damaged), 'article')} as they are: {', '.join(damaged)}"


def _tidy(settings: Settings, _: Embedder) -> str:
    folder = settings.index
    with locked(folder, "rebuild.lock", wait=False), closing(Store(folder / DATABASE)) as store:
        connection = store.connection
        with store.writing():
            drop_generations(store, "building", "old")
            tables = left_over_tables(store)
            # Those FTS5 keeps for another go with it, and cannot be dropped alone while it is there.
            for table in sorted(tables, key=lambda name: (not name.startswith("vocabulary"), len(name))):
                connection.execute(f'drop table if exists "{table}"')
            for table in ("bands", "alike"):
                connection.execute(f"delete from {table} where article_id not in (select id from articles)")
            connection.execute("delete from alike where other_id not in (select id from articles)")
            if generation := current_generation(store):
                damaged = damaged_sentences(store, generation.id, generation.dimension)
                drop_sentences(store, generation.id, damaged)
        files = left_over_files(folder)
        for path in files:
            _delete(path)
    return f"cleared away {counted(len(tables), 'table')} and {counted(len(files), 'path')} left over"


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _close(settings: Settings, _: Embedder) -> str:
    paths = wrong_modes(settings.index)
    for path in paths:
        path.chmod(mode_of(path))
    return f"closed {counted(len(paths), 'path')} to others"


def _rebuild(settings: Settings, embedder: Embedder) -> str:
    folder = settings.index
    with closing(Store(folder / DATABASE)) as store:
        generation = current_generation(store)
        again = vectors_to_embed_again(store, folder, generation) if generation else set()
        with store.writing():
            store.connection.executemany("delete from vectors where key = ?", [[key] for key in again])
        built = rebuild(store, folder, embedder)
    indexed = f"{counted(built.articles, 'article')}, {counted(built.passages, 'passage')}"
    return f"rebuilt the index: {indexed}, {built.embedded} of them embedded"


_STEPS: dict[Mend, Callable[[Settings, Embedder], str]] = {
    Mend.CLOSE: _close,
    Mend.UNPACK: _unpack,
    Mend.MIGRATE: _migrate,
    Mend.REWRITE: _rewrite,
    Mend.ACCEPT: _accept,
    Mend.TIDY: _tidy,
    Mend.REBUILD: _rebuild,
}
