"""Putting the archive of a backup in place, once all of it is verified."""

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
from pathlib import Path
from typing import BinaryIO

from kibaru.embedding.embedder import Embedder
from kibaru.errors import BadInput, StorageError, explanation
from kibaru.maintenance.backup_format import CHUNK, COUNTED, FORMAT, GZIP, KIND, BackupManifest, counts_of
from kibaru.maintenance.replacement import making_ready, replace_archive
from kibaru.settings import Settings
from kibaru.storage.schema import SCHEMA, expected, is_of_a_generation, normalised, version
from kibaru.storage.store import DATABASE
from kibaru.types import Rebuilt

_LINE = 4_096
"""Bytes of the first line at most."""

_RATIO = 200
"""How many times larger than its compressed form a database can be; real ones are about 3 times larger."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    Attributes:
        manifest: That of the backup.
        built: What was built of it.
        aside: Where the archive is that was there before; None when there was none.
    """

    manifest: BackupManifest
    built: Rebuilt
    aside: Path | None


def restore(settings: Settings, embedder: Embedder, file: Path, *, force: bool = False) -> Restored:
    """Put the archive of a backup into `settings.index`.

    All of the backup is verified and indexed before anything is touched.

    Args:
        settings: They name the folder of the archive.
        embedder: The model of the settings.
        file: The backup.
        force: Whether to set an archive aside that is there; otherwise that is an error.

    Raises:
        BadInput: There is an archive, or the file is no whole backup.
        KibaruError: The archive cannot be written or indexed.
    """
    folder = settings.index
    if (folder / DATABASE).exists() and not force:
        raise BadInput(
            f"There is an archive in {folder}: name another folder in KIBARU_INDEX, or use --force to set it aside."
        )
    with opened(file) as stream:
        manifest = read_manifest(file, stream, folder)
        with making_ready(folder) as staged:
            unpack(file, stream, manifest, staged / DATABASE)
            verify(file, manifest, staged / DATABASE)
            built, aside = replace_archive(folder, staged, embedder, "replaced")
    return Restored(manifest, built, aside)


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """Open a backup. Raises BadInput when it cannot be read."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror or error}): name a file of 'kibaru backup'.") from error
    with stream:
        yield stream


def read_manifest(file: Path, stream: BinaryIO, folder: Path) -> BackupManifest:
    """Load the first line of a backup.

    Args:
        file: The backup, for messages and its size.
        stream: The open backup, at its start.
        folder: Where the archive will be put.

    Raises:
        BadInput: It is no backup, or one that this Kibaru cannot restore.
        StorageError: There is no room for the database.
    """
    try:
        line = stream.readline(_LINE)
        fields = json.loads(line)
        if fields["kind"] != KIND:
            raise ValueError
        if fields["format"] > FORMAT or fields["schema"] > SCHEMA:
            made_by = str(fields["kibaru"])[:20]
            raise BadInput(f"{file} was made by Kibaru {made_by!r}: upgrade with 'pip install -U kibaru'.")
        if fields["schema"] < SCHEMA:
            raise BadInput(f"{file} was made by an unreleased Kibaru: make a new archive with 'kibaru add PATH'.")
        manifest = BackupManifest(**fields)
        if any(type(fields[name]) is not int for name in ("format", "schema", "size", *COUNTED)):
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


def unpack(file: Path, stream: BinaryIO, manifest: BackupManifest, target: Path) -> None:
    """Write the database of a backup into the new file `target`, and never more of it than the manifest says.

    Raises:
        BadInput: It is not the one that the manifest announces.
        StorageError: The target cannot be written.
    """
    unpacker, digest, left = zlib.decompressobj(wbits=GZIP), hashlib.sha256(), manifest.size
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as unpacked:
            while not unpacker.eof and (packed := unpacker.unconsumed_tail or stream.read(CHUNK)):
                chunk = unpacker.decompress(packed, CHUNK)
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


def verify(file: Path, manifest: BackupManifest, database: Path) -> None:
    """Check the database of a backup: it is sound, as announced, and has tables and indexes only, which cannot act.

    Raises:
        BadInput: It is not.
    """
    known = {(name, normalised(sql)) for name, sql in expected().items()}
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
            if not known <= {(name, normalised(sql or "")) for _, name, sql in objects}:
                raise _broken(file, "its database is not one of Kibaru")
            if connection.execute("pragma integrity_check(1)").fetchone()[0] != "ok":
                raise _broken(file, "its database is damaged")
            if version(connection) != manifest.schema or counts_of(database).items() - asdict(manifest).items():
                raise _broken(file, "its database is not the one announced")
    except (sqlite3.Error, UnicodeDecodeError, MemoryError):  # names in it may be no text, or said to be endless
        raise _broken(file, "its database is damaged") from None


def _broken(file: Path, why: str) -> BadInput:
    return BadInput(f"{file} is no whole backup of Kibaru ({why}): take another one.")
