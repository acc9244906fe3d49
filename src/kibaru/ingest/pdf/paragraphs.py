"""Joining the lines of a PDF's column into paragraphs, headings and list items, without hyphens at line ends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from kibaru.ingest.pdf.layout import Line

_ENDS_SENTENCE = re.compile(r"[.!?…:؟۔][\"'»”’)\]]*$")
BULLET = re.compile(r"^[•▪●◦■‣·–—-]\s+")
_LETTER_AND_HYPHEN = re.compile(r"[^\W\d_][-‐\u00ad\x02\ufffe]$")
_KEEPS_ITS_HYPHEN = re.compile(
    r"(?:t-(?:il|elle|on)s?|ils?|elles?|on|je|nous|vous|là|mêmes?|être|delà|dessus|dessous|dire)\b", re.I
)
"""Words that French writes behind a hyphen: a hyphen before one at a line's end belongs to the spelling."""

_FIRST_OF_A_COMPOUND = re.compile(
    r"(?:^|[\W_])(?:grands?|arrière|avant|après|demi|sous|non|quasi|peut|celui|celles?|ceux|c['’]est|haut|bas|nord|sud|"
    r"ouest|petite?s?|belle|self|well)$",
    re.I,
)
"""A text that ends with the first word of a compound with a hyphen ("grand-père")."""


def line_spacing(columns: Iterable[Sequence[Line]]) -> float:
    """The distance between the baselines of a paragraph's lines, as a multiple of the height of a line."""
    steps = sorted(
        (above.bottom - below.bottom) / below.size
        for column in columns
        for above, below in pairwise(column)
        if abs(above.size - below.size) < 0.1 * below.size and above.bottom - below.bottom > 0.5 * below.size
    )
    return min(steps[len(steps) // 5], 2.5) if steps else 1.1


def group_into_paragraphs(column: Sequence[Line], body_size: float, spacing: float) -> list[tuple[str, list[Line]]]:
    """Group the lines of one column into paragraphs.

    Args:
        column: The lines from top to bottom.
        body_size: The height of most lines of the document, in points.
        spacing: See `line_spacing`.

    Returns:
        Each paragraph as its mark ("## " for a heading, "- " for a list item, "" for text) and its lines.
    """
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
    """Whether a line begins a paragraph.

    It does when its size or weight changes, when it has a bullet, a wide space above or an indent, or when its first
    words would have fitted into the line before.

    Args:
        group: The lines of the paragraph so far.
        line: The next line.
        left: The left edge of the column, in points.
        right: The position up to which a line counts as full, in points.
        spacing: See `line_spacing`.
        letter: The mean width of a letter, in points.
    """
    last = group[-1]
    if abs(last.bottom - line.bottom) < 0.5 * line.size:  # further along the same line
        return False
    if abs(last.size - line.size) > 0.12 * line.size or last.bold != line.bold or BULLET.match(line.text):
        return True
    if last.bottom - line.bottom > 1.3 * spacing * line.size:
        return True
    ended = bool(_ENDS_SENTENCE.search(last.text))
    is_indented = line.left > left + 0.7 * line.size and (len(group) == 1 or last.left < line.left - 0.5 * line.size)
    words = line.text.split(" ")[: 1 if ended else 2]
    had_room = last.right + letter * len(" ".join(words)) < right
    return (ended and is_indented) or (had_room and (ended or is_indented or not line.text[0].islower()))


def _mark(lines: Sequence[Line], body_size: float) -> str:
    """The mark of a paragraph: "## " for a heading, "- " for a list item, "" for text."""
    text = " ".join(line.text for line in lines)
    if BULLET.match(text):
        return "- "
    stands_out = lines[0].size > 1.1 * body_size or lines[0].bold
    return "## " if stands_out and len(text) <= 150 and not re.search(r"[.;,…]$", text) else ""


def join_lines(lines: Iterable[str], words: Counter[str]) -> str:
    """Join the lines of a paragraph.

    Args:
        lines: The lines' texts.
        words: The words of the document in lower case, with their counts: they show whether a word hyphenated at the
            end of a line is written with a hyphen elsewhere.
    """
    text = ""
    for line in lines:
        text = append_line(text, line, words) if text else line
    return text


def append_line(text: str, line: str, words: Counter[str]) -> str:
    """Append a line to the text that it continues, and resolve a hyphen between them.

    Args:
        text: The text so far.
        line: The next line.
        words: See `join_lines`.
    """
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
