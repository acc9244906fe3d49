"""Lengths and slices as Telegram counts them: in UTF-16 code units."""

from __future__ import annotations


def length(text: str) -> int:
    """The number of UTF-16 code units of ``text``."""
    return len(text) + sum(char > "\uffff" for char in text)


def cut(text: str, offset: int, size: int) -> str:
    """The characters that ``size`` units from unit ``offset`` stand for."""
    if text.isascii():
        return text[offset : offset + size]
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + size)].decode("utf-16-le", "replace")
