"""The packaged model on torch alone: BERT, mean pooling, normalisation.

sentence-transformers computes the very same bits, but takes three seconds to be imported, and whoever asks a question
on the command line would wait for that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from tokenizers import Encoding, Tokenizer


class Bert:
    """The model in a folder that `kibaru.packaged_model.unpack` returned; `dimension` is the length of its vectors."""

    def __init__(self, folder: Path) -> None:
        """Load the model. Raises ValueError, KeyError or OSError when a file in the folder is damaged."""
        config = json.loads((folder / "config.json").read_text("utf-8"))
        self.dimension = int(config["hidden_size"])
        self._layers = range(config["num_hidden_layers"])
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        self._padding = int(config["pad_token_id"])
        with ThreadPoolExecutor(
            1
        ) as apart:  # reading the vocabulary needs no interpreter; the other core imports torch
            tokenizer = apart.submit(_read_tokenizer, folder, int(config["max_position_embeddings"]))
            self._parameters = _read_parameters(folder)
            self._tokenizer = tokenizer.result()

    def encode(self, texts: Sequence[str], prompt: str, batch: int) -> torch.Tensor:
        """Unit vectors (len(texts), dimension) of the texts after `prompt`, made of `batch` texts of like length each
        time."""
        import torch

        longest_first = np.argsort([-len(text) for text in texts])
        prompted = [prompt + texts[i] for i in longest_first]
        with torch.inference_mode():
            vectors = torch.cat(
                [
                    self._embed(self._tokenizer.encode_batch(prompted[first : first + batch]))
                    for first in range(0, len(prompted), batch)
                ]
            )
            return vectors[torch.from_numpy(np.argsort(longest_first))]

    def _embed(self, encodings: list[Encoding]) -> torch.Tensor:
        import torch
        from torch.nn import functional

        counts = torch.tensor([len(encoding.ids) for encoding in encodings])
        length = int(counts.max())
        padded = [encoding.ids + [self._padding] * (length - len(encoding.ids)) for encoding in encodings]
        mask = torch.arange(length) < counts[:, None]
        states = self._states(torch.tensor(padded), None if mask.all() else mask[:, None, None, :])
        sums = (states * mask[:, :, None].to(states.dtype)).sum(dim=1, dtype=torch.float32)
        return functional.normalize((sums / counts[:, None]).to(states.dtype), dim=1)

    def _states(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """The last hidden states (texts, length, dimension) of `tokens`, which attend only to those in `mask`."""
        from torch.nn import functional

        positions = self._parameters["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        words = self._parameters["embeddings.word_embeddings.weight"][tokens].to(positions.dtype)
        types = self._parameters["embeddings.token_type_embeddings.weight"][0]
        states = self._norm("embeddings.LayerNorm", words + types + positions)
        for number in self._layers:
            layer = f"encoder.layer.{number}"
            queries, keys, values = (
                self._linear(f"{layer}.attention.self.{name}", states)
                .view(*tokens.shape, self._heads, -1)
                .transpose(1, 2)
                for name in ("query", "key", "value")
            )
            attention = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
            attention = attention.transpose(1, 2).reshape(states.shape)
            attention = self._linear(f"{layer}.attention.output.dense", attention)
            states = self._norm(f"{layer}.attention.output.LayerNorm", attention + states)
            inner = functional.gelu(self._linear(f"{layer}.intermediate.dense", states))
            states = self._norm(f"{layer}.output.LayerNorm", self._linear(f"{layer}.output.dense", inner) + states)
        return states

    def _linear(self, name: str, states: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        return functional.linear(states, self._parameters[f"{name}.weight"], self._parameters[f"{name}.bias"])

    def _norm(self, name: str, states: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        weight, bias = self._parameters[f"{name}.weight"], self._parameters[f"{name}.bias"]
        return functional.layer_norm(states, weight.shape, weight, bias, self._epsilon)


def native_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively: it embeds 2.5 times as fast then, at a cosine of 0.9999 to
    float32."""
    import torch

    native = torch.cpu.get_capabilities()
    return torch.bfloat16 if native.get("avx512_bf16") or native.get("amx_bf16") else torch.float32


def _read_tokenizer(folder: Path, longest: int) -> Tokenizer:
    """The tokenizer, which cuts texts off at `longest` tokens and knows the special ones also where a text has them."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library has no class of its own
        raise ValueError(f"tokenizer.json: {error}") from error
    special = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    tokenizer.add_special_tokens(sorted({special[name] for name in special if name.endswith("_token")}))
    tokenizer.enable_truncation(longest)
    return tokenizer


def _read_parameters(folder: Path) -> dict[str, torch.Tensor]:
    """The parameters by name, in `native_dtype`; but that of words stays on disk, mapped into memory, and its rows are
    converted as they are needed: it has four fifths of all numbers, and a text needs few of them."""
    from safetensors import SafetensorError, safe_open

    dtype = native_dtype()
    try:
        with safe_open(folder / "model.safetensors", "pt") as file:
            names = [name for name in file.keys() if not name.startswith("pooler")]  # noqa: SIM118  # it is no dict
            parameters = {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise ValueError(f"model.safetensors: {error}") from error
    return {
        name: parameter if name == "embeddings.word_embeddings.weight" else parameter.to(dtype)
        for name, parameter in parameters.items()
    }
