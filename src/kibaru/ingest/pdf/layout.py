"""The layout of a PDF's pages: running heads and columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

_EDGE = 0.12
"""Share of the page's height, at the top and the bottom, in which running heads and page numbers stand."""

_PAGE_NUMBER = re.compile(
    r"^\W*(?:p(?:age|\.)?\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|sur|of|de)\s*\d{1,4})?\W*$", re.I
)
_SPANS = 0.72
"""Share of the text's width: a longer line spans all columns."""

_SMALL_PRINT = 0.9
"""Share of the text's size: a running head that is on one page only is set smaller than this."""


@dataclass(frozen=True, slots=True)
class Line:
    """A run of characters on one baseline.

    Attributes:
        text: The characters.
        left: The left edge, in points from the left edge of the page, as is `right`.
        right: The right edge.
        bottom: The lower edge, in points from the lower edge of the page, as is `top`.
        top: The upper edge.
        bold: Whether it begins in bold.
    """

    text: str
    left: float
    right: float
    bottom: float
    top: float
    bold: bool = False

    @property
    def size(self) -> float:
        """The height in points."""
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page.

    Attributes:
        lines: Its lines, in the order of the file.
        width: Its width in points.
        height: Its height in points.
    """

    lines: tuple[Line, ...]
    width: float
    height: float


def without_running_heads(pages: Sequence[PdfPage]) -> list[PdfPage]:
    """Remove page numbers and running heads: lines at the edge that several pages share but for their digits."""
    at_edge = Counter(key for page in pages for key in {_key(line) for line in page.lines if is_at_edge(line, page)})
    often = max(2, len(pages) * 0.3)
    return [
        PdfPage(
            tuple(line for line in page.lines if not _is_running(line, page, at_edge, often)), page.width, page.height
        )
        for page in pages
    ]


def _is_running(line: Line, page: PdfPage, at_edge: Counter[str], often: float) -> bool:
    """Whether a line is a page number or a running head.

    Args:
        line: A line of `page`.
        page: The page.
        at_edge: On how many pages the line of a key stands at the edge.
        often: The number of pages from which such a line is a running head.
    """
    if not is_at_edge(line, page):
        return False
    if _PAGE_NUMBER.match(line.text) or at_edge[_key(line)] >= often:
        return True
    others = [other for other in page.lines if abs(other.bottom - line.bottom) > line.size]
    if not others:
        return False
    space = max(line.bottom - max(x.top for x in others), min(x.bottom for x in others) - line.top)
    ratio = line.size / median(x.size for x in others)
    return space > 0 and (ratio < _SMALL_PRINT or (ratio < 1.05 and space > 2 * line.size))


def is_at_edge(line: Line, page: PdfPage) -> bool:
    """Whether a line stands at the top or bottom of its page, where running heads and page numbers are."""
    return line.bottom > page.height * (1 - _EDGE) or line.top < page.height * _EDGE


def _key(line: Line) -> str:
    """The letters of a line, which are the same on each page; "#" for one without letters."""
    return re.sub(r"[\W\d_]+", "", line.text).lower() or "#"


def columns_in_reading_order(lines: Iterable[Line], width: float) -> list[list[Line]]:
    """Sort the lines of a page into columns, in reading order.

    Args:
        lines: The lines of a page, or of a part of it.
        width: The width of the page in points.

    Returns:
        The columns, each with its lines from top to bottom; a heading across columns is a column by itself.
    """
    rows = _rows(lines)
    edges = [edge for row in rows for line in row for edge in (line.left, line.right)]
    span = max(edges, default=0) - min(edges, default=0)
    spanning = [any(line.right - line.left > _SPANS * span for line in row) for row in rows]
    columns: list[list[Line]] = []
    at = 0
    while at < len(rows):
        end, gutter = next((n for n in range(at, len(rows)) if spanning[n]), len(rows)), None
        while end > at:
            block = [line for row in rows[at:end] for line in row]
            if (gutter := _gutter(block, width)) is not None:
                break
            end -= 1
        if gutter is None:
            if columns and columns[-1] and columns[-1][0].left < width and not _was_split(columns[-1], rows[at]):
                columns[-1] += rows[at]
            else:
                columns.append(list(rows[at]))
            at += 1
            continue
        for side in ([x for x in block if x.right <= gutter], [x for x in block if x.left >= gutter]):
            columns += columns_in_reading_order(side, width)
        columns.append([])
        at = end
    return [column for column in columns if column]


def _was_split(column: list[Line], row: list[Line]) -> bool:
    """Whether a column ends below a row, so that the row cannot continue it."""
    return max(line.top for line in row) > min(line.bottom for line in column) + column[-1].size


def _rows(lines: Iterable[Line]) -> list[list[Line]]:
    """Group lines at the same height into rows, from top to bottom; each row is sorted from left to right."""
    rows: list[list[Line]] = []
    floor = 0.0
    for line in sorted(lines, key=lambda x: (-x.top, x.left)):
        if rows and line.top - 0.3 * line.size > floor:
            rows[-1].append(line)
            floor = min(floor, line.bottom)
        else:
            rows.append([line])
            floor = line.bottom
    return [sorted(row, key=lambda x: (-round(x.bottom), x.left)) for row in rows]


def _gutter(lines: Sequence[Line], width: float) -> float | None:
    """The horizontal position of an empty strip between two columns of running text; None where there is none.

    Strips between the short cells of a table do not count.
    """
    if len(lines) < 6:
        return None
    reach = 0.0
    for line in sorted(lines, key=lambda x: x.left):
        if reach and line.left - reach > 0.6 * line.size:
            gutter = (line.left + reach) / 2
            sides = ([x for x in lines if x.right <= gutter], [x for x in lines if x.left >= gutter])
            if all(_is_column(side, width) for side in sides):
                return gutter
        reach = max(reach, line.right)
    return None


def _is_column(lines: Sequence[Line], width: float) -> bool:
    """Whether lines are wide enough to be a column of text; a single line must be wider than one of several."""
    return bool(lines) and median(x.right - x.left for x in lines) > (0.14 if len(lines) > 1 else 0.22) * width
