"""Cleaning a text before it is stored or searched."""

from __future__ import annotations

import re
import unicodedata


def clean(text: str) -> str:
    """Normalise line ends to `\\n` and accents to composed characters (NFC), and remove control characters."""
    return unicodedata.normalize("NFC", UNWANTED.sub("", _NEW_LINE.sub("\n", text)))


UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff]")
"""Control characters, surrogates and byte order marks."""


_NEW_LINE = re.compile(r"\r\n?|\x85|\u2028|\u2029")
