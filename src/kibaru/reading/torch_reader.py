"""The reader in torch: what training runs, and what other engines are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

KINDS, SPAN = "reader.kinds", "reader.span"
DENSE, ANSWERS = "reader.answers.dense", "reader.answers.out"
FORBIDDEN = -1e4
"""The logit of positions that are neither the first nor of the passage's body, and of padding in attention."""


class Logits(NamedTuple):
    """What the reader says of each pair of a question and a passage.

    Attributes:
        start: That the answer begins at a token (pairs, length); at position 0, that there is none.
        end: That the answer ends with a token (pairs, length); at position 0, that there is none.
        answers: That the passage answers, before the sigmoid (pairs,).
    """

    start: Tensor
    end: Tensor
    answers: Tensor


class TorchReader(nn.Module):
    """BERT with two heads, which also sees which words question and passage share.

    A vector for the kind of each token (see `kibaru.reading.pairs`) is added to the states that layer `marked` reads.
    The span head is linear. The answerability head reads the first token's state, the states under the start and the
    end distributions over the body, and how far the best start and end stand above position 0.
    """

    def __init__(self, parameters: Mapping[str, NDArray[Any]], config: Mapping[str, Any], dropout: float = 0.0) -> None:
        """Take over the parameters, all but the embeddings of words.

        Args:
            parameters: Arrays by name, as in transformers' BertModel, and the heads'; see `kibaru.reading.weights`.
            config: The packaged model's `config.json`, with the number of layers that the reader has and `marked`.
            dropout: Share of what each feed-forward block adds that is dropped in training.
        """
        super().__init__()
        for name, value in parameters.items():
            self.register_parameter(name.replace(".", "/"), nn.Parameter(torch.tensor(value, dtype=torch.float32)))
        self.heads = int(config["num_attention_heads"])
        self.layers, self.marked = int(config["num_hidden_layers"]), int(config["marked"])
        self.epsilon = float(config["layer_norm_eps"])
        self.dropout = dropout

    def named(self, name: str) -> nn.Parameter:
        """The parameter of this name, with dots."""
        return self.get_parameter(name.replace(".", "/"))

    def forward(self, words: Tensor, kinds: Tensor, lengths: Tensor, body: Tensor) -> Logits:
        """Read pairs; all but `words` as in `kibaru.reading.pairs.Batch`.

        Args:
            words: The embeddings of the tokens' words (pairs, length, hidden).
            kinds: The kinds of the tokens (pairs, length).
            lengths: Tokens of each pair (pairs,).
            body: Where each passage's body begins and ends (pairs, 2).

        Returns:
            The logits.
        """
        count = words.shape[1]
        at = torch.arange(count, device=words.device)
        padding = at >= lengths[:, None]
        bias = None
        if bool(padding.any()):
            bias = torch.zeros(padding.shape, dtype=words.dtype, device=words.device).masked_fill(padding, FORBIDDEN)
            bias = bias[:, None, None, :].expand(-1, 1, count, -1)
        located = words + self.named("embeddings.position_embeddings.weight")[:count]
        states = self._norm(located + self.named("embeddings.token_type_embeddings.weight")[0], "embeddings.LayerNorm")
        for number in range(self.layers):
            if number == self.marked:
                states = states + self.named(f"{KINDS}.weight")[kinds]
            states = self._layer(states, bias, f"encoder.layer.{number}")
        return self._heads(states, (at >= body[:, :1]) & (at < body[:, 1:]))

    def _heads(self, states: Tensor, is_body: Tensor) -> Logits:
        both = self._linear(states, SPAN).float()
        inside = both.masked_fill(~is_body[:, :, None], FORBIDDEN)
        none = both[:, 0]
        pooled = (inside.softmax(dim=1).to(states.dtype).transpose(1, 2) @ states).flatten(1)
        above = inside.amax(dim=1) - none
        read = functional.gelu(self._linear(torch.cat([states[:, 0], pooled], dim=1), DENSE))
        if self.training and self.dropout:
            read = functional.dropout(read, self.dropout)
        answers = self._linear(torch.cat([read, above.to(read.dtype)], dim=1), ANSWERS)[:, 0].float()
        whole = torch.cat([none[:, None], inside[:, 1:]], dim=1)
        return Logits(whole[:, :, 0], whole[:, :, 1], answers)

    def _layer(self, states: Tensor, bias: Tensor | None, name: str) -> Tensor:
        rows, length, hidden = states.shape
        shape = (rows, length, self.heads, hidden // self.heads)
        queries, keys, values = (
            self._linear(states, f"{name}.attention.self.{part}").view(shape).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mask = None if bias is None else bias.to(queries.dtype)
        attention = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        attention = self._linear(attention.transpose(1, 2).reshape(states.shape), f"{name}.attention.output.dense")
        states = self._norm(attention + states, f"{name}.attention.output.LayerNorm")
        inner = functional.gelu(self._linear(states, f"{name}.intermediate.dense"))
        added = self._linear(inner, f"{name}.output.dense")
        if self.training and self.dropout and added.requires_grad:
            added = functional.dropout(added, self.dropout)
        return self._norm(added + states, f"{name}.output.LayerNorm")

    def _linear(self, states: Tensor, name: str) -> Tensor:
        return functional.linear(states, self.named(f"{name}.weight"), self.named(f"{name}.bias"))

    def _norm(self, states: Tensor, name: str) -> Tensor:
        weight, bias = self.named(f"{name}.weight"), self.named(f"{name}.bias")
        return functional.layer_norm(states, (states.shape[-1],), weight, bias, self.epsilon)
