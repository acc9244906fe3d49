"""The Telegram front end of Kibaru."""

import os

# Threads of torch that wait for each other must sleep, not spin: with another process on the same two cores, spinning
# made a question cost 1.8 s instead of 0.12 s. Read when torch is loaded, hence here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
