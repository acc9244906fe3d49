"""Parse a PDF into an article: its text in reading order, the start of each page, and its metadata."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.ingest.html.metadata import is_byline
from kibaru.ingest.html.publication_date import visible_date
from kibaru.ingest.pdf.layout import (
    Line,
    PdfPage,
    append_line,
    columns_in_reading_order,
    group_into_paragraphs,
    is_at_edge,
    join_lines,
    line_spacing,
    without_running_heads,
)
from kibaru.types import Article

MAX_PAGES = 3_000
"""Pages of a PDF. The longest report a newsroom would add has some 1,000; each takes some 20 ms."""

_MAX_CHARACTERS = 100_000  # of one page; a newspaper's broadsheet has 20,000
_TALLEST = 14_400  # points: the longest side that a page of PDF may have
_HEAD_LINES = 15
_LIGATURE = re.compile("[\ufb00-\ufb06]")
_HYPHEN_MARKS = "\x02\ufffe"  # how pdfium gives a hyphen that it takes for one of a line's end
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PROGRAM = re.compile(
    r"microsoft|word|acrobat|adobe|writer|libreoffice|openoffice|indesign|quark|untitled|sans titre|document\d*$|"
    r"\.(?:docx?|odt|pdf|indd|qxp|rtf|tex)\b|^[\W\d_]*$|anonymous|unspecified",
    re.I,
)
_NO_PERSON = re.compile(
    r"^(?:user|admin\w*|utilisateur|owner|hp|dell|lenovo|pc|acer|asus|client|windows.*|unknown)$", re.I
)


def article_from_pdf(data: bytes) -> Article:
    """Read a PDF: its text, with lines joined into paragraphs, and pages, title, author and date where it has them.

    The title is that of the metadata, unless it names a program or a file, else the largest text on the first page.
    The date is one in a running head or a byline, else that of the file's creation if it is not in the future.

    Raises:
        BadInput: It is damaged, needs a password, is too long, or is a scan without text.
    """
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise BadInput("it needs a password; save a copy without one") from error
        raise BadInput("it is damaged, or no PDF") from error
    try:
        if len(document) > MAX_PAGES:
            raise BadInput(f"it has {len(document):,} pages; a PDF may have {MAX_PAGES:,}")
        pages = [_page(document, number) for number in range(len(document))]
        metadata = document.get_metadata_dict()
    finally:
        document.close()
    if sum(len(line.text) for page in pages for line in page.lines) < 20 * max(1, len(pages)):
        raise BadInput("it has no text: it is a scan, and needs OCR first (for example with ocrmypdf)")
    kept = without_running_heads(pages)
    if not any(page.lines for page in kept):
        raise BadInput("there is nothing on its pages but page numbers and running heads")
    return _article(kept, _date_lines(pages[0]), metadata)


def _date_lines(page: PdfPage) -> list[str]:
    """The lines of the first page where its date may stand: running heads, and bylines near the top."""
    return [
        line.text
        for number, line in enumerate(page.lines)
        if is_at_edge(line, page) or (number < _HEAD_LINES and is_byline(line.text, ""))
    ]


def _article(pages: list[PdfPage], dated: list[str], metadata: dict[str, str]) -> Article:
    lines = [line for page in pages for line in page.lines]
    body_size = _body_size(lines)
    words = Counter(word.lower() for line in lines for word in _WORD.findall(line.text.rstrip("-\u00ad")))
    title, title_lines = _title(pages[0], metadata.get("Title", ""), body_size)
    blocks: list[str] = []
    starts: list[int] = []
    length = 0  # of the blocks so far, with the blank lines behind them
    is_open = False
    columns = [columns_in_reading_order((x for x in page.lines if x not in title_lines), page.width) for page in pages]
    spacing = line_spacing(column for of_page in columns for column in of_page)
    for of_page in columns:
        started = False
        for column in of_page:
            for mark, group in group_into_paragraphs(column, body_size, spacing):
                text = join_lines((line.text for line in group), words)
                goes_on = is_open and not mark and not text[0].isupper() and bool(blocks)
                if goes_on:
                    length -= len(blocks[-1]) + 2
                    joined = append_line(blocks.pop(), text, words)
                    start = length + len(joined) - len(text)
                    text = joined
                else:
                    text = mark + re.sub(r"^[•▪●◦■‣·–—-]\s+", "", text) if mark == "- " else mark + text
                    start = length
                if not started:
                    starts.append(start)
                    started = True
                blocks.append(text)
                length += len(text) + 2
                is_open = not mark.strip("- ") and not re.search(r"[.!?…:;؟][\"'»”’)\]]*$", text)
        if not started:
            starts.append(length)
    return make_article(
        title=title,
        text="\n\n".join(blocks),
        pages=starts,
        author=_author(metadata),
        published=visible_date(dated) or _made(metadata.get("CreationDate", "")),
    )


def _body_size(lines: list[Line]) -> float:
    """The height in points in which most characters are set."""
    sizes = Counter[float]()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0]


def _author(metadata: dict[str, str]) -> str:
    """The author, "" where the metadata name a user account or a program."""
    author = metadata.get("Author", "").strip()
    return "" if _NO_PERSON.match(author) or _PROGRAM.search(author) else author


def _title(page: PdfPage, named: str, body_size: float) -> tuple[str, set[Line]]:
    """The title, and the lines of the first page that it is printed in, to be left out of the text."""
    named = " ".join(named.split())
    named = "" if _PROGRAM.search(named) or len(named) < 4 else named
    largest = max((line.size for line in page.lines), default=0)
    big = [line for line in page.lines if line.size > 0.93 * largest and largest > 1.15 * body_size]
    printed = " ".join(line.text for line in sorted(big, key=lambda x: (-x.top, x.left)))
    if len(printed) > 300:
        printed, big = "", []
    if named and _comparison_key(named) != _comparison_key(printed):
        big = [
            line
            for line in page.lines
            if _comparison_key(line.text) and _comparison_key(line.text) in _comparison_key(named)
        ][:4]
        shown = "".join(_comparison_key(line.text) for line in big)
        return named, set(big) if shown and shown in _comparison_key(named) and len(shown) > 0.6 * len(
            _comparison_key(named)
        ) else set()
    return printed or named, set(big)


def _made(written: str) -> str:
    """The day in `D:20250304093000+00'00'`."""
    found = re.match(r"(?:D:)?(\d{4})(\d\d)(\d\d)", written)
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        return ""
    return day.isoformat() if day and day.year >= 1990 and day <= date.today() else ""


def _comparison_key(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _page(document: Any, number: int) -> PdfPage:
    page = document[number]
    try:
        width, height = page.get_size()
        text_page = page.get_textpage()
        try:
            left, bottom, _, _ = page.get_bbox()
            lines = tuple(
                Line(x.text, x.left - left, x.right - left, x.bottom - bottom, x.top - bottom, x.bold)
                for x in _lines(text_page)
                if 0 < x.size < _TALLEST  # else nobody sees it
            )
        finally:
            text_page.close()
    finally:
        page.close()
    return PdfPage(lines, width, height)


def _lines(text_page: Any) -> Iterator[Line]:
    """Join characters into lines, which end at pdfium's line ends and at wide gaps."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    handle = text_page.raw
    letters: list[str] = []
    edges = [0.0, 0.0, 0.0, 0.0]
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
        size = box.top - box.bottom
        if letters:
            gap = max(box.left - edges[2], edges[0] - box.right)
            if gap > 1.6 * size or abs(box.bottom - edges[1]) > 0.6 * size:
                yield _line(letters, edges, is_bold)
                letters = []
            elif gap > 0.25 * size and letters[-1] != " ":
                letters.append(" ")
        if letters:
            edges = _around(edges, box)
        else:
            edges = [box.left, box.bottom, box.right, box.top]
            is_bold = raw.FPDFText_GetFontWeight(handle, at) >= 600 or "bold" in _font_name(handle, at).lower()
        letters.append(character)
    if letters:
        yield _line(letters, edges, is_bold)


def _around(edges: list[float], box: Any) -> list[float]:
    """The left, bottom, right and top of the smallest box around a line so far and one more character."""
    left, bottom, right, top = edges
    return [min(left, box.left), min(bottom, box.bottom), max(right, box.right), max(top, box.top)]


def _font_name(handle: Any, at: int) -> str:
    from pypdfium2 import raw

    buffer = ctypes.create_string_buffer(128)
    raw.FPDFText_GetFontInfo(handle, at, buffer, 128, ctypes.byref(ctypes.c_int()))
    return buffer.value.decode("utf-8", "replace")


def _line(letters: list[str], edges: list[float], is_bold: bool) -> Line:
    text = "".join("-" if letter in _HYPHEN_MARKS else letter for letter in letters)
    text = _LIGATURE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), " ".join(text.split()))
    left, bottom, right, top = edges
    return Line(text, left, right, bottom, top, is_bold)
