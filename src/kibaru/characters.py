"""Properties of single characters."""

from __future__ import annotations

import unicodedata

_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f\u20e3\u034f")


def is_combining(character: str) -> bool:
    """Whether a character is drawn on the one before it: an accent, a skin tone, a joiner."""
    return (
        unicodedata.combining(character) > 0
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character in _JOINERS
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
