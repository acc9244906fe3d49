"""The reader in torch: what training runs, and what other engines are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

TOKENS, START, END = "reader.tokens", "reader.start", "reader.end"
NONE = "reader.none"
DENSE, ANSWERS = "reader.answers.dense", "reader.answers.out"
FORBIDDEN = -1e4
"""The logit of positions that are neither the first nor of the passage's body, and of attention that is not allowed."""


class Logits(NamedTuple):
    """What the reader says of each question and its passage.

    Attributes:
        start: That the answer begins at a token (questions, length); at position 0, that there is none.
        end: That the answer ends with a token (questions, length); at position 0, that there is none.
        answers: That the passage answers, before the sigmoid (questions,).
    """

    start: Tensor
    end: Tensor
    answers: Tensor


class TorchReader(nn.Module):
    """BERT, in which questions see the passage but not the reverse, and two heads over a question's first token.

    The span head points: the logit of a token is the product of its projection and the question's, as in attention.
    The answerability head reads the question's state, the passage's states under the start and the end distributions,
    and how far the best start and end stand above "there is none".
    """

    def __init__(self, parameters: Mapping[str, NDArray[Any]], config: Mapping[str, Any], dropout: float = 0.0) -> None:
        """Take over the parameters, all but the embeddings of words.

        Args:
            parameters: Arrays by name, as in transformers' BertModel, and the heads'; see `kibaru.reading.weights`.
            config: The packaged model's `config.json`.
            dropout: Share of what each feed-forward block adds that is dropped in training.
        """
        super().__init__()
        for name, value in parameters.items():
            self.register_parameter(name.replace(".", "/"), nn.Parameter(torch.tensor(value, dtype=torch.float32)))
        self.heads = int(config["num_attention_heads"])
        self.layers = int(config["num_hidden_layers"])
        self.epsilon = float(config["layer_norm_eps"])
        self.dropout = dropout

    def named(self, name: str) -> nn.Parameter:
        """The parameter of this name, with dots."""
        return self.get_parameter(name.replace(".", "/"))

    def forward(self, words: Tensor, positions: Tensor, segments: Tensor, body: Tensor, asked: Tensor) -> Logits:
        """Read passages with their questions; all but `words` as in `kibaru.reading.pairs.Packed`.

        Args:
            words: The embeddings of the tokens' words (rows, length, hidden).
            positions: Of each token in its own passage or question (rows, length).
            segments: 0 in the passage, 1, 2… in its questions, -1 in padding (rows, length).
            body: Where each passage's body begins and ends (rows, 2).
            asked: The row and the first token of each question (questions, 2).

        Returns:
            The logits.
        """
        sees = (segments[:, None, :] == 0) | (segments[:, :, None] == segments[:, None, :])
        bias = torch.zeros(sees.shape, dtype=words.dtype, device=words.device).masked_fill(~sees, FORBIDDEN)[:, None]
        located = words + self.named("embeddings.position_embeddings.weight")[positions]
        states = self._norm(located + self.named("embeddings.token_type_embeddings.weight")[0], "embeddings.LayerNorm")
        for number in range(self.layers):
            states = self._layer(states, bias, f"encoder.layer.{number}")
        return self._heads(states, body, asked)

    def _heads(self, states: Tensor, body: Tensor, asked: Tensor) -> Logits:
        at = torch.arange(states.shape[1], device=states.device)
        is_body = (at >= body[:, :1]) & (at < body[:, 1:])
        rows, places = asked[:, 0], asked[:, 1]
        question, passage = states[rows, places], states[rows]
        tokens = self._linear(states, TOKENS)[rows]
        pointers = torch.stack([self._linear(question, START), self._linear(question, END)], dim=2)
        spans = (tokens @ pointers).float() * tokens.shape[-1] ** -0.5
        inside = spans.masked_fill(~is_body[rows][:, :, None], FORBIDDEN)
        none = self._linear(question, NONE).float()
        pooled = (inside.softmax(dim=1).to(states.dtype).transpose(1, 2) @ passage).flatten(1)
        above = inside.amax(dim=1) - none
        read = functional.gelu(self._linear(torch.cat([question, pooled], dim=1), DENSE))
        if self.training and self.dropout:
            read = functional.dropout(read, self.dropout)
        answers = self._linear(torch.cat([read, above.to(read.dtype)], dim=1), ANSWERS)[:, 0].float()
        whole = torch.cat([none[:, None], inside[:, 1:]], dim=1)
        return Logits(whole[:, :, 0], whole[:, :, 1], answers)

    def _layer(self, states: Tensor, bias: Tensor, name: str) -> Tensor:
        rows, length, hidden = states.shape
        shape = (rows, length, self.heads, hidden // self.heads)
        queries, keys, values = (
            self._linear(states, f"{name}.attention.self.{part}").view(shape).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        attention = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=bias.to(queries.dtype))
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
