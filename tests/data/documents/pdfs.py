"""PDFs set line by line, as layout programs do: columns, hyphenation, running heads, page numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfgen.canvas import Canvas

_WIDTH, _HEIGHT = A4
_MARGIN = 56.0


def set_pdf(
    title: str,
    blocks: Sequence[str],
    *,
    columns: int = 1,
    size: float = 10.5,
    indent: float = 0.0,
    paragraph_gap: float = 6.0,
    head: str = "",
    metadata: dict[str, str] | None = None,
    hyphenate: bool = True,
    font: str = "Times-Roman",
    bold: str = "Times-Bold",
    lines_a_column: int = 200,
    justify: bool = False,
) -> bytes:
    """A PDF of the title, above the first page's columns, and the blocks (paragraphs, `## ` headings, `- ` items)."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for name, value in (metadata or {}).items():
        getattr(canvas, f"set{name}")(value)
    gutter = 18.0
    width = (_WIDTH - 2 * _MARGIN - gutter * (columns - 1)) / columns
    page = 1
    top = _HEIGHT - 90
    for line in _wrapped(title, bold, 20, _WIDTH - 2 * _MARGIN, hyphenate=False):
        canvas.setFont(bold, 20)
        canvas.drawString(_MARGIN, top, line)
        top -= 24
    top -= 10
    column, y, count = 0, top, 0
    _edges(canvas, head, page)
    for block in blocks:
        heading, item = block.startswith("## "), block.startswith("- ")
        words = block.removeprefix("## ").removeprefix("- ")
        face, points = (bold, size + 1.5) if heading else (font, size)
        lines = list(_wrapped(("• " if item else "") + words, face, points, width, hyphenate and not heading, indent))
        y -= paragraph_gap if heading else 0
        for at, line in enumerate(lines):
            if y < 80 or count >= lines_a_column:
                column, count = column + 1, 0
                if column == columns:
                    canvas.showPage()
                    page, column, top = page + 1, 0, _HEIGHT - 80
                    _edges(canvas, head, page)
                y = top
            x = _MARGIN + column * (width + gutter) + (indent if at == 0 and not heading else 0)
            canvas.setFont(face, points)
            spread = justify and at < len(lines) - 1 and " " in line
            slack = width - (indent if at == 0 else 0) - stringWidth(line, face, points)
            canvas.drawString(x, y, line, wordSpace=slack / line.count(" ") if spread else 0)
            y -= points * 1.2
            count += 1
        y -= paragraph_gap
    canvas.save()
    return out.getvalue()


def scanned_pdf(pages: int = 2) -> bytes:
    """Pages of pictures."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for shade in range(pages):
        canvas.drawImage(ImageReader(Image.new("L", (300, 400), 200 - shade)), 50, 50, 400, 600)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def locked_pdf() -> bytes:
    """A PDF that opens with a password."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, encrypt="secret")
    canvas.drawString(100, 700, "Le texte que personne ne lit.")
    canvas.save()
    return out.getvalue()


def _edges(canvas: Canvas, head: str, page: int) -> None:
    if head:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(_MARGIN, _HEIGHT - 40, head)
        canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 40, f"n° 412 – page {page}")
        canvas.drawCentredString(_WIDTH / 2, 40, str(page))


def _wrapped(text: str, font: str, size: float, width: float, hyphenate: bool, indent: float = 0) -> Iterator[str]:
    line, room = "", width - indent
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if stringWidth(longer, font, size) <= room:
            line = longer
            continue
        first, second = (
            _broken(word, room - stringWidth(line + " ", font, size), font, size) if hyphenate else ("", word)
        )
        yield f"{line} {first}" if first else line
        line, room = second, width
    yield line


def _broken(word: str, room: float, font: str, size: float) -> tuple[str, str]:
    """The longest beginning that fits, cut at a hyphen of the word or between a vowel and a consonant."""
    best = ("", word)
    for found in re.finditer(r"(?<=[^\W\d_]{2})(?:(?<=[aeiouéèy])(?=[bcdfglmnprstv][aeiouéèy]\w)|(?<=-))", word):
        first = word[: found.start()]
        shown = first if first.endswith("-") else first + "-"
        if stringWidth(shown, font, size) <= room:
            best = (shown, word[found.start() :])
    return best


def register_font(path: str, name: str) -> str:
    """A TrueType font by its file, under a name."""
    from reportlab.pdfbase.ttfonts import TTFont

    registerFont(TTFont(name, path))
    return name
