"""A piece of HTML that is an article's body already, as feeds and APIs carry it, to text."""

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
    """The paragraphs, headings (`## `) and list items (`- `) in a piece of HTML, without what themes and plugins add.

    Raises BadInput when it is too large or too deep.
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
    """A string out of JSON or a feed, without the halves of characters that JSON may hold; empty for anything else."""
    return value.encode("utf-8", "ignore").decode() if isinstance(value, str) else ""


def plain(markup: str) -> str:
    """One line of text from a title or name with entities and tags in it."""
    return " ".join(clean(unescape(re.sub(r"<[^<>]{0,300}>", "", markup[:2_000]))).split())
