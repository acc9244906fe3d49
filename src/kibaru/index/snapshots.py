"""A generation's vectors on disk: a FAISS file, and the manifest that names it and is replaced by one rename."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import faiss
import numpy as np

from kibaru.errors import IndexUnusable
from kibaru.index.faiss_index import Kind, is_of_a_kind, open_lists, size_of_lists
from kibaru.types import Generation

FORMAT = 2
"""The layout of a generation's folder; 1 had no `head`, `rest` and `size`."""

_MANIFEST = "manifest.json"
_SNAPSHOT = re.compile(r"vectors-\d+-\d+\.faiss")
_COUNTS = ("generation", "dimension", "articles", "passages", "last_passage", "last_removed")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot holds: `passages` up to the id `last_passage`, without those removed up to `last_removed`.

    `checksum` is that of the first `head` bytes of the file, which are read when it is opened. The others, the `rest`
    of its `size` bytes, are lists that are mapped into memory; their checksum is for `kibaru doctor`, as reading them
    all would take longer than a reader waits. A bit that flips there can hide a passage from a search but never change
    a score, because what lists find is scored again with the vectors in the database.
    """

    format: int
    generation: int
    model: str
    dimension: int
    articles: int
    passages: int
    last_passage: int
    last_removed: int
    file: str
    checksum: str
    built: str
    head: int | None = None
    rest: str | None = None
    size: int | None = None


def folder_of(archive: Path, generation: Generation) -> Path:
    return archive / f"generation-{generation.id}"


def make_folder(archive: Path, generation: Generation) -> None:
    """The empty folder of a new generation below the archive's."""
    folder = folder_of(archive, generation)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)


def read_manifest(folder: Path, generation: Generation) -> Manifest:
    """Raises IndexUnusable when it is missing, damaged, of a newer format, or another generation's."""
    try:
        fields = json.loads((folder / _MANIFEST).read_bytes())
        if fields["format"] not in (1, FORMAT):
            raise unusable(folder, f"it has format {str(fields['format'])[:20]!r}, this Kibaru reads {FORMAT}")
        manifest = Manifest(**fields)
        if not _SNAPSHOT.fullmatch(manifest.file) or not all(_is_count(fields[name]) for name in _COUNTS):
            raise ValueError
        if not all(fields.get(name) is None or _is_count(fields[name]) for name in ("head", "size")):
            raise ValueError
    except FileNotFoundError:
        raise unusable(folder, "its manifest is missing") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise unusable(folder, "its manifest is damaged") from None
    if (manifest.generation, manifest.model) != (generation.id, generation.model):
        raise unusable(folder, "its manifest belongs to another index")
    return manifest


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def read_snapshot(folder: Path, generation: Generation, *, to_change: bool = False) -> tuple[Manifest, Kind]:
    """The snapshot in use, its lists left on disk unless they are `to_change`. Raises IndexUnusable when it is not
    whole."""
    manifest = read_manifest(folder, generation)
    try:
        return manifest, _opened(folder, manifest, to_change)
    except FileNotFoundError:
        try:  # another process may have replaced the snapshot since the manifest was read
            manifest = read_manifest(folder, generation)
            return manifest, _opened(folder, manifest, to_change)
        except FileNotFoundError:
            raise unusable(folder, f"{manifest.file} is missing") from None


def _opened(folder: Path, manifest: Manifest, to_change: bool) -> Kind:
    path = folder / manifest.file
    with path.open("rb") as file:
        data = file.read(-1 if manifest.head is None else manifest.head)
        size = os.fstat(file.fileno()).st_size
    if checksum(data) != manifest.checksum or size != (manifest.size or size):
        raise unusable(folder, f"the checksum of {manifest.file} is wrong")
    try:
        if size == len(data):
            index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        else:
            index = faiss.read_index(str(path)) if to_change else open_lists(str(path))
    except RuntimeError:
        if not path.exists():
            raise FileNotFoundError from None
        raise unusable(folder, f"{manifest.file} is no index") from None
    if not is_of_a_kind(index, manifest.dimension):
        raise unusable(folder, f"{manifest.file} is another kind of index")
    return index


def check_rest(folder: Path, manifest: Manifest) -> None:
    """Read what opening leaves on disk. Raises IndexUnusable when its checksum is wrong."""
    if manifest.head is not None and manifest.rest is not None:
        with (folder / manifest.file).open("rb") as file:
            file.seek(manifest.head)
            if _digest(iter(lambda: file.read(_CHUNK), b"")) != manifest.rest:
                raise unusable(folder, f"the checksum of {manifest.file} is wrong")


def write_snapshot(
    folder: Path, generation: Generation, index: Kind, *, articles: int, last_passage: int, last_removed: int
) -> None:
    """Replace the snapshot, atomically; whoever has the former one open keeps it."""
    name = f"vectors-{last_passage}-{last_removed}.faiss"

    def write(file: BinaryIO) -> None:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]

    _replace(folder / name, write)
    size = (folder / name).stat().st_size
    head = size - size_of_lists(index)
    with (folder / name).open("rb") as file:
        first = checksum(file.read(head))
        rest = _digest(iter(lambda: file.read(_CHUNK), b""))
    manifest = Manifest(
        format=FORMAT,
        generation=generation.id,
        model=generation.model,
        dimension=generation.dimension,
        articles=articles,
        passages=int(index.ntotal),
        last_passage=last_passage,
        last_removed=last_removed,
        file=name,
        checksum=first,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
        head=head,
        rest=rest,
        size=size,
    )
    write_atomically(folder / _MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
    for other in folder.glob("vectors-*"):
        if other.name != name:
            other.unlink(missing_ok=True)


def unusable(folder: Path, why: str) -> IndexUnusable:
    return IndexUnusable(f"The index in {folder.parent} is unusable ({why}): run 'kibaru rebuild'.")


def drop_other_snapshots(folder: Path, current: int) -> None:
    """Delete the folders of generations before the current one."""
    for other in folder.glob("generation-*"):
        number = other.name.removeprefix("generation-")
        if number.isdigit() and int(number) < current:
            shutil.rmtree(other, ignore_errors=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the file by one rename, after the data is on disk."""
    _replace(path, lambda file: file.write(data))


def _replace(path: Path, write: Callable[[BinaryIO], object]) -> None:
    building = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Have what was renamed in a folder on disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def checksum(data: bytes) -> str:
    """Of a part of a snapshot, as it stands in its manifest."""
    return _digest(iter([data]))


def _digest(chunks: Iterator[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
