"""Converting a PDF into an article: its text in reading order, where each page starts, title, author and date."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.ingest.html.metadata import is_byline
from kibaru.ingest.html.publication_date import visible_date
from kibaru.ingest.pdf.characters import page_lines
from kibaru.ingest.pdf.layout import Line, PdfPage, columns_in_reading_order, is_at_edge, without_running_heads
from kibaru.ingest.pdf.paragraphs import BULLET, append_line, group_into_paragraphs, join_lines, line_spacing
from kibaru.types import Article

MAX_PAGES = 3_000
"""Pages that a PDF may have; the longest report a newsroom would add has some 1,000."""

_HEAD_LINES = 15
"""Lines of the first page in which a byline is looked for."""

_MAX_TITLE = 300
"""Characters of a title; larger print than that is not a title."""

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ENDS_PARAGRAPH = re.compile(r"[.!?…:;؟][\"'»”’)\]]*$")
_PROGRAM = re.compile(
    r"microsoft|word|acrobat|adobe|writer|libreoffice|openoffice|indesign|quark|untitled|sans titre|document\d*$|"
    r"\.(?:docx?|odt|pdf|indd|qxp|rtf|tex)\b|^[\W\d_]*$|anonymous|unspecified",
    re.I,
)
"""Titles and authors in the metadata that are the name of a program or a file."""

_NO_PERSON = re.compile(
    r"^(?:user|admin\w*|utilisateur|owner|hp|dell|lenovo|pc|acer|asus|client|windows.*|unknown)$", re.I
)
"""Authors in the metadata that are the name of an account or a computer."""


def article_from_pdf(data: bytes) -> Article:
    """Convert a PDF into an article.

    The title is that of the metadata, unless that names a program or a file; else the largest print on the first page.
    The date is one in a running head or a byline; else the day on which the file was made.

    Args:
        data: The bytes of the file.

    Raises:
        BadInput: It is damaged, needs a password, has too many pages, or has no text because it is a scan.
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
        pages = [page_lines(document, number) for number in range(len(document))]
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
    """Make the article.

    Args:
        pages: The pages without running heads.
        dated: The lines of the first page in which the date may stand.
        metadata: The metadata of the file.
    """
    lines = [line for page in pages for line in page.lines]
    sizes = Counter[float]()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    body_size = sizes.most_common(1)[0][0]
    words = Counter(word.lower() for line in lines for word in _WORD.findall(line.text.rstrip("-\u00ad")))
    title, title_lines = _title(pages[0], metadata.get("Title", ""), body_size)
    columns = [columns_in_reading_order((x for x in page.lines if x not in title_lines), page.width) for page in pages]
    spacing = line_spacing(column for of_page in columns for column in of_page)
    text = _PagedText(words)
    for of_page in columns:
        text.add_page(
            (mark, join_lines((line.text for line in group), words))
            for column in of_page
            for mark, group in group_into_paragraphs(column, body_size, spacing)
        )
    author = metadata.get("Author", "").strip()
    return make_article(
        title=title,
        text="\n\n".join(text.blocks),
        pages=text.page_starts,
        author="" if _NO_PERSON.match(author) or _PROGRAM.search(author) else author,
        published=visible_date(dated) or _creation_day(metadata.get("CreationDate", "")),
    )


class _PagedText:
    """The text of several pages; a paragraph that continues in the next column or on the next page is joined.

    Attributes:
        blocks: The paragraphs, headings and list items so far, to be joined by blank lines.
        page_starts: The offset in the joined text at which each page starts.
    """

    def __init__(self, words: Counter[str]) -> None:
        """`words` are those of the document with their counts, by which hyphens are resolved."""
        self.blocks: list[str] = []
        self.page_starts: list[int] = []
        self._words = words
        self._length = 0  # of the blocks so far, with the blank lines behind them
        self._is_open = False  # whether the last block ends in the middle of a sentence

    def add_page(self, paragraphs: Iterable[tuple[str, str]]) -> None:
        """Append the paragraphs of a page, each with its mark ("## ", "- " or "")."""
        starts = [self._add(mark, text) for mark, text in paragraphs]
        self.page_starts.append(starts[0] if starts else self._length)

    def _add(self, mark: str, text: str) -> int:
        """Append a paragraph, or continue the last one with it; returns the offset at which it starts."""
        if self._is_open and not mark and not text[0].isupper() and self.blocks:
            self._length -= len(self.blocks[-1]) + 2
            joined = append_line(self.blocks.pop(), text, self._words)
            start = self._length + len(joined) - len(text)
            text = joined
        else:
            start = self._length
            text = mark + (BULLET.sub("", text) if mark == "- " else text)
        self.blocks.append(text)
        self._length += len(text) + 2
        self._is_open = not mark.strip("- ") and not _ENDS_PARAGRAPH.search(text)
        return start


def _title(page: PdfPage, named: str, body_size: float) -> tuple[str, set[Line]]:
    """Find the title.

    Args:
        page: The first page.
        named: The title in the metadata.
        body_size: The height of most lines, in points.

    Returns:
        The title, and the lines of the page that print it, to be left out of the text.
    """
    named = " ".join(named.split())
    named = "" if _PROGRAM.search(named) or len(named) < 4 else named
    largest = max((line.size for line in page.lines), default=0)
    big = [line for line in page.lines if line.size > 0.93 * largest and largest > 1.15 * body_size]
    printed = " ".join(line.text for line in sorted(big, key=lambda x: (-x.top, x.left)))
    if len(printed) > _MAX_TITLE:
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


def _creation_day(written: str) -> str:
    """The ISO date in a PDF's `D:20250304093000+00'00'`; "" where there is none from 1990 to today."""
    found = re.match(r"(?:D:)?(\d{4})(\d\d)(\d\d)", written)
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        return ""
    return day.isoformat() if day and day.year >= 1990 and day <= date.today() else ""


def _comparison_key(text: str) -> str:
    """The letters of a text in lower case, to compare titles."""
    return re.sub(r"[\W_]+", "", text).lower()
