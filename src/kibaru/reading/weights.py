"""The reader's weights: what the package ships, added to the packaged embedding model's own.

The file is in the safetensors format. A matrix of the upper layers is kept as its difference from the packaged model's,
in 4 bits with a scale for each group of numbers; vectors and the heads are kept whole, in 16 bits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.float32]]

FILE = Path(__file__).with_name("reader.safetensors")
"""The weights that the package ships."""

HEADS = "reader."
"""How the names of the heads' parameters begin."""

GROUP = 32
"""Numbers of a row that share a scale."""

_LEVELS = {4: 7, 8: 127}


def packaged(folder: Path, layers: int, marked: int) -> tuple[Arrays, dict[str, Any]]:
    """The packaged embedding model's parameters, without those of upper layers and the embeddings of words.

    Args:
        folder: Where the model is unpacked.
        layers: Layers to keep, counted from the lowest.
        marked: The layer that is told the kinds of tokens.

    Returns:
        Arrays by transformers' names, and the model's configuration with that number of layers.
    """
    from safetensors import safe_open

    config = json.loads((folder / "config.json").read_text("utf-8")) | {"num_hidden_layers": layers, "marked": marked}
    parameters = {}
    with safe_open(folder / "model.safetensors", "np") as file:
        for name in file.keys():  # noqa: SIM118  # it is no dict
            is_above = name.startswith("encoder.layer.") and int(name.split(".")[2]) >= layers
            if not is_above and not name.startswith(("pooler", "embeddings.word_embeddings")):
                parameters[name] = file.get_tensor(name).astype(np.float32)
    return parameters, config


def merged(file: Path, folder: Path) -> tuple[Arrays, dict[str, Any]]:
    """The reader's parameters: the packaged model's with the differences added, and the heads.

    Args:
        file: The shipped weights, see `FILE`.
        folder: Where the packaged model is unpacked.

    Returns:
        Arrays by name and the configuration, for `TorchReader` or a graph.

    Raises:
        OSError: A file is missing.
        ValueError: The weights were made for another model or are of another layout.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "np") as opened:
            about = opened.metadata() or {}
            stored = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{file} is damaged: {error}") from error
    if about.get("format") != "kibaru-reader-1":
        raise ValueError(f"{file} is no file of reader weights")
    parameters, config = packaged(folder, int(about["layers"]), int(about["marked"]))
    for name, value in stored.items():
        if name.endswith(":scales"):
            continue
        if f"{name}:scales" in stored:
            shape = parameters[name].shape
            parameters[name] = parameters[name] + unpacked(value, stored[f"{name}:scales"], int(about["bits"]), shape)
        elif name.startswith(HEADS):
            parameters[name] = value.astype(np.float32)
        else:
            parameters[name] = parameters[name] + value.astype(np.float32)
    return parameters, config | {"calibration": json.loads(about.get("calibration", "{}"))}


def save(
    file: Path,
    trained: Mapping[str, NDArray[Any]],
    base: Mapping[str, NDArray[Any]],
    about: Mapping[str, str],
    bits: int,
) -> None:
    """Write the weights that differ from the packaged model's.

    Args:
        file: Where to; replaced in one step.
        trained: The reader's parameters.
        base: The packaged model's.
        about: What the file says of itself, `layers` and `marked` among it.
        bits: 4 or 8, of a number of a difference.
    """
    from safetensors.numpy import save_file

    stored: dict[str, NDArray[Any]] = {}
    for name, value in trained.items():
        if name.startswith(HEADS):
            stored[name] = np.asarray(value, np.float16)
            continue
        difference = np.asarray(value, np.float32) - np.asarray(base[name], np.float32)
        if not difference.any():
            continue
        if difference.ndim == 1 or difference.shape[1] % GROUP:
            stored[name] = difference.astype(np.float16)
        else:
            stored[name], stored[f"{name}:scales"] = packed(difference, bits)
    partial = file.with_suffix(".part")
    save_file(stored, partial, metadata={"format": "kibaru-reader-1", "bits": str(bits), **about})
    partial.replace(file)


def packed(matrix: NDArray[np.float32], bits: int) -> tuple[NDArray[Any], NDArray[np.float16]]:
    """A matrix as integers of 4 or 8 bits, and the scale of each group.

    Of several scales for a group, the one with the least squared error is taken.

    Args:
        matrix: Numbers (rows, columns), whose columns are a multiple of `GROUP`.
        bits: 4 or 8.

    Returns:
        Two numbers a byte where bits are 4, and scales (groups,) in 16 bits.
    """
    groups, most = matrix.reshape(-1, GROUP), _LEVELS[bits]
    largest = np.maximum(np.abs(groups).max(axis=1, keepdims=True), 1e-7)
    scales, least = np.zeros_like(largest), np.full_like(largest, np.inf)
    for share in (1.0, 0.9, 0.8, 0.7) if bits == 4 else (1.0,):
        tried = (largest * share / most).astype(np.float16).astype(np.float32)
        tried = np.maximum(tried, np.float32(6e-8))
        rounded = np.clip(np.rint(groups / tried), -most - 1, most) * tried
        error = ((rounded - groups) ** 2).sum(axis=1, keepdims=True)
        scales, least = np.where(error < least, tried, scales), np.minimum(error, least)
    whole = np.clip(np.rint(groups / scales), -most - 1, most).astype(np.int8)
    if bits == 4:
        nibbles = (whole + 8).astype(np.uint8).reshape(-1, 2)
        return nibbles[:, 0] | (nibbles[:, 1] << 4), scales[:, 0].astype(np.float16)
    return whole.reshape(-1), scales[:, 0].astype(np.float16)


def unpacked(
    numbers: NDArray[Any], scales: NDArray[np.float16], bits: int, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """The matrix that `packed` made into `numbers` and `scales`, in 32 bits."""
    if bits == 4:
        nibbles = np.stack([numbers & 15, numbers >> 4], axis=1).astype(np.float32).reshape(-1) - 8
    else:
        nibbles = numbers.astype(np.float32)
    matrix: NDArray[np.float32] = nibbles.reshape(-1, GROUP) * scales.astype(np.float32)[:, None]
    return matrix.reshape(shape)
