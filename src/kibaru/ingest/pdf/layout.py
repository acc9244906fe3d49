"""Lines on the pages of a PDF to paragraphs in reading order: columns, running heads, hyphenation, headings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

_EDGE = 0.12  # of the page's height: where running heads and page numbers stand
_PAGE_NUMBER = re.compile(
    r"^\W*(?:p(?:age|\.)?\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|sur|of|de)\s*\d{1,4})?\W*$", re.I
)
_ENDS_SENTENCE = re.compile(r"[.!?…:؟۔][\"'»”’)\]]*$")
_BULLET = re.compile(r"^[•▪●◦■‣·–—-]\s+")
_LETTER_AND_HYPHEN = re.compile(r"[^\W\d_][-‐\u00ad\x02\ufffe]$")
_KEEPS_ITS_HYPHEN = re.compile(
    r"(?:t-(?:il|elle|on)s?|ils?|elles?|on|je|nous|vous|là|mêmes?|être|delà|dessus|dessous|dire)\b", re.I
)
"""Second halves that French writes behind a hyphen, and that end no word hyphenated for want of room."""

_FIRST_OF_A_COMPOUND = re.compile(
    r"(?:^|[\W_])(?:grands?|arrière|avant|après|demi|sous|non|quasi|peut|celui|celles?|ceux|c['’]est|haut|bas|nord|sud|"
    r"ouest|petite?s?|belle|self|well)$",
    re.I,
)
_SPANS = 0.72  # of the text's width: a line this long stands in no column beside another
_SMALL_PRINT = 0.9  # of the text's size: what running heads are set in at most, where they are on one page only


@dataclass(frozen=True, slots=True)
class Line:
    """A run of characters on one baseline, in points from the lower left corner of its page."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    bold: bool = False

    @property
    def size(self) -> float:
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class PdfPage:
    """The lines of a page as they come, and its size in points."""

    lines: tuple[Line, ...]
    width: float
    height: float


def without_running_heads(pages: Sequence[PdfPage]) -> list[PdfPage]:
    """The pages without page numbers, and without what stands at the edge of several pages, whatever its digits."""
    at_edge = Counter(key for page in pages for key in {_key(line) for line in page.lines if is_at_edge(line, page)})
    often = max(2, len(pages) * 0.3)
    return [
        PdfPage(
            tuple(line for line in page.lines if not _is_running(line, page, at_edge, often)), page.width, page.height
        )
        for page in pages
    ]


def _is_running(line: Line, page: PdfPage, at_edge: Counter[str], often: float) -> bool:
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
    """Whether a line stands where running heads and page numbers do."""
    return line.bottom > page.height * (1 - _EDGE) or line.top < page.height * _EDGE


def _key(line: Line) -> str:
    return re.sub(r"[\W\d_]+", "", line.text).lower() or "#"


def columns_in_reading_order(lines: Iterable[Line], width: float) -> list[list[Line]]:
    """The lines of a page as the columns they stand in, each from top to bottom; a wide heading is one by itself."""
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
    return max(line.top for line in row) > min(line.bottom for line in column) + column[-1].size


def _rows(lines: Iterable[Line]) -> list[list[Line]]:
    """Lines that share some height, from top to bottom, each row from left to right."""
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
    """Where a strip without text parts the lines into columns of running text, not of a table's short cells."""
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
    """Lines wide enough to be text; a single one, as where a column ends on the next page, must be wider."""
    return bool(lines) and median(x.right - x.left for x in lines) > (0.14 if len(lines) > 1 else 0.22) * width


def line_spacing(columns: Iterable[Sequence[Line]]) -> float:
    """The distance from baseline to baseline within paragraphs, as a multiple of the height of a line."""
    steps = sorted(
        (above.bottom - below.bottom) / below.size
        for column in columns
        for above, below in pairwise(column)
        if abs(above.size - below.size) < 0.1 * below.size and above.bottom - below.bottom > 0.5 * below.size
    )
    return min(steps[len(steps) // 5], 2.5) if steps else 1.1


def group_into_paragraphs(column: Sequence[Line], body_size: float, spacing: float) -> list[tuple[str, list[Line]]]:
    """The lines of one column put together where they belong together, with a mark: "## ", "- " or "" for text."""
    left, right = min(x.left for x in column), max(x.right for x in column)
    letter = sum(x.right - x.left for x in column) / max(1, sum(len(x.text) for x in column))
    groups: list[list[Line]] = []
    for line in column:
        if groups and not _starts_anew(groups[-1], line, left, right - 2.5 * letter, spacing, letter):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [(_mark(group, body_size), group) for group in groups]


def _starts_anew(group: Sequence[Line], line: Line, left: float, right: float, spacing: float, letter: float) -> bool:
    """Whether a line begins a paragraph: by its look, the space above, its indent, or for its first words would have
    found room in the line before."""
    last = group[-1]
    if abs(last.bottom - line.bottom) < 0.5 * line.size:  # further along the same line
        return False
    if abs(last.size - line.size) > 0.12 * line.size or last.bold != line.bold or _BULLET.match(line.text):
        return True
    if last.bottom - line.bottom > 1.3 * spacing * line.size:
        return True
    ended = bool(_ENDS_SENTENCE.search(last.text))
    is_indented = line.left > left + 0.7 * line.size and (len(group) == 1 or last.left < line.left - 0.5 * line.size)
    words = line.text.split(" ")[: 1 if ended else 2]
    had_room = last.right + letter * len(" ".join(words)) < right
    return (ended and is_indented) or (had_room and (ended or is_indented or not line.text[0].islower()))


def _mark(lines: Sequence[Line], body_size: float) -> str:
    text = " ".join(line.text for line in lines)
    if _BULLET.match(text):
        return "- "
    stands_out = lines[0].size > 1.1 * body_size or lines[0].bold
    return "## " if stands_out and len(text) <= 150 and not re.search(r"[.;,…]$", text) else ""


def join_lines(lines: Iterable[str], words: Counter[str]) -> str:
    """Lines as one, hyphens at their ends resolved by what `words` of the document show to be written whole."""
    text = ""
    for line in lines:
        text = append_line(text, line, words) if text else line
    return text


def append_line(text: str, line: str, words: Counter[str]) -> str:
    """`line` put behind `text`, which it continues."""
    if not _LETTER_AND_HYPHEN.search(text):
        return f"{text} {line}"
    first, second = re.search(r"[^\W\d_]*$", text[:-1]), re.match(r"[^\W\d_]*", line)
    before, after = (found[0] if found else "" for found in (first, second))
    compound, whole = words[f"{before}-{after}".lower()], words[(before + after).lower()]
    keeps = (
        not after
        or after[0].isupper()
        or _KEEPS_ITS_HYPHEN.match(line) is not None
        or (whole <= compound and _FIRST_OF_A_COMPOUND.search(text[:-1]) is not None)
        or compound > whole
    )
    return (text[:-1] + "-" if keeps and text[-1] not in "\u00ad\x02\ufffe" else text[:-1]) + line
