"""Mutation testing; `run.py` is the way in."""
