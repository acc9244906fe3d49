"""Kibaru answers questions about a newsroom's articles with quotes, word for word, and their source."""

import os

__version__ = "0.2.0"

# Threads that wait for work must sleep, not spin: beside one busy process an answer took 2 s instead of 0.1 s. OpenMP
# reads this when it is loaded, so it is set before anything that loads it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# The products of matrices that numpy is left with are small: a second thread that spins for them takes more time from
# the model's own threads than it saves.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# oneDNN keeps a compiled kernel for each shape of input, 1024 of them unless told otherwise; texts have many lengths,
# and embedding 1,000 passages took 90 MB more.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")
