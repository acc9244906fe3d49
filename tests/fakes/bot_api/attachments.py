"""The Bot API objects of the files people send."""

from __future__ import annotations

import mimetypes

from .model import Json
from .world import World

_EXTRA: dict[str, Json] = {
    "document": {},
    "voice": {"duration": 4, "mime_type": "audio/ogg"},
    "audio": {"duration": 180},
    "video": {"width": 640, "height": 480, "duration": 9},
    "video_note": {"length": 240, "duration": 9},
    "animation": {"width": 320, "height": 240, "duration": 2},
    "photo": {"width": 800, "height": 600},
    "sticker": {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False},
}
_NAMED = {"document", "audio", "video", "animation"}


def content(world: World, kind: str, name: str, body: bytes, mime_type: str | None, size: int | None) -> Json:
    """The part of a message that carries the file."""
    if kind not in _EXTRA:
        raise ValueError(f"unknown kind of file {kind!r}: one of {', '.join(_EXTRA)}")
    with world.changed:
        stored = world.store_file(body, name, {"photo": "photos", "voice": "voice"}.get(kind, kind + "s"), size)
    described: Json = {**stored.json(), **_EXTRA[kind]}
    if kind in _NAMED:
        described["file_name"] = name
        described["mime_type"] = mime_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
    part: Json = {kind: [described] if kind == "photo" else described}
    if kind == "animation":
        part["document"] = described
    return part
