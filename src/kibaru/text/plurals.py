"""Counted things in a sentence."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """`1 article`, `2 articles`: for nouns that take an s."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def are(count: int) -> str:
    """The verb that goes with it."""
    return "is" if count == 1 else "are"
