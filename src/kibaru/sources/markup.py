"""Text from the HTML of an article's body, as feeds and APIs carry it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from kibaru.errors import BadInput
from kibaru.ingest.article import MAX_TEXT
from kibaru.ingest.html.boilerplate import is_boilerplate_line, strip_boilerplate
from kibaru.ingest.html.tree import normalize_layout, parse_html, text_blocks
from kibaru.text.cleaning import clean


def text_of_html(html: str) -> str:
    """The text of a piece of HTML without what themes and plugins add.

    Returns:
        Paragraphs, headings (`## `) and list items (`- `), apart by blank lines; empty for empty HTML.

    Raises:
        BadInput: It is too large, or its elements are nested too deeply.
    """
    if len(html) > MAX_TEXT:
        raise BadInput(f"its HTML has {len(html):,} characters; an article may have {MAX_TEXT:,}")
    if not html.strip():
        return ""
    tree = parse_html(f"<html><body><main>{html}</main></body></html>".encode("utf-8", "ignore"))
    normalize_layout(tree)
    strip_boilerplate(tree)
    lines = [line for line in text_blocks(tree) if not is_boilerplate_line(line.removeprefix("## ").removeprefix("- "))]
    while lines and lines[-1].startswith("## "):
        lines.pop()
    return "\n\n".join(lines)


def as_text(value: Any) -> str:
    """A string out of JSON or a feed without lone surrogates, which JSON may hold; empty for any other value."""
    return value.encode("utf-8", "ignore").decode() if isinstance(value, str) else ""


def plain(markup: str) -> str:
    """One line of text from a title or name that holds entities and tags."""
    return " ".join(clean(unescape(re.sub(r"<[^<>]{0,300}>", "", markup[:2_000]))).split())
