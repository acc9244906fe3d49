"""Telegram's HTML: from marked-up source to plain text and entities, or a refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import utf16
from .errors import ApiError, bad
from .formatted import Entity, Formatted, tidy
from .urls import url_problem

_TYPES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "span": "spoiler", "a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}  # fmt: skip
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|([a-zA-Z][a-zA-Z0-9]*));?")
_DROPPED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")


def clean(text: str) -> str:
    """Text as Telegram keeps it: no carriage returns or direction overrides, control characters as spaces."""
    return _CONTROL.sub(" ", _DROPPED.sub("", text))


@dataclass
class _Open:
    tag: str
    begin: int
    entity: Entity


class _Parser:
    def __init__(self, source: str, strict: bool) -> None:
        self.source, self.strict = source, strict
        self.at = 0
        self.out: list[str] = []
        self.size = 0
        self.stack: list[_Open] = []
        self.entities: list[Entity] = []

    def error(self, what: str) -> ApiError:
        return bad(f"can't parse entities: {what}")

    def where(self, at: int) -> str:
        return f"at byte offset {len(self.source[:at].encode('utf-8', 'surrogatepass'))}"

    def peek(self) -> str:
        return self.source[self.at] if self.at < len(self.source) else ""

    def emit(self, text: str) -> None:
        self.out.append(text)
        self.size += utf16.length(text)

    def reference(self) -> str:
        """Decode the ``&...;`` here, or take the ampersand as it is."""
        found = _REFERENCE.match(self.source, self.at)
        decoded = ""
        if found:
            decimal, hexadecimal, name = found.groups()
            if name is not None:
                decoded = _NAMED.get(name, "")
            else:
                code = int(decimal) if decimal else int(hexadecimal, 16)
                decoded = clean(chr(code)) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
        if found and decoded:
            self.at = found.end()
            return decoded
        if self.strict:
            shown = found.group() if found else "&"
            raise self.error(f'Unsupported HTML entity "{shown}" {self.where(self.at)}')
        self.at += 1
        return "&"

    def run(self) -> Formatted:
        source = self.source
        while self.at < len(source):
            char = source[self.at]
            if char == "&":
                self.emit(self.reference())
            elif char == "<":
                if source.startswith("</", self.at):
                    self.end_tag()
                else:
                    self.start_tag()
            else:
                stop = re.compile("[<&]").search(source, self.at)
                end = stop.start() if stop else len(source)
                self.emit(source[self.at : end])
                self.at = end
        if self.stack:
            last = self.stack[-1]
            raise self.error(f'Can\'t find end tag corresponding to start tag "{last.tag}"')
        return tidy("".join(self.out), self.entities)

    def name(self, stops: str) -> str:
        begin = self.at
        while self.at < len(self.source) and not self.peek().isspace() and self.peek() not in stops:
            self.at += 1
        return self.source[begin : self.at].lower()

    def skip_space(self) -> None:
        while self.peek().isspace():
            self.at += 1

    def start_tag(self) -> None:
        begin = self.at
        self.at += 1
        tag = self.name(">")
        if not self.peek():
            raise self.error(f"Unclosed start tag {self.where(begin)}")
        if tag not in _TYPES:
            raise self.error(f'Unsupported start tag "{tag}" {self.where(begin)}')
        attributes: dict[str, str] = {}
        while True:
            self.skip_space()
            if not self.peek():
                raise self.error(f"Unclosed start tag {self.where(begin)}")
            if self.peek() == ">":
                self.at += 1
                break
            self.attribute(tag, begin, attributes)
        self.stack.append(_Open(tag, self.size, self.entity(tag, attributes, begin)))

    def attribute(self, tag: str, begin: int, attributes: dict[str, str]) -> None:
        name = self.name("=>/\"'")
        if not name:
            raise self.error(f'Empty attribute name in the tag "{tag}" {self.where(begin)}')
        self.skip_space()
        if self.peek() != "=":
            if tag == "blockquote" and name == "expandable":
                attributes[name] = ""
                return
            problem = f'Expected equal sign in declaration of an attribute of the tag "{tag}" {self.where(begin)}'
            raise self.error(problem)
        self.at += 1
        self.skip_space()
        quote = self.peek()
        if quote not in ("'", '"'):
            found = re.compile(r"[A-Za-z0-9.\-]*").match(self.source, self.at)
            token = found.group() if found else ""
            self.at += len(token)
            if not self.peek().isspace() and self.peek() != ">":
                raise self.error(f"Unexpected end of name token {self.where(self.at - len(token))}")
            attributes[name] = token.lower()
            return
        self.at += 1
        value: list[str] = []
        while self.peek() != quote:
            if not self.peek():
                raise self.error(f"Unclosed start tag {self.where(begin)}")
            if self.peek() == "&":
                value.append(self.reference())
            else:
                value.append(self.peek())
                self.at += 1
        self.at += 1
        attributes[name] = "".join(value)

    def entity(self, tag: str, attributes: dict[str, str], begin: int) -> Entity:
        entity: Entity = {"type": _TYPES[tag]}
        if tag == "a":
            entity["url"] = attributes.get("href", "")
        elif tag == "code" and attributes.get("class", "").startswith("language-"):
            entity["language"] = attributes["class"].removeprefix("language-")
        elif tag == "span" and attributes.get("class") != "tg-spoiler":
            raise self.error(f'Tag "span" must have class "tg-spoiler" {self.where(begin)}')
        elif tag == "tg-emoji":
            if not attributes.get("emoji-id", "").isdigit():
                raise self.error("Invalid custom emoji identifier specified")
            entity["custom_emoji_id"] = attributes["emoji-id"]
        elif tag == "blockquote" and "expandable" in attributes:
            entity["type"] = "expandable_blockquote"
        return entity

    def end_tag(self) -> None:
        begin = self.at
        self.at += 2
        tag = self.name(">")
        if not self.stack:
            raise self.error(f"Unexpected end tag {self.where(begin)}")
        self.skip_space()
        if self.peek() != ">":
            raise self.error(f"Unclosed end tag {self.where(begin)}")
        self.at += 1
        opened = self.stack.pop()
        if tag and tag != opened.tag:
            raise self.error(f'Unmatched end tag {self.where(begin)}, expected "</{opened.tag}>", found "</{tag}>"')
        entity = {**opened.entity, "offset": opened.begin, "length": self.size - opened.begin}
        if entity["type"] == "text_link":
            entity["url"] = entity["url"] or utf16.cut("".join(self.out), opened.begin, entity["length"])
            if url_problem(entity["url"]):
                return  # Telegram keeps the words and drops the link
            entity["url"] = entity["url"] if ":" in entity["url"] else "http://" + entity["url"]
        self.entities.append(entity)


def parse_html(source: str, *, strict: bool = True) -> Formatted:
    """Parse Telegram HTML.

    ``strict`` also refuses a bare ``&`` or an entity Telegram does not know: its documentation forbids
    them, its server shows them as they are.
    """
    return _Parser(clean(source), strict).run()
