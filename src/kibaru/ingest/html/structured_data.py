"""Read the meta elements and the JSON-LD of a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from lxml.html import HtmlElement

_MAX_JSON = 2_000_000


def meta_contents(tree: HtmlElement, *names: str) -> Iterator[str]:
    """The contents of meta elements by name, in the order of the names."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        if content := " ".join(unescape(element.get("content") or "").split()):  # many are escaped twice
            found.setdefault(name.strip().lower(), content)
    return (found[name] for name in names if name in found)


def json_ld_objects(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """The objects of the page's JSON-LD, with those inside graphs. Damaged blocks are left out."""
    for script in tree.xpath("//script[contains(@type, 'ld+json')]/text()"):
        if len(script) > _MAX_JSON:
            continue
        try:
            waiting = [json.loads(script.strip().rstrip(";"), strict=False)]
        except (ValueError, RecursionError):
            continue
        while waiting:
            thing = waiting.pop(0)
            if isinstance(thing, list):
                waiting += thing
            elif isinstance(thing, dict):
                yield thing
                waiting += [
                    thing[key]
                    for key in ("@graph", "mainEntity", "mainEntityOfPage")
                    if isinstance(thing.get(key), dict | list)
                ]


def schema_types(thing: dict[str, Any]) -> list[str]:
    """The schema.org types of an object of JSON-LD."""
    kinds = thing.get("@type")
    return [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)]


def json_ld_text(value: Any) -> str:
    """A string of JSON-LD, or the first of several, without markup; "" for anything else."""
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name")
    if isinstance(value, list):
        value = value[0] if value else ""
    if not isinstance(value, str):
        return ""
    if "<" in value or "&" in value:
        value = re.sub(r"<[^<>]{1,200}>", " ", unescape(value))
    return value.strip() if "\n" in value.strip() else " ".join(value.split())


def normalized_text(element: HtmlElement) -> str:
    """The element's text with single spaces."""
    return " ".join("".join(element.itertext()).split())


def comparison_key(text: str) -> str:
    """Letters and digits in lower case, without a domain's ending: equal for names and titles that are the same."""
    return re.sub(r"[\W_]+", "", re.sub(r"\.(?:com|net|org|info|fr|ml|bf|sn|ci|ne)\b", "", text.lower()))
