"""Names for the numpy arrays that packages exchange; not in `kibaru.types`, because importing numpy takes long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""One vector: shape (dimension,)."""

Vectors = NDArray[np.float32]
"""Vectors, a row each: shape (n, dimension); they have length 1 unless it is said otherwise."""

Ids = NDArray[np.int64]
"""Ids of passages: shape (n,)."""
