"""Counting as Telegram counts: UTF-16 units of the visible text, and entities."""

from __future__ import annotations

import re

from kibaru.characters import is_combining

MAX_UNITS = 4_096
"""UTF-16 units in one message, after its HTML has been parsed."""

MAX_ENTITIES = 100
"""Telegram silently drops the formatting beyond these; links, mentions and dates it finds itself count as well."""

MAX_CALLBACK = 64
"""Bytes behind one button."""

_LABEL_ENTITIES = 12
_FOUND_BY_TELEGRAM = re.compile(r"[@#/$]\w|\w\.\w|://|\d:\d|\d[\d \u00a0().-]{5,}\d")


def units(text: str) -> int:
    """UTF-16 units of `text`."""
    return len(text) + sum(character > "\uffff" for character in text)


def entities(text: str) -> int:
    """At most how many entities Telegram will find by itself in `text`: links, mentions, hashtags, numbers to call."""
    return sum(1 for _ in _FOUND_BY_TELEGRAM.finditer(text))


def fitting(text: str, most_units: int, most_entities: int = MAX_ENTITIES) -> int:
    """How many leading characters of `text` fit: all of them, else up to a space, else up to a whole character."""
    end, spent = 0, 0
    for character in text:
        spent += 1 + (character > "\uffff")
        if spent > most_units:
            break
        end += 1
    for found, match in enumerate(_FOUND_BY_TELEGRAM.finditer(text, 0, end)):
        if found >= most_entities:
            end = match.start()
            break
    if end == len(text):
        return end
    space = max(text.rfind(" ", 0, end + 1), text.rfind("\n", 0, end + 1))
    if space > end // 2:
        return len(text[:space].rstrip())
    while end > 0 and is_combining(text[end]):
        end -= 1
    if end and text[end - 1] == "\u200d":
        end -= 1
    return len(text[:end].rstrip())


def shortened(text: str, most: int) -> str:
    """`text` on one line of at most `most` UTF-16 units and a dozen entities, with an ellipsis where it was cut.

    For titles and labels, never for quotes.
    """
    text = " ".join(text.split())
    if units(text) <= most and entities(text) <= _LABEL_ENTITIES:
        return text
    return text[: fitting(text, most - 1, _LABEL_ENTITIES)].rstrip() + "…"
