"""A backup: the archive in one file, a line of JSON that says what it is, then the database, compressed by gzip.

`head -1 FILE` shows the line, `tail -n +2 FILE | gunzip` gives the database. What is derived cheaply is left out, the
vectors are in it: embedding is what takes time. Left out too is all that could tell who asked: the keys of readers'
fingerprints, their preferences, and updates of Telegram that are not dealt with yet.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from kibaru import __version__
from kibaru.embedding.embedder import Embedder
from kibaru.errors import BadInput, IndexUnusable, StorageError, explanation
from kibaru.index.snapshots import sync_folder
from kibaru.maintenance.replacement import copy_truth, making_ready, replace_archive
from kibaru.maintenance.staging import staging
from kibaru.settings import Settings
from kibaru.storage.generations import current_generation
from kibaru.storage.outside import check_outside
from kibaru.storage.schema import SCHEMA, expected, is_of_a_generation, version
from kibaru.storage.store import DATABASE, Store
from kibaru.types import Rebuilt

_FORMAT = 1
_KIND = "kibaru-backup"
_COUNTED = ("articles", "vectors", "questions")
_PRIVATE = ("inbox", "reader_keys", "preferences")
_LINE = 4_096
"""Bytes of the first line at most."""

_CHUNK = 1 << 20
_GZIP = 31
"""What zlib calls the format of gzip."""

_RATIO = 200
"""A database takes up to so many times the space of its compressed form; real ones about 3 times."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The first line of a backup: `size` in bytes and `sha256` are those of the database, uncompressed."""

    kind: str
    format: int
    kibaru: str
    schema: int
    made: str
    model: str
    articles: int
    vectors: int
    questions: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: what the backup is, what was built of it, and where the archive is that was there before."""

    manifest: Manifest
    built: Rebuilt
    aside: Path | None


def back_up(folder: Path, file: Path) -> Manifest:
    """Write a backup of the archive in `folder`, replacing `file` when all of it is on disk; the bot may run.

    Raises BadInput when `file` is in the archive's folder, and KibaruError.
    """
    check_outside(folder, file)
    with closing(Store(folder / DATABASE)) as store:
        generation = current_generation(store)
        if store.connection.execute("pragma quick_check(1)").fetchone()[0] != "ok":
            raise IndexUnusable(f"The database in {folder} is damaged and was not backed up: run 'kibaru doctor'.")
    try:
        with staging(file.parent, f".{file.name}-") as staged:
            copy, building = staged / DATABASE, staged / "packed"
            os.close(os.open(copy, os.O_CREAT | os.O_EXCL, 0o600))
            copy_truth(folder / DATABASE, copy, empty=_PRIVATE)
            manifest = Manifest(
                kind=_KIND,
                format=_FORMAT,
                kibaru=__version__,
                schema=SCHEMA,
                made=datetime.now(UTC).isoformat(timespec="seconds"),
                model=generation.model if generation else "",
                **_counts(copy),
                size=copy.stat().st_size,
                sha256=_sha256(copy),
            )
            _write(manifest, copy, building)
            building.replace(file)
            sync_folder(file.parent)
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written ({error.strerror or error}): check its folder, free space and permissions."
        ) from error
    return manifest


def restore(settings: Settings, embedder: Embedder, file: Path, *, force: bool = False) -> Restored:
    """Put the archive of a backup into `settings.index`; one that is there is set aside with `force`, else refused.

    All of the backup is verified and indexed before anything is touched. Raises BadInput for a file that is no whole
    backup, and KibaruError.
    """
    folder = settings.index
    if (folder / DATABASE).exists() and not force:
        raise BadInput(
            f"There is an archive in {folder}: name another folder in KIBARU_INDEX, or use --force to set it aside."
        )
    with _opened(file) as stream:
        manifest = _manifest(file, stream, folder)
        with making_ready(folder) as staged:
            _unpack(file, stream, manifest, staged / DATABASE)
            _verify(file, manifest, staged / DATABASE)
            built, aside = replace_archive(folder, staged, embedder, "replaced")
    return Restored(manifest, built, aside)


def _counts(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as connection:
        tables = {name for (name,) in connection.execute("select name from sqlite_master")}
        query = "select count(*) from {}"
        return {
            table: connection.execute(query.format(table)).fetchone()[0] if table in tables else 0 for table in _COUNTED
        }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(manifest: Manifest, database: Path, file: Path) -> None:
    packer = zlib.compressobj(wbits=_GZIP)
    with database.open("rb") as unpacked, os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as packed:
        packed.write(json.dumps(asdict(manifest)).encode() + b"\n")
        while chunk := unpacked.read(_CHUNK):
            packed.write(packer.compress(chunk))
        packed.write(packer.flush())
        packed.flush()
        os.fsync(packed.fileno())


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror or error}): name a file of 'kibaru backup'.") from error
    with stream:
        yield stream


def _manifest(file: Path, stream: BinaryIO, folder: Path) -> Manifest:
    """The first line, if this Kibaru can restore what it announces."""
    try:
        line = stream.readline(_LINE)
        fields = json.loads(line)
        if fields["kind"] != _KIND:
            raise ValueError
        if fields["format"] > _FORMAT or fields["schema"] > SCHEMA:
            made_by = str(fields["kibaru"])[:20]
            raise BadInput(f"{file} was made by Kibaru {made_by!r}: upgrade with 'pip install -U kibaru'.")
        manifest = Manifest(**fields)
        if any(type(fields[name]) is not int for name in ("format", "schema", "size", *_COUNTED)):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _broken(file, "it does not begin as one") from None
    packed = file.stat().st_size - len(line)
    if not 0 < manifest.size <= _RATIO * packed:
        raise _broken(file, "its size is not possible")
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if manifest.size > shutil.disk_usage(there).free:
        raise StorageError(f"{folder} has no room for the {manifest.size / 1e6:,.0f} MB of {file}: free some space.")
    return manifest


def _unpack(file: Path, stream: BinaryIO, manifest: Manifest, target: Path) -> None:
    """Write the database, never more of it than the manifest says."""
    unpacker, digest, left = zlib.decompressobj(wbits=_GZIP), hashlib.sha256(), manifest.size
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as unpacked:
            while not unpacker.eof and (packed := unpacker.unconsumed_tail or stream.read(_CHUNK)):
                chunk = unpacker.decompress(packed, _CHUNK)
                left -= len(chunk)
                if left < 0:
                    raise _broken(file, "it is longer than it says")
                digest.update(chunk)
                unpacked.write(chunk)
    except zlib.error:
        raise _broken(file, "it cannot be unpacked") from None
    except OSError as error:
        raise explanation(error, target.parent.parent) from error
    if not unpacker.eof:
        raise _broken(file, "its end is missing")
    if unpacker.unused_data or stream.read(1):
        raise _broken(file, "something follows its end")
    if left or digest.hexdigest() != manifest.sha256:
        raise _broken(file, "its checksum is wrong")


def _verify(file: Path, manifest: Manifest, database: Path) -> None:
    """Whether the database is sound, is as announced, and holds nothing that could act: tables and indexes only."""
    known = expected()
    try:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("pragma trusted_schema = off")
            objects = connection.execute(
                "select cast(type as text), cast(name as text), cast(sql as text) from sqlite_master"
            ).fetchall()
            for kind, name, sql in objects:
                virtual = (sql or "").lower().lstrip().startswith("create virtual")
                if kind not in ("table", "index") or virtual or is_of_a_generation(name):
                    raise _broken(file, f"its database has a {kind} {name[:40]!r} that does not belong there")
            if manifest.schema == SCHEMA and not known.items() <= {(name, sql) for _, name, sql in objects}:
                raise _broken(file, "its database is not one of Kibaru")
            if connection.execute("pragma integrity_check(1)").fetchone()[0] != "ok":
                raise _broken(file, "its database is damaged")
            if version(connection) != manifest.schema or _counts(database).items() - asdict(manifest).items():
                raise _broken(file, "its database is not the one announced")
    except (sqlite3.Error, UnicodeDecodeError, MemoryError):  # names in it may be no text, or said to be endless
        raise _broken(file, "its database is damaged") from None


def _broken(file: Path, why: str) -> BadInput:
    return BadInput(f"{file} is no whole backup of Kibaru ({why}): take another one.")
