"""Names for the numpy arrays that several packages exchange; apart from `kibaru.types`, as importing numpy takes long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""One vector: shape (dimension,)."""

Vectors = NDArray[np.float32]
"""Vectors, a row each: shape (n, dimension); they have length 1 unless it is said otherwise."""

Ids = NDArray[np.int64]
"""Ids of passages: shape (n,)."""
