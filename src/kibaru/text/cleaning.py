"""Text as it is kept: one kind of line end, composed accents, no control characters."""

from __future__ import annotations

import re
import unicodedata


def clean(text: str) -> str:
    """The text with one kind of line end, composed accents (NFC), and without control characters."""
    return unicodedata.normalize("NFC", UNWANTED.sub("", _NEW_LINE.sub("\n", text)))


UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff]")


_NEW_LINE = re.compile(r"\r\n?|\x85|\u2028|\u2029")
