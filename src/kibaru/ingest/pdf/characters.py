"""The characters that pdfium finds on the pages of a PDF, grouped into lines."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from kibaru.ingest.pdf.layout import Line, PdfPage

_MAX_CHARACTERS = 100_000
"""Characters of one page that are used; a newspaper's broadsheet has 20,000."""

_TALLEST = 14_400
"""Points: the longest side that a page of PDF may have."""

_BOLD_WEIGHT = 600
"""Font weight from which letters count as bold; 400 is regular and 700 bold."""

_LIGATURE = re.compile("[\ufb00-\ufb06]")
_HYPHEN_MARKS = "\x02\ufffe"
"""Characters by which pdfium stands for a hyphen at the end of a line."""

_Edges = tuple[float, float, float, float]
"""Left, bottom, right and top of a box, in points."""


def page_lines(document: Any, number: int) -> PdfPage:
    """Extract the lines of one page, without those that are too small or too tall to be seen.

    Args:
        document: A `pypdfium2.PdfDocument`.
        number: Number of the page, from 0.
    """
    page = document[number]
    try:
        width, height = page.get_size()
        text_page = page.get_textpage()
        try:
            left, bottom, _, _ = page.get_bbox()
            lines = tuple(
                Line(x.text, x.left - left, x.right - left, x.bottom - bottom, x.top - bottom, x.bold)
                for x in _lines(text_page)
                if 0 < x.size < _TALLEST
            )
        finally:
            text_page.close()
    finally:
        page.close()
    return PdfPage(lines, width, height)


def _lines(text_page: Any) -> Iterator[Line]:
    """Group the characters of a page into lines: pdfium's line ends and wide gaps end a line."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    handle = text_page.raw
    letters: list[str] = []
    edges: _Edges = (0.0, 0.0, 0.0, 0.0)
    is_bold = False
    for at in range(min(text_page.count_chars(), _MAX_CHARACTERS)):
        character = chr(raw.FPDFText_GetUnicode(handle, at))
        if character in "\r\n":
            if letters:
                yield _line(letters, edges, is_bold)
                letters = []
            continue
        if not raw.FPDFText_GetLooseCharBox(handle, at, ctypes.byref(box)):
            continue
        if character.isspace():
            if letters:
                letters.append(" ")
            continue
        if letters:
            size = box.top - box.bottom
            gap = max(box.left - edges[2], edges[0] - box.right)
            if gap > 1.6 * size or abs(box.bottom - edges[1]) > 0.6 * size:
                yield _line(letters, edges, is_bold)
                letters = []
            elif gap > 0.25 * size and letters[-1] != " ":
                letters.append(" ")
        if letters:
            edges = _extended(edges, box)
        else:
            edges = (box.left, box.bottom, box.right, box.top)
            is_bold = _is_bold(handle, at)
        letters.append(character)
    if letters:
        yield _line(letters, edges, is_bold)


def _extended(edges: _Edges, box: Any) -> _Edges:
    """The smallest box around `edges` and the box of a character."""
    return min(edges[0], box.left), min(edges[1], box.bottom), max(edges[2], box.right), max(edges[3], box.top)


def _is_bold(handle: Any, at: int) -> bool:
    """Whether the character at an index is bold, by its font's weight or name."""
    from pypdfium2 import raw

    return bool(raw.FPDFText_GetFontWeight(handle, at) >= _BOLD_WEIGHT or "bold" in _font_name(handle, at).lower())


def _font_name(handle: Any, at: int) -> str:
    from pypdfium2 import raw

    buffer = ctypes.create_string_buffer(128)
    raw.FPDFText_GetFontInfo(handle, at, buffer, 128, ctypes.byref(ctypes.c_int()))
    return buffer.value.decode("utf-8", "replace")


def _line(letters: list[str], edges: _Edges, is_bold: bool) -> Line:
    """Make a line of its characters, with ligatures as letters and single spaces."""
    text = "".join("-" if letter in _HYPHEN_MARKS else letter for letter in letters)
    text = _LIGATURE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), " ".join(text.split()))
    left, bottom, right, top = edges
    return Line(text, left, right, bottom, top, is_bold)
