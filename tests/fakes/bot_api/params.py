"""The parameters of one request, read the way Telegram reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .errors import bad
from .formatted import Formatted, tidy
from .markup import clean, parse_html


@dataclass(frozen=True)
class Upload:
    """A file of a multipart request."""

    filename: str
    content_type: str
    body: bytes


@dataclass
class Params:
    """Values by name, as sent: strings (form, query) or JSON values."""

    values: dict[str, Any]
    files: dict[str, Upload] = field(default_factory=dict)
    strict_entities: bool = True

    def text(self, name: str, default: str = "") -> str:
        """A string; numbers are taken as text."""
        value = self.values.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """An integer, or ``default`` when missing or unreadable, as Telegram does."""
        try:
            return int(self.values.get(name, default))
        except (TypeError, ValueError):
            return default

    def flag(self, name: str) -> bool:
        """A boolean: true, 1, yes."""
        return str(self.values.get(name, "")).strip().lower() in {"true", "1", "yes", "t", "y"}

    def data(self, name: str) -> Any:
        """A JSON value, ``None`` when missing."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from None

    def mapping(self, name: str) -> dict[str, Any] | None:
        """A JSON object, ``None`` when missing."""
        value = self.data(name)
        if value is not None and not isinstance(value, dict):
            raise bad(f"object expected as {name.replace('_', ' ')}")
        return value

    def array(self, name: str) -> list[Any]:
        """A JSON array, empty when missing."""
        value = self.data(name)
        if value is not None and not isinstance(value, list):
            raise bad(f"expected an Array of {name}")
        return value or []

    def formatted(self, name: str, entities: str = "entities") -> Formatted:
        """The formatted text of ``name``."""
        return format_text(self.text(name), self.text("parse_mode"), self.array(entities), self.strict_entities)


def format_text(source: str, parse_mode: str, entities: list[Any], strict: bool) -> Formatted:
    """Text with its entities, given as HTML or as an explicit list."""
    mode = parse_mode.lower()
    if mode == "html":
        return parse_html(source, strict=strict)
    if mode and mode != "none":
        raise bad("unsupported parse_mode")  # Markdown: this server takes HTML only
    for entity in entities:
        if not isinstance(entity, dict) or "type" not in entity:
            raise bad("can't parse MessageEntity: Can't find field \"type\"")
        if int(entity.get("offset", -1)) < 0 or int(entity.get("length", 0)) <= 0:
            raise bad("entity offset or length is invalid")
    return tidy(clean(source), [dict(entity) for entity in entities])
