"""Parse documents of word processors (.docx, .odt): paragraphs, headings, lists, tables as lines, and metadata."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.ingest.xml import parse_xml
from kibaru.ingest.zip_files import open_package, read_part
from kibaru.types import Article

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_ASIDE = {_OFFICE + "annotation", _TEXT + "note", _TEXT + "tracked-changes", _TEXT + "sequence-decls"}
_MAX_HEADING = 120
_DEFAULT_AUTHOR = re.compile(r"^(?:python-docx|user|admin\w*|utilisateur|author|auteur|windows.*|unknown|hp|pc)$", re.I)
_DEFAULT_TITLE = re.compile(
    r"^(?:document\d*|sans titre.*|untitled.*|word document|titre)$|\.(?:docx?|odt|dotx?)$", re.I
)


def article_from_docx(data: bytes) -> Article:
    """Parse a Word document.

    The title is that of its properties, a paragraph in the style Title, or its first heading or line. The dates are
    those of its creation and last change. Comments and deleted text are left out, inserted text is kept.

    Raises:
        BadInput: It is damaged or has no text.
    """
    import docx
    from docx.table import Table

    open_package(data)
    document: Any = docx.Document(io.BytesIO(data))
    styles = {style.style_id: style.name or "" for style in document.styles}
    blocks = list[tuple[str, str]]()  # a kind ("title", "heading", "item", "text") and its text
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            blocks += [("text", row) for row in _word_rows(part._tbl)]
        else:
            blocks += _word_paragraph(part, styles)
    properties = document.core_properties
    return _article(
        blocks,
        title=properties.title or "",
        author=properties.author or "",
        published=properties.created.date().isoformat() if properties.created else "",
        modified=properties.modified.date().isoformat() if properties.modified else "",
    )


def _word_paragraph(paragraph: Any, styles: dict[str, str]) -> Iterator[tuple[str, str]]:
    style = styles.get(paragraph._p.style or "", "")
    text = _word_text(paragraph._p)
    if not text:
        return
    if style == "Title":
        yield "title", text
    elif style.startswith("Heading") or _is_bold_heading(paragraph, text):
        yield "heading", text
    elif style.startswith("List") or paragraph._p.find(f".//{_W}numPr") is not None:
        yield "item", text
    else:
        yield "text", text


def _is_bold_heading(paragraph: Any, text: str) -> bool:
    runs = [run for run in paragraph.runs if run.text.strip()] if len(text) <= _MAX_HEADING else []
    return bool(runs) and all(run.bold for run in runs) and not re.search(r"[.!?…:;,]$", text)


def _word_rows(table: Any) -> Iterator[str]:
    for row in table.iter(_W + "tr"):
        cells = (_word_text(cell) for cell in row.iterchildren(_W + "tc"))
        if line := " | ".join(filter(None, cells)):
            yield line


def _word_text(element: Any) -> str:
    """The text of an element with insertions, without the fallbacks for programs that cannot show a drawing."""
    pieces = list[str]()
    fallback = {id(part) for found in element.iter(_FALLBACK) for part in found.iter()}
    for part in element.iter(_W + "t", _W + "tab", _W + "br", _W + "cr", _W + "p"):
        if id(part) not in fallback:
            pieces.append(part.text or "" if part.tag == _W + "t" else " ")
    return " ".join("".join(pieces).split())


def article_from_odt(data: bytes) -> Article:
    """Parse a text document of LibreOffice; title and dates as in `article_from_docx`.

    Notes, comments and deleted text are left out.

    Raises:
        BadInput: It is damaged, no text document, or has no text.
    """
    archive = open_package(data)
    content, meta = (parse_xml(read_part(archive, name)) for name in ("content.xml", "meta.xml"))
    if content is None:
        raise BadInput("it is no document of LibreOffice Writer")
    body = content.find(f".//{_OFFICE}text")
    blocks = list(_odt_blocks(body, in_list=False)) if body is not None else []

    def metadata_field(*names: str) -> str:
        found = [(meta.findtext(f".//{name}") or "").strip() for name in names] if meta is not None else []
        return next(filter(None, found), "")

    return _article(
        blocks,
        title=metadata_field(_DC + "title"),
        author=metadata_field(_META + "initial-creator", _DC + "creator"),
        published=metadata_field(_META + "creation-date")[:10],
        modified=metadata_field(_DC + "date")[:10],
    )


def _odt_blocks(element: Any, in_list: bool) -> Iterator[tuple[str, str]]:
    for part in element:
        if part.tag in _ASIDE or not isinstance(part.tag, str):
            continue
        if part.tag == _TEXT + "h":
            yield "heading", _odt_text(part)
        elif part.tag == _TEXT + "p":
            style = part.get(_TEXT + "style-name") or ""
            yield "title" if style == "Title" else "item" if in_list else "text", _odt_text(part)
        elif part.tag == _TABLE + "table-row":
            cells = (_odt_text(cell) for cell in part.iterchildren(_TABLE + "table-cell"))
            yield "text", " | ".join(filter(None, cells))
        else:
            yield from _odt_blocks(part, in_list or part.tag == _TEXT + "list-item")


def _odt_text(element: Any) -> str:
    pieces = [element.text or ""]
    for part in element:
        if part.tag in (_TEXT + "s", _TEXT + "tab", _TEXT + "line-break"):
            pieces.append(" ")
        elif isinstance(part.tag, str) and part.tag not in _ASIDE:
            pieces.append(_odt_text(part) + (" " if part.tag == _TEXT + "p" else ""))
        pieces.append(part.tail or "")
    return " ".join("".join(pieces).split())


def _article(blocks: list[tuple[str, str]], *, title: str, author: str, published: str, modified: str) -> Article:
    blocks = [(kind, text) for kind, text in blocks if text]
    if not blocks:
        raise BadInput("it has no text")
    title = "" if _DEFAULT_TITLE.search(title.strip()) else " ".join(title.split())
    if not title:
        title = next((text for kind, text in blocks if kind == "title"), "")
    if not title and len(blocks) > 1 and (blocks[0][0] == "heading" or len(blocks[0][1]) <= _MAX_HEADING):
        title = blocks[0][1]
    if len(blocks) > 1 and blocks[0][1].casefold() == title.casefold():
        del blocks[0]
    marks = {"heading": "## ", "title": "## ", "item": "- ", "text": ""}
    return make_article(
        title=title,
        text="\n\n".join(marks[kind] + text for kind, text in blocks),
        author="" if _DEFAULT_AUTHOR.match(author.strip()) else author,
        published=published,
        modified=modified,
    )
