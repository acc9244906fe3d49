"""Numbers with their nouns and verbs, in English messages."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """A number with its noun, "1 article" or "2 articles", for nouns whose plural takes an s."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def are(count: int) -> str:
    """The form of "to be" that goes with a number: "is" or "are"."""
    return "is" if count == 1 else "are"
