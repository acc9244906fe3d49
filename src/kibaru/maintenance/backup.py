"""Writing a backup of an archive into one file, see `kibaru.maintenance.backup_format`.

What is derived quickly is left out. The vectors are in it, because embedding is what takes time.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from kibaru import __version__
from kibaru.errors import IndexUnusable, StorageError
from kibaru.maintenance.backup_format import CHUNK, FORMAT, GZIP, KIND, BackupManifest, counts_of
from kibaru.maintenance.replacement import copy_truth
from kibaru.maintenance.staging import staging
from kibaru.storage.atomic_files import sync_folder
from kibaru.storage.generations import current_generation
from kibaru.storage.outside import check_outside
from kibaru.storage.schema import SCHEMA
from kibaru.storage.store import DATABASE, Store

_IDENTIFYING = frozenset({"inbox", "reader_keys", "preferences"})
"""Tables whose rows could identify readers: messages that wait, the keys of readers' fingerprints, and preferences by
fingerprint. They are the bot's; they are named here because a backup must leave their rows out even where the bot is
not installed."""


def back_up(folder: Path, file: Path) -> BackupManifest:
    """Write a backup of an archive; the bot may run meanwhile.

    Args:
        folder: The folder of the archive.
        file: The backup; one that is there is replaced when all of the new one is on disk.

    Returns:
        The manifest of the backup.

    Raises:
        BadInput: `file` is in the folder of the archive.
        IndexUnusable: The database is damaged.
        StorageError: The file cannot be written.
    """
    check_outside(folder, file)
    with closing(Store(folder / DATABASE)) as store:
        generation = current_generation(store)
        if store.value("pragma quick_check(1)") != "ok":
            raise IndexUnusable(f"The database in {folder} is damaged and was not backed up: run 'kibaru doctor'.")
    try:
        with staging(file.parent, f".{file.name}-") as staged:
            copy, building = staged / DATABASE, staged / "packed"
            os.close(os.open(copy, os.O_CREAT | os.O_EXCL, 0o600))
            copy_truth(folder / DATABASE, copy, empty=_IDENTIFYING)
            manifest = _manifest_of(copy, generation.model if generation else "")
            _write(manifest, copy, building)
            building.replace(file)
            sync_folder(file.parent)
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written ({error.strerror or error}): check its folder, free space and permissions."
        ) from error
    return manifest


def _manifest_of(database: Path, model: str) -> BackupManifest:
    with database.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return BackupManifest(
        kind=KIND,
        format=FORMAT,
        kibaru=__version__,
        schema=SCHEMA,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        model=model,
        **counts_of(database),
        size=database.stat().st_size,
        sha256=sha256,
    )


def _write(manifest: BackupManifest, database: Path, file: Path) -> None:
    packer = zlib.compressobj(wbits=GZIP)
    with database.open("rb") as unpacked, os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as packed:
        packed.write(json.dumps(asdict(manifest)).encode() + b"\n")
        while chunk := unpacked.read(CHUNK):
            packed.write(packer.compress(chunk))
        packed.write(packer.flush())
        packed.flush()
        os.fsync(packed.fileno())
