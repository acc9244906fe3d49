"""A generation's vectors on disk: a FAISS file, and the manifest that names it and is replaced by one rename."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import faiss
import numpy as np

from kibaru.errors import IndexUnusable
from kibaru.index.faiss_index import Kind, is_of_a_kind, open_lists, size_of_lists
from kibaru.storage.atomic_files import replace_file
from kibaru.types import GenerationRow

FORMAT = 2
"""The layout of a generation's folder."""

_MANIFEST = "manifest.json"
_SNAPSHOT = re.compile(r"vectors-\d+-\d+\.faiss")
_COUNTS = ("generation", "dimension", "articles", "passages", "last_passage", "last_removed", "head", "size")
_CHUNK = 1 << 20
"""Bytes read at once."""


@dataclass(frozen=True, slots=True)
class SnapshotState:
    """Which state of the database a snapshot holds.

    Attributes:
        articles: Articles in the archive.
        last_passage: The highest passage id.
        last_removed: The number of the latest removal of a passage.
    """

    articles: int
    last_passage: int
    last_removed: int


@dataclass(frozen=True, slots=True)
class SnapshotManifest:
    """What a snapshot holds, and how its file is checked.

    The first `head` bytes of the file are loaded and checked when it is opened. The rest are lists that are mapped into
    memory; their checksum is for `kibaru doctor`, because reading all of them takes longer than a reader waits. A bit
    that flips there can hide a passage from a search but never change a score, because what lists find is scored again
    with the vectors in the database.

    Attributes:
        format: The layout of the folder, FORMAT.
        generation: The number of the generation.
        model: The identity of the embedding model.
        dimension: Numbers in one vector.
        articles: Articles in the archive when the snapshot was made.
        passages: Passages in the snapshot.
        last_passage: The highest passage id at that moment.
        last_removed: The number of the latest removal at that moment.
        file: The name of the FAISS file.
        checksum: That of the first `head` bytes.
        built: When it was made (ISO date and time, UTC).
        head: Bytes that are loaded when the snapshot is opened.
        rest: The checksum of the other bytes.
        size: Bytes of the whole file.
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
    head: int
    rest: str
    size: int


def folder_of(archive: Path, generation: GenerationRow) -> Path:
    """The folder of a generation in that of the archive."""
    return archive / f"generation-{generation.id}"


def make_folder(archive: Path, generation: GenerationRow) -> None:
    """Make the empty folder of a new generation below that of the archive."""
    folder = folder_of(archive, generation)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)


def read_manifest(folder: Path, generation: GenerationRow) -> SnapshotManifest:
    """Load and check the manifest in the folder of a generation.

    Raises:
        IndexUnusable: It is missing, damaged, of another format, or of another generation.
    """
    try:
        fields = json.loads((folder / _MANIFEST).read_bytes())
        if fields["format"] != FORMAT:
            raise unusable(folder, f"it has format {str(fields['format'])[:20]!r}, this Kibaru reads {FORMAT}")
        manifest = SnapshotManifest(**fields)
        if not _SNAPSHOT.fullmatch(manifest.file) or not all(_is_count(fields[name]) for name in _COUNTS):
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


def read_snapshot(folder: Path, generation: GenerationRow, *, to_change: bool = False) -> tuple[SnapshotManifest, Kind]:
    """Load the snapshot in use.

    Args:
        folder: The folder of the generation.
        generation: The generation that the snapshot should be of.
        to_change: Whether the index is going to be changed; otherwise its lists stay on disk.

    Raises:
        IndexUnusable: It is missing or damaged.
    """
    manifest = read_manifest(folder, generation)
    try:
        return manifest, _load(folder, manifest, to_change)
    except FileNotFoundError:
        try:  # another process may have replaced the snapshot since the manifest was read
            manifest = read_manifest(folder, generation)
            return manifest, _load(folder, manifest, to_change)
        except FileNotFoundError:
            raise unusable(folder, f"{manifest.file} is missing") from None


def _load(folder: Path, manifest: SnapshotManifest, to_change: bool) -> Kind:
    path = folder / manifest.file
    with path.open("rb") as file:
        data = file.read(manifest.head)
        size = os.fstat(file.fileno()).st_size
    if checksum(data) != manifest.checksum or size != manifest.size:
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


def check_rest(folder: Path, manifest: SnapshotManifest) -> None:
    """Check the part of the file that is not loaded when it is opened. Raises IndexUnusable when it is damaged."""
    with (folder / manifest.file).open("rb") as file:
        file.seek(manifest.head)
        if _digest(iter(lambda: file.read(_CHUNK), b"")) != manifest.rest:
            raise unusable(folder, f"the checksum of {manifest.file} is wrong")


def write_snapshot(folder: Path, generation: GenerationRow, index: Kind, state: SnapshotState) -> None:
    """Replace the snapshot in the folder of a generation, atomically; processes that have the former open keep it."""
    name = f"vectors-{state.last_passage}-{state.last_removed}.faiss"

    def write(file: BinaryIO) -> None:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]

    replace_file(folder / name, write)
    size = (folder / name).stat().st_size
    head = size - size_of_lists(index)
    with (folder / name).open("rb") as file:
        first = checksum(file.read(head))
        rest = _digest(iter(lambda: file.read(_CHUNK), b""))
    manifest = SnapshotManifest(
        format=FORMAT,
        generation=generation.id,
        model=generation.model,
        dimension=generation.dimension,
        articles=state.articles,
        passages=int(index.ntotal),
        last_passage=state.last_passage,
        last_removed=state.last_removed,
        file=name,
        checksum=first,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
        head=head,
        rest=rest,
        size=size,
    )
    replace_file(folder / _MANIFEST, lambda file: file.write(json.dumps(asdict(manifest), indent=1).encode()))
    for other in folder.glob("vectors-*"):
        if other.name != name:
            other.unlink(missing_ok=True)


def unusable(folder: Path, why: str) -> IndexUnusable:
    """The error for a generation's folder that cannot be used."""
    return IndexUnusable(f"The index in {folder.parent} is unusable ({why}): run 'kibaru rebuild'.")


def drop_earlier_snapshots(archive: Path, current: int) -> None:
    """Delete the folders of the generations before number `current`."""
    for other in archive.glob("generation-*"):
        number = other.name.removeprefix("generation-")
        if number.isdigit() and int(number) < current:
            shutil.rmtree(other, ignore_errors=True)


def checksum(data: bytes) -> str:
    """The checksum of a part of a snapshot, as its manifest has it."""
    return _digest(iter([data]))


def _digest(chunks: Iterator[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
