"""What was said, as a reader of the test's output sees it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .formatted import Entity
from .model import Message

_MARKS = {"bold": "**", "italic": "_", "code": "`", "strikethrough": "~~", "spoiler": "||", "underline": "__"}
_QUOTES = {"blockquote", "expandable_blockquote"}


@dataclass(frozen=True)
class Event:
    """One thing that happened in a chat."""

    chat_id: int
    speaker: str
    what: str


def describe(message: Message) -> str:
    """A message as lines: reply mark, marked-up text, attachment, buttons in brackets."""
    head = f"#{message.id}"
    if message.versions:
        head += " (edited)"
    replied = message.raw.get("reply_to_message")
    if replied and "forum_topic_created" not in replied:
        head += f" (reply to #{replied['message_id']})"
    if message.raw.get("forward_origin"):
        head += " (forwarded)"
    if message.raw.get("is_topic_message"):
        head += f" (topic {message.thread_id})"
    lines = [head, *marked(message.text, message.entities).splitlines()]
    lines += [f"<{kind}>" for kind in ("voice", "photo", "sticker", "audio", "video") if kind in message.raw]
    if message.document:
        lines.append(f"<file {message.document.get('file_name', '')}>")
    if "forum_topic_created" in message.raw:
        lines.append(f"<opens the topic {message.raw['forum_topic_created']['name']}>")
    lines += [" ".join(f"[{button['text']}]" for button in row) for row in message.buttons]
    return "\n".join(lines)


def marked(text: str, entities: Iterable[Entity]) -> str:
    """Plain text with light marks for the entities: ``**bold**``, ``> quotes``, ``[title](url)``."""
    marks: dict[int, list[str]] = {}
    quoted: list[tuple[int, int]] = []
    for entity in entities:
        begin, end = entity["offset"], entity["offset"] + entity["length"]
        if entity["type"] in _QUOTES:
            quoted.append((begin, end))
            continue
        link = entity["type"] == "text_link"
        opening = "[" if link else _MARKS.get(entity["type"], "")
        marks.setdefault(begin, []).append(opening)
        marks.setdefault(end, []).insert(0, f"]({entity['url']})" if link else opening)
    out: list[str] = []
    line_start, at = True, 0
    for char in text:
        if line_start and any(begin <= at < end for begin, end in quoted):
            out.append("> ")
        out.extend(marks.get(at, ()))
        out.append(char)
        at += 2 if char > "\uffff" else 1
        line_start = char == "\n"
    out.extend(marks.get(at, ()))
    return "".join(out)


def write(events: Iterable[Event]) -> str:
    """The transcript: speakers at the left, their words indented; repeated actions once."""
    lines: list[str] = []
    previous: Event | None = None
    for event in events:
        if event == previous and event.what.startswith("("):
            continue
        first, *rest = event.what.split("\n")
        lines.append(f"{event.speaker}: {first}")
        lines += ["    " + line for line in rest]
        previous = event
    return "\n".join(lines)
