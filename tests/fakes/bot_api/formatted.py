"""The last step of formatting: trimming, nesting rules and the limit on entities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import utf16

MAX_ENTITIES = 100
Entity = dict[str, Any]
_QUOTES = {"blockquote", "expandable_blockquote"}


@dataclass(frozen=True)
class Formatted:
    """Visible text with its entities, in UTF-16 units."""

    text: str
    entities: list[Entity]


def tidy(text: str, entities: list[Entity]) -> Formatted:
    """Trim as Telegram does, drop empty or ill-nested entities and all beyond the hundredth."""
    text = text.rstrip()
    first = min((entity["offset"] for entity in entities), default=utf16.length(text))
    lead = 0
    while lead < min(first, len(text)) and text[lead] in " \n":
        lead += 1
    text = text[lead:]
    size = utf16.length(text)
    kept: list[Entity] = []
    ordered = entities[::-1]  # an inner tag ends first: put the outer one before it
    ordered.sort(key=lambda item: (item["offset"], -item["length"]))
    for entity in ordered:
        begin = entity["offset"] - lead
        length = min(entity["length"], size - begin)
        if length <= 0 or not utf16.cut(text, begin, length).strip():
            continue
        inside = [outer for outer in kept if begin < outer["offset"] + outer["length"]]
        if any(outer["type"] in {"code", "pre"} for outer in inside):
            _merge_language(entity, inside)
            continue
        if entity["type"] in _QUOTES and any(outer["type"] in _QUOTES for outer in inside):
            continue
        kept.append({**entity, "offset": begin, "length": length})
        if entity["type"] == "code":
            kept[-1].pop("language", None)
    return Formatted(text, kept[:MAX_ENTITIES])


def _merge_language(entity: Entity, inside: list[Entity]) -> None:
    """``<pre><code class="language-x">`` is one ``pre`` with a language."""
    outer = inside[-1]
    if outer["type"] == "pre" and entity.get("language"):
        outer["language"] = entity["language"]
