"""Parse EPUB books: each chapter with enough text is an article, titled "Book — Chapter"."""

from __future__ import annotations

import posixpath
import re
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.ingest.html.tree import parse_html, text_blocks
from kibaru.ingest.xml import parse_xml
from kibaru.ingest.zip_files import open_package, read_part
from kibaru.types import Article

_CHAPTER = 200
"""Characters that a chapter has at least; covers, title pages and dedications have fewer."""

_MAX_CHAPTERS = 2_000
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENTS = re.compile(
    r"^(?:table des matières|sommaire|contents|table of contents|index|copyright|colophon|índice)$", re.I
)


def articles_from_epub(data: bytes) -> list[Article]:
    """Parse a book.

    Returns:
        Its chapters in reading order, each with the book's author, language, publisher and date.

    Raises:
        BadInput: It is no book, is locked by DRM, or no chapter has text.
    """
    archive = open_package(data)
    if read_part(archive, "META-INF/rights.xml"):
        raise BadInput("it is locked by its seller; ask for a copy without")
    container = parse_xml(read_part(archive, "META-INF/container.xml"))
    rootfile = container.find(".//{*}rootfile") if container is not None else None
    path = rootfile.get("full-path", "") if rootfile is not None else ""
    opf = parse_xml(read_part(archive, path))
    if opf is None:
        raise BadInput("it is no EPUB book")

    def metadata_field(name: str) -> str:
        return " ".join((opf.findtext(f".//{_DC}{name}") or "").split())

    chapters = [found for name in _spine(opf, path) if (found := _chapter(archive, name))]
    book = metadata_field("title")
    articles = [
        make_article(
            title=" — ".join(filter(None, (book, heading))),
            text=text,
            author=metadata_field("creator"),
            outlet=metadata_field("publisher"),
            published=date[0] if (date := re.match(r"\d{4}-\d\d-\d\d", metadata_field("date"))) else "",
            language=language[0] if (language := re.match(r"[A-Za-z]{2,3}\b", metadata_field("language"))) else "",
        )
        for heading, text in chapters
    ]
    if not articles:
        raise BadInput("no chapter of it has text")
    return articles


def _spine(opf: Any, path: str) -> list[str]:
    """The names of the book's documents in reading order, without the table of contents."""
    folder = posixpath.dirname(path)
    manifest = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))
        for item in opf.iter("{*}item")
        if "html" in (item.get("media-type") or "") and "nav" not in (item.get("properties") or "").split()
    }
    order = [manifest[ref.get("idref")] for ref in opf.iter("{*}itemref") if ref.get("idref") in manifest]
    return list(dict.fromkeys(order))[:_MAX_CHAPTERS]


def _chapter(archive: ZipFile, name: str) -> tuple[str, str] | None:
    """The heading and the text of a chapter; None when it has too little text."""
    data = read_part(archive, name)
    if not data.strip():
        return None
    tree = parse_html(data)
    blocks = text_blocks(tree)
    heading = next(
        (
            words
            for tag in ("h1", "h2", "h3", "title")
            for e in tree.iter(tag)
            if (words := " ".join(e.text_content().split()))
        ),
        "",
    )
    if blocks and blocks[0].removeprefix("## ") == heading:
        blocks = blocks[1:]
    text = "\n\n".join(blocks)
    return (heading, text) if len(text) >= _CHAPTER and not _CONTENTS.match(heading) else None
