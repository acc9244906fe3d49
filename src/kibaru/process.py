"""Settings of the numeric libraries, which a program of ours makes before it loads them.

The libraries read these environment variables when they are loaded. Importing `kibaru` sets none of them: a program
that uses Kibaru as a library may call `prepare` as its first step, or choose values of its own.
"""

from __future__ import annotations

import os

_DEFAULTS = {
    # Waiting OpenMP threads sleep: threads that spin slow an answer down while another process is busy.
    "OMP_WAIT_POLICY": "PASSIVE",
    # numpy multiplies small matrices only: a second thread would take time from the model's threads.
    "OPENBLAS_NUM_THREADS": "1",
    # Compiled kernels that oneDNN keeps, one for each length of text: more take memory.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32",
}


def prepare() -> None:
    """Set the environment variables of OpenMP, OpenBLAS and oneDNN that are not set yet.

    Call this before numpy, faiss, OpenVINO or torch are imported.
    """
    for variable, value in _DEFAULTS.items():
        os.environ.setdefault(variable, value)
