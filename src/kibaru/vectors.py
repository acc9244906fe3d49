"""The FAISS index of passage vectors: a snapshot on disk, and what the database has gained and lost since.

The database holds every vector, so a snapshot can always be made anew; it exists so that opening a large archive need
not read them all. `generation-N/manifest.json` names the snapshot file and is replaced by one rename.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import faiss
import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from kibaru.errors import IndexUnusable
from kibaru.store import Generation, Store

FORMAT = 1
"""The layout of a generation's folder."""

_MANIFEST = "manifest.json"
_SNAPSHOT = re.compile(r"vectors-\d+-\d+\.faiss")
_NUMBERS = ("generation", "dimension", "articles", "passages", "last_passage", "last_removed")
_OUTDATED = 0.1
"""A snapshot is replaced once a tenth of the passages are not in it: rare enough that adding stays cheap."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot holds: `passages` up to the id `last_passage`, without those removed up to `last_removed`."""

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


class VectorIndex:
    """The vectors of one generation in memory, kept in step with the database by `catch_up`."""

    def __init__(self, folder: Path, generation: Generation, index: faiss.Index, last: tuple[int, int]) -> None:
        self.generation = generation
        self._folder = folder
        self._index = index
        self._last_passage, self._last_removed = last
        self._in_snapshot = self._last_passage

    @classmethod
    def create(cls, archive: Path, generation: Generation) -> VectorIndex:
        """Save the empty snapshot of a new generation below the archive's folder."""
        folder = archive / f"generation-{generation.id}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        created = cls(folder, generation, faiss.IndexIDMap2(faiss.IndexFlatIP(generation.dimension)), (0, 0))
        created.save(articles=0)
        return created

    @classmethod
    def open(cls, archive: Path, generation: Generation) -> VectorIndex:
        """Load the snapshot of `generation`. Raises IndexUnusable when it is not whole."""
        folder = archive / f"generation-{generation.id}"
        manifest, data = _read_snapshot(folder, generation)
        try:
            index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        except RuntimeError:
            raise _unusable(folder, f"{manifest.file} is no index") from None
        if not isinstance(index, faiss.IndexIDMap2) or index.d != generation.dimension:
            raise _unusable(folder, f"{manifest.file} is another kind of index")
        return cls(folder, generation, index, (manifest.last_passage, manifest.last_removed))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def catch_up(self, store: Store) -> None:
        """Take in what changed in the database; call inside `store.reading()`.

        Raises IndexUnusable when vectors and database then still disagree.
        """
        g = self.generation
        ids, vectors = store.vectors_after(g.id, self._last_passage, g.dimension)
        if len(ids):
            self._index.add_with_ids(vectors, ids)
            self._last_passage = int(ids[-1])
        removed = store.removed_after(g.id, self._last_removed)
        if removed:
            self._index.remove_ids(faiss.IDSelectorBatch(np.array([id for _, id in removed], np.int64)))
            self._last_removed = removed[-1][0]
        if len(self) != store.count_passages(g.id):
            raise _unusable(self._folder, "its vectors and its database disagree")

    def search(
        self, question: NDArray[np.float32], limit: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Passage ids with their cosine to `question` (d,), the best first; only `among` these ids where given."""
        if among is None:
            scores, ids = self._index.search(question[None, :], limit)
        else:
            parameters = faiss.SearchParameters()
            parameters.sel = selector = faiss.IDSelectorBatch(among)  # noqa: F841  # FAISS keeps no reference of its own
            scores, ids = self._index.search(question[None, :], limit, params=parameters)
        return [(int(id), float(score)) for id, score in zip(ids[0], scores[0], strict=True) if id != -1]

    def vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """The unit vectors (n, d) of passages."""
        return np.array([self._index.reconstruct(id) for id in ids], np.float32).reshape(len(ids), self._index.d)

    def ids(self) -> NDArray[np.int64]:
        """The passages whose vectors these are, in no particular order."""
        found: NDArray[np.int64] = faiss.vector_to_array(faiss.downcast_index(self._index).id_map)  # type: ignore[attr-defined]
        return found

    def is_outdated(self) -> bool:
        """Whether so much came after the snapshot that a new one should be saved."""
        return self._last_passage - self._in_snapshot > _OUTDATED * len(self)

    def save(self, articles: int) -> None:
        """Replace the snapshot by the present state, atomically."""
        with FileLock(self._folder / "snapshot.lock"):
            name = f"vectors-{self._last_passage}-{self._last_removed}.faiss"
            data = faiss.serialize_index(self._index).tobytes()
            manifest = Manifest(
                format=FORMAT,
                generation=self.generation.id,
                model=self.generation.model,
                dimension=self.generation.dimension,
                articles=articles,
                passages=len(self),
                last_passage=self._last_passage,
                last_removed=self._last_removed,
                file=name,
                checksum=checksum(data),
                built=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            write_atomically(self._folder / name, data)
            write_atomically(self._folder / _MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
            for other in self._folder.glob("vectors-*"):
                if other.name != name:
                    other.unlink(missing_ok=True)
        self._in_snapshot = self._last_passage


def _read_snapshot(folder: Path, generation: Generation) -> tuple[Manifest, bytes]:
    manifest = _read_manifest(folder, generation)
    try:
        data = (folder / manifest.file).read_bytes()
    except FileNotFoundError:
        try:  # another process may have replaced the snapshot since the manifest was read
            manifest = _read_manifest(folder, generation)
            data = (folder / manifest.file).read_bytes()
        except FileNotFoundError:
            raise _unusable(folder, f"{manifest.file} is missing") from None
    if checksum(data) != manifest.checksum:
        raise _unusable(folder, f"the checksum of {manifest.file} is wrong")
    return manifest, data


def _read_manifest(folder: Path, generation: Generation) -> Manifest:
    try:
        fields = json.loads((folder / _MANIFEST).read_bytes())
        if fields["format"] != FORMAT:
            raise _unusable(folder, f"it has format {str(fields['format'])[:20]!r}, this Kibaru reads {FORMAT}")
        manifest = Manifest(**fields)
        if not _SNAPSHOT.fullmatch(manifest.file) or any(type(fields[name]) is not int for name in _NUMBERS):
            raise ValueError
    except FileNotFoundError:
        raise _unusable(folder, "its manifest is missing") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _unusable(folder, "its manifest is damaged") from None
    if (manifest.generation, manifest.model) != (generation.id, generation.model):
        raise _unusable(folder, "its manifest belongs to another index")
    return manifest


def _unusable(folder: Path, why: str) -> IndexUnusable:
    return IndexUnusable(f"The index in {folder.parent} is unusable ({why}): run 'kibaru rebuild'.")


def drop_other_snapshots(folder: Path, current: int) -> None:
    """Delete the folders of generations before the current one."""
    for other in folder.glob("generation-*"):
        number = other.name.removeprefix("generation-")
        if number.isdigit() and int(number) < current:
            shutil.rmtree(other, ignore_errors=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the file by one rename, after the data is on disk."""
    building = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
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
    """Of a snapshot, as it stands in its manifest."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
