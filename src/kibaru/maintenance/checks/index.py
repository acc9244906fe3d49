"""The index: whether articles, passages, keywords, vectors and the FAISS snapshot of the current generation agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kibaru.errors import IndexUnusable, StorageError
from kibaru.index.embedding_queue import vector_key
from kibaru.index.vectors import VectorIndex
from kibaru.maintenance.checks import REBUILD, REPAIR, RESTORE, Finding, Mend
from kibaru.storage.duplicates import without_bands
from kibaru.storage.generations import current_generation
from kibaru.storage.passages import keys_of, stale, unindexed
from kibaru.storage.schema import is_of_a_generation
from kibaru.storage.sentence_vectors import damaged_sentences
from kibaru.storage.store import Store
from kibaru.text.chunking import CHUNKING, embedded_text
from kibaru.text.near_duplicates import bands
from kibaru.text.plurals import are, counted
from kibaru.text.stems import STEMMING
from kibaru.types import Generation

_KINDS = ("passages", "indexed", "removed", "stems")
_AT_ONCE = 10_000
_UNIT = 0.01
"""How far from 1 the length of a vector in half precision may be; rounding makes less than 0.001 of it."""


def check_index(store: Store, folder: Path, identity: str) -> Iterator[Finding]:
    """What does not agree with the articles, as of one moment; `identity` is that of the model in the settings."""
    with store.reading():
        generation = current_generation(store)
        if generation is None:
            if store.count_articles():
                yield Finding(f"The archive in {folder} is not indexed", REBUILD, Mend.REBUILD)
            return
        yield from _made_by_this(generation, folder, identity)
        g = generation.id
        tables = {name for (name,) in store.connection.execute("select name from sqlite_master")}
        if missing := {f"{kind}_{g}" for kind in _KINDS} - tables:
            yield Finding(f"The index in {folder} lacks {', '.join(sorted(missing))}", REBUILD, Mend.REBUILD)
            return
        yield from _articles(store, folder, g)
        if problem := _passages(store, generation):
            yield Finding(f"The index in {folder} has {problem}", REBUILD, Mend.REBUILD)
        yield from _vectors(store, folder, generation)
        if damaged := damaged_sentences(store, g, generation.dimension):
            problem = f"The sentences of {counted(len(damaged), 'passage')} in {folder} are damaged"
            yield Finding(problem, REPAIR, Mend.TIDY)
    if not _keywords_in_step(store, g):
        yield Finding(f"The keywords of the index in {folder} are out of step", REBUILD, Mend.REBUILD)


def _made_by_this(generation: Generation, folder: Path, identity: str) -> Iterator[Finding]:
    if generation.model != identity:
        problem = f"The index in {folder} is of the model {generation.model}, the settings name {identity}"
        yield Finding(problem, f"set KIBARU_MODEL back, or {REBUILD}", Mend.REBUILD)
    if (generation.chunking, generation.stemming) != (CHUNKING, STEMMING):
        yield Finding(f"The index in {folder} is of another version of Kibaru", REBUILD, Mend.REBUILD)


def _articles(store: Store, folder: Path, g: int) -> Iterator[Finding]:
    if missing := unindexed(store, g):
        problem = f"The index in {folder} lacks {counted(len(missing), 'article')} as stored ({_some(missing)})"
        yield Finding(problem, REBUILD, Mend.REBUILD)
    if lost := stale(store, g):
        problem = f"The database in {folder} lacks {counted(len(lost), 'article')} of the index ({_some(lost)})"
        yield Finding(problem, f"{RESTORE} to have them again, or {REPAIR} to go on without", Mend.REBUILD, lost=True)
    unlinked = [article.id for article in store.articles_of(without_bands(store)) if bands(article.text)]
    if unlinked:  # short notices have no bands
        count = len(unlinked)
        problem = f"{counted(count, 'article')} in {folder} {are(count)} not compared with others that tell the same"
        yield Finding(problem, REBUILD, Mend.REBUILD)
    query = "select count(*) from {} where article_id not in (select id from articles)"
    if sum(store.connection.execute(query.format(table)).fetchone()[0] for table in ("bands", "alike")):
        yield Finding(f"Articles in {folder} are linked to some that are gone", REPAIR, Mend.TIDY)


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + ("…" if len(ids) > 3 else "")


def _passages(store: Store, generation: Generation) -> str | None:
    """What is wrong with the passages: each has a key made of the words it stands for, and its keywords."""
    connection, g = store.connection, generation.id
    query = f"""select count(*) from (
        select id from passages_{g} where id not in (select rowid from stems_{g})
        union all select rowid from stems_{g} where rowid not in (select id from passages_{g}))"""
    if astray := connection.execute(query).fetchone()[0]:
        return f"{counted(astray, 'passage')} without keywords, or keywords without passages"
    query = f"""select a.title, a.text, p.start, p."end", p.heading, p.key from passages_{g} as p
        left join articles as a on a.id = p.article_id join indexed_{g} as i on i.article_id = p.article_id
        where a.digest is null or i.digest = a.digest"""
    astray = sum(
        text is None or vector_key(generation.model, embedded_text(title, heading, text[start:end])) != key
        for title, text, start, end, heading, key in connection.execute(query)
    )
    query = f"select count(*) from passages_{g} where article_id not in (select article_id from indexed_{g})"
    astray += connection.execute(query).fetchone()[0]
    query = f"""select count(*) from indexed_{g} as i join articles as a on a.id = i.article_id
        where trim(a.text) != '' and i.article_id not in (select article_id from passages_{g})"""
    astray += connection.execute(query).fetchone()[0]
    return f"{counted(astray, 'passage')} not of their articles, or articles without passages" if astray else None


def _keywords_in_step(store: Store, g: int) -> bool:
    """Whether FTS5 finds its index as its texts say; it takes a moment's lock on the database."""
    try:
        with store.writing():
            store.connection.execute(f"insert into stems_{g} (stems_{g}) values ('integrity-check')")
    except StorageError:  # a read-only disk: what is on it was checked when it was written
        return True
    except IndexUnusable:
        return False
    return True


def _vectors(store: Store, folder: Path, generation: Generation) -> Iterator[Finding]:
    if doubtful := doubtful_vectors(store, generation):
        count = len(doubtful)
        problem = f"{counted(count, 'vector')} in {folder} {are(count)} missing, damaged or of another dimension"
        yield Finding(problem, REPAIR, Mend.REBUILD)
    try:
        index = VectorIndex.open(folder, generation)
        if doubtful:
            return
        index.catch_up(store)
        astray = len(index.differing(store))
    except IndexUnusable as error:
        problem, _, remedy = str(error).removesuffix(".").rpartition(": ")
        yield Finding(problem, remedy, Mend.REBUILD)
        return
    query = f"select id from passages_{generation.id}"
    astray += len({id for (id,) in store.connection.execute(query)} ^ index.ids())
    if astray:
        problem = f"The FAISS file in {folder} and the database disagree on {counted(astray, 'vector')}"
        yield Finding(problem, REPAIR, Mend.REBUILD)


def _stored(store: Store, generation: Generation) -> Iterator[tuple[list[int], list[bytes], NDArray[np.float32]]]:
    """Ids, keys and vectors of the passages whose vector is there and of the right length, some at a time."""
    g = generation.id
    query = f"""select p.id, p.key, v.vector from passages_{g} as p join vectors as v on v.key = p.key
        where length(v.vector) = ?"""
    cursor = store.connection.execute(query, [2 * generation.dimension])
    while rows := cursor.fetchmany(_AT_ONCE):
        ids, keys, blobs = zip(*rows, strict=True)
        vectors = np.frombuffer(b"".join(blobs), "<f2").reshape(len(rows), generation.dimension)
        yield list(ids), list(keys), vectors.astype(np.float32)


def doubtful_vectors(store: Store, generation: Generation) -> set[bytes]:
    """Keys of vectors that are not there, of another dimension, or not of length 1."""
    query = f"""select p.key from passages_{generation.id} as p left join vectors as v on v.key = p.key
        where v.vector is null or length(v.vector) != ?"""
    found = {key for (key,) in store.connection.execute(query, [2 * generation.dimension])}
    for _, keys, vectors in _stored(store, generation):
        lengths = np.linalg.norm(vectors, axis=1)
        found.update(key for key, length in zip(keys, lengths, strict=True) if not abs(length - 1) < _UNIT)
    return found


def vectors_to_embed_again(store: Store, folder: Path, generation: Generation) -> set[bytes]:
    """Keys of the vectors a repair cannot rely on: doubtful ones, and those a whole snapshot has otherwise."""
    with store.reading():
        found = doubtful_vectors(store, generation)
        with suppress(IndexUnusable):  # damaged, so it cannot tell
            differing = VectorIndex.open(folder, generation).differing(store)
            found |= keys_of(store, generation.id, differing)
    return found


def left_over_tables(store: Store) -> list[str]:
    """Tables of generations that are not in the list of generations."""
    connection = store.connection
    known = {str(g) for (g,) in connection.execute("select id from generations")}
    names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
    return [name for name in names if is_of_a_generation(name) and name.split("_")[1] not in known]
