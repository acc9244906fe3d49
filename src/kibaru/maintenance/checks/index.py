"""Checks of the index: whether articles, passages, keywords, vectors and the snapshot of a generation agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from kibaru.arrays import Vectors
from kibaru.errors import IndexUnusable, StorageError
from kibaru.index.embedding_queue import vector_key
from kibaru.index.generation import Generation
from kibaru.index.vector_index import VectorIndex
from kibaru.maintenance.checks import RUN_REBUILD, RUN_REPAIR, RUN_RESTORE, Finding, Repair
from kibaru.storage.duplicates import without_bands
from kibaru.storage.schema import is_of_a_generation
from kibaru.storage.store import Store
from kibaru.text.chunking import embedded_text
from kibaru.text.near_duplicates import bands
from kibaru.text.plurals import are, counted

_KINDS = ("passages", "indexed", "removed", "stems")
"""The tables of a generation, without its number."""

_AT_ONCE = 10_000
"""Vectors checked together."""

_UNIT = 0.01
"""How far from 1 the length of a vector may be; half precision makes less than 0.001 of it."""


def check_index(store: Store, archive: Path, identity: str) -> Iterator[Finding]:
    """Find what in the index does not agree with the articles, as of one moment.

    Args:
        store: The archive's database.
        archive: The folder of the archive.
        identity: The identity of the model in the settings.
    """
    with store.reading():
        generation = Generation.current(store, archive)
        if generation is None:
            if store.count_articles():
                yield Finding(f"The archive in {archive} is not indexed", RUN_REBUILD, Repair.REBUILD)
            return
        yield from _versions(generation, identity)
        tables = {name for (name,) in store.connection.execute("select name from sqlite_master")}
        if missing := {f"{kind}_{generation.row.id}" for kind in _KINDS} - tables:
            problem = f"The index in {archive} lacks {', '.join(sorted(missing))}"
            yield Finding(problem, RUN_REBUILD, Repair.REBUILD)
            return
        yield from _articles(generation)
        yield from _links(store, archive)
        if astray := _passages(generation):
            yield Finding(f"The index in {archive} has {astray}", RUN_REBUILD, Repair.REBUILD)
        yield from _vectors(generation)
        if damaged := generation.sentences.damaged():
            problem = f"The sentences of {counted(len(damaged), 'passage')} in {archive} are damaged"
            yield Finding(problem, RUN_REPAIR, Repair.TIDY)
    if not _keywords_in_step(generation):
        yield Finding(f"The keywords of the index in {archive} are out of step", RUN_REBUILD, Repair.REBUILD)


def _versions(generation: Generation, identity: str) -> Iterator[Finding]:
    archive = generation.archive
    if generation.row.model != identity:
        problem = f"The index in {archive} is of the model {generation.row.model}, the settings name {identity}"
        yield Finding(problem, f"set KIBARU_MODEL back, or {RUN_REBUILD}", Repair.REBUILD)
    if not generation.is_of_this_version():
        yield Finding(f"The index in {archive} is of another version of Kibaru", RUN_REBUILD, Repair.REBUILD)


def _articles(generation: Generation) -> Iterator[Finding]:
    if missing := generation.passages.articles_to_index():
        articles = f"{counted(len(missing), 'article')} as stored ({_some(missing)})"
        yield Finding(f"The index in {generation.archive} lacks {articles}", RUN_REBUILD, Repair.REBUILD)
    if lost := generation.passages.articles_to_remove():
        articles = f"{counted(len(lost), 'article')} of the index ({_some(lost)})"
        remedy = f"{RUN_RESTORE} to have them again, or {RUN_REPAIR} to go on without"
        yield Finding(f"The database in {generation.archive} lacks {articles}", remedy, Repair.REBUILD, lost=True)


def _links(store: Store, archive: Path) -> Iterator[Finding]:
    """Near-duplicates: articles that were not compared, and links to articles that are gone."""
    unlinked = [article.id for article in store.articles_of(without_bands(store)) if bands(article.text)]
    if unlinked:  # short notices have no bands
        count = len(unlinked)
        problem = f"{counted(count, 'article')} in {archive} {are(count)} not compared with others that tell the same"
        yield Finding(problem, RUN_REBUILD, Repair.REBUILD)
    query = "select count(*) from {} where article_id not in (select id from articles)"
    if sum(store.value(query.format(table)) for table in ("bands", "alike")):
        yield Finding(f"Articles in {archive} are linked to some that are gone", RUN_REPAIR, Repair.TIDY)


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + ("…" if len(ids) > 3 else "")


def _passages(generation: Generation) -> str | None:
    """What is wrong with the passages: each has keywords, and a key made of the text it stands for."""
    store, g = generation.store, generation.row.id
    astray = store.value(f"""select count(*) from (
        select id from passages_{g} where id not in (select rowid from stems_{g})
        union all select rowid from stems_{g} where rowid not in (select id from passages_{g}))""")
    if astray:
        return f"{counted(astray, 'passage')} without keywords, or keywords without passages"
    query = f"""select a.title, a.text, p.start, p."end", p.heading, p.key from passages_{g} as p
        left join articles as a on a.id = p.article_id join indexed_{g} as i on i.article_id = p.article_id
        where a.digest is null or i.digest = a.digest"""
    astray = sum(
        text is None or vector_key(generation.row.model, embedded_text(title, heading, text[start:end])) != key
        for title, text, start, end, heading, key in store.connection.execute(query)
    )
    astray += store.value(
        f"select count(*) from passages_{g} where article_id not in (select article_id from indexed_{g})"
    )
    astray += store.value(f"""select count(*) from indexed_{g} as i join articles as a on a.id = i.article_id
        where trim(a.text) != '' and i.article_id not in (select article_id from passages_{g})""")
    return f"{counted(astray, 'passage')} not of their articles, or articles without passages" if astray else None


def _keywords_in_step(generation: Generation) -> bool:
    """Whether FTS5 finds its index as its texts say; this locks the database for a moment."""
    store, stems = generation.store, f"stems_{generation.row.id}"
    try:
        with store.writing():
            store.connection.execute(f"insert into {stems} ({stems}) values ('integrity-check')")
    except StorageError:  # a read-only disk: what is on it was checked when it was written
        return True
    except IndexUnusable:
        return False
    return True


def _vectors(generation: Generation) -> Iterator[Finding]:
    archive = generation.archive
    if doubtful := _doubtful_vectors(generation):
        count = len(doubtful)
        problem = f"{counted(count, 'vector')} in {archive} {are(count)} missing, damaged or of another dimension"
        yield Finding(problem, RUN_REPAIR, Repair.REBUILD)
    try:
        index = _opened(generation)
        if doubtful:
            return
        index.catch_up()
        astray = len(index.differing())
    except IndexUnusable as error:
        problem, _, remedy = str(error).removesuffix(".").rpartition(": ")
        yield Finding(problem, remedy, Repair.REBUILD)
        return
    query = f"select id from passages_{generation.row.id}"
    astray += len({id for (id,) in generation.store.connection.execute(query)} ^ index.ids())
    if astray:
        problem = f"The FAISS file in {archive} and the database disagree on {counted(astray, 'vector')}"
        yield Finding(problem, RUN_REPAIR, Repair.REBUILD)


def _opened(generation: Generation) -> VectorIndex:
    return VectorIndex(generation.passages, generation.vectors, generation.archive)


def _doubtful_vectors(generation: Generation) -> set[bytes]:
    """Keys of the vectors that are not there, of another dimension, or not of length 1."""
    query = f"""select p.key from passages_{generation.row.id} as p left join vectors as v on v.key = p.key
        where v.vector is null or length(v.vector) != ?"""
    found = {key for (key,) in generation.store.connection.execute(query, [2 * generation.row.dimension])}
    for keys, vectors in _stored_vectors(generation):
        lengths = np.linalg.norm(vectors, axis=1)
        found.update(key for key, length in zip(keys, lengths, strict=True) if not abs(length - 1) < _UNIT)
    return found


def _stored_vectors(generation: Generation) -> Iterator[tuple[list[bytes], Vectors]]:
    """Keys and vectors of the passages whose vector is there and of the right dimension, _AT_ONCE at a time."""
    query = f"""select p.key, v.vector from passages_{generation.row.id} as p join vectors as v on v.key = p.key
        where length(v.vector) = ?"""
    cursor = generation.store.connection.execute(query, [2 * generation.row.dimension])
    while rows := cursor.fetchmany(_AT_ONCE):
        keys, blobs = zip(*rows, strict=True)
        vectors = np.frombuffer(b"".join(blobs), "<f2").reshape(len(rows), generation.row.dimension)
        yield list(keys), vectors.astype(np.float32)


def vectors_to_embed_again(generation: Generation) -> set[bytes]:
    """Keys of the vectors that a repair cannot trust: doubtful ones, and those that differ in an undamaged snapshot."""
    with generation.store.reading():
        found = _doubtful_vectors(generation)
        with suppress(IndexUnusable):  # a damaged snapshot proves nothing
            found |= generation.passages.keys(_opened(generation).differing())
    return found


def left_over_tables(store: Store) -> list[str]:
    """Tables of generations that are not in the list of generations."""
    connection = store.connection
    known = {str(g) for (g,) in connection.execute("select id from generations")}
    names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
    return [name for name in names if is_of_a_generation(name) and name.split("_")[1] not in known]
