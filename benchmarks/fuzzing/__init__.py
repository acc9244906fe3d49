"""Fuzzing of every parser and every rendering; `run.py` is the way in."""
