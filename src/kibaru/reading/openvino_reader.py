"""The reader on OpenVINO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kibaru.embedding.openvino_graph import openvino
from kibaru.reading.graph import reader_graph
from kibaru.reading.pairs import Batch

_FORBIDDEN = -1e4
"""Added to the attention that padding would get."""

_OPTIONS = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False}


class Read(NamedTuple):
    """What the reader says of each pair of a question and a passage; see `kibaru.reading.torch_reader.Logits`.

    Attributes:
        start: Logits of the answer's first token (pairs, length).
        end: Logits of its last (pairs, length).
        answers: The logit that the passage answers (pairs,).
    """

    start: NDArray[np.float32]
    end: NDArray[np.float32]
    answers: NDArray[np.float32]


class OpenvinoReader:
    """A compiled reader; one thread at a time may call it."""

    def __init__(
        self,
        parameters: Mapping[str, NDArray[Any]],
        config: Mapping[str, Any],
        *,
        integers: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Compile the graph.

        Args:
            parameters: The reader's, see `kibaru.reading.weights.merged`.
            config: The configuration that comes with them.
            integers: Whether matrices are kept in 8 bits, see `reader_graph`.
            options: OpenVINO's, beside the usual ones.

        Raises:
            RuntimeError: OpenVINO cannot compile it for this processor.
        """
        graph = reader_graph(parameters, config, integers=integers)
        compiled = openvino().Core().compile_model(graph, "CPU", _OPTIONS | dict(options or {}))
        self._request = compiled.create_infer_request()

    def read(self, words: NDArray[np.float32], batch: Batch) -> Read:
        """Read pairs.

        Args:
            words: The embeddings of the tokens' words (pairs, length, hidden).
            batch: The pairs.

        Returns:
            The logits.
        """
        at = np.arange(batch.ids.shape[1])
        mask = np.where(at < batch.lengths[:, None], 0, _FORBIDDEN).astype(np.float32)
        inside = ((at >= batch.body[:, :1]) & (at < batch.body[:, 1:])).astype(np.float32)
        found = self._request.infer(dict(enumerate((words, batch.kinds, mask, inside))))
        return Read(*(np.array(found[number]) for number in range(3)))
