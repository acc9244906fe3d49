"""Parse HTML into a tree of limited size, and turn `<br>` and layout tables into paragraphs."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterator

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from kibaru.errors import BadInput
from kibaru.ingest.encodings import decode

MAX_ELEMENTS = 60_000
"""Number of elements; the longest live blogs have some 20,000."""

MAX_DEPTH = 600
"""Levels of nesting; pages stay below 60, and lxml copies trees recursively."""

_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I)
_XML_ENCODING = re.compile(r"^\s*<\?xml[^>]*\?>")
_LATIN = {"iso-8859-1", "iso8859-1", "latin-1", "latin1", "ascii", "us-ascii"}
_NOT_OF_PAGES = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7", "undefined"}
"""Python codecs that no page is written in, some of them slow."""

_FEW = 0.001  # of the characters
_NUL = {0: None}

BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p",
    "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))  # fmt: skip
_INLINE_PARENTS = frozenset(["b", "center", "em", "font", "i", "span", "strong"])


def parse_html(data: bytes, charset: str | None = None) -> HtmlElement:
    """Parse a page.

    Args:
        data: HTML.
        charset: The encoding that the server declared.

    Raises:
        BadInput: There is no page in it, or it is too large or too deep.
    """
    text = _XML_ENCODING.sub("", _decoded(data, charset)).translate(_NUL)
    if not text.strip():
        raise BadInput("the page is empty")
    try:
        tree = document_fromstring(
            text, parser=HTMLParser(huge_tree=False, remove_comments=True, remove_pis=True, no_network=True)
        )
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise BadInput("it is no page of HTML") from error
    _check_size(tree)
    return tree


def normalize_layout(tree: HtmlElement) -> None:
    """Turn text between `<br>` into paragraphs, and tables and lists that are used for layout into blocks."""
    for item in list(tree.iter("li")):
        if item.getparent().tag not in ("ul", "ol"):
            _put_into_list(item)
    for listing in list(tree.iter("ul", "ol")):
        items = listing.findall("li")
        if any(item.find(".//p") is not None for item in items) and len("".join(listing.itertext())) > 80 * len(items):
            for part in (listing, *items):
                part.tag = "div"
    for table in list(tree.iter("table")):
        if table.xpath("count(.//p | .//br | .//div | .//table)") > 2:
            for part in table.iter("table", "tbody", "thead", "tfoot", "tr", "td", "th", "center"):
                part.tag = "div"
    for line_break in tree.iter("br"):  # <font>a<br>b</font> stands for blocks, whatever its tag
        parent = line_break.getparent()
        while parent is not None and parent.tag in _INLINE_PARENTS:
            parent.tag = "div"
            parent = parent.getparent()
    for parent in {line_break.getparent() for line_break in tree.iter("br")}:
        if parent is not None and parent.tag in BLOCKS and parent.tag not in ("pre", "li", "dt", "dd", "h1"):
            _wrap_lines(parent)


def _put_into_list(item: HtmlElement) -> None:
    """Put an item that is in no list into a new one, or into the list just before it."""
    listing = item.getprevious()
    if listing is None or listing.tag != "ul" or (listing.tail or "").strip():
        listing = etree.Element("ul")
        item.addprevious(listing)
    listing.append(item)


def text_blocks(tree: HtmlElement) -> list[str]:
    """All text of a page as blocks: headings (`## `), list items (`- `), table rows as lines. Changes the tree."""
    normalize_layout(tree)
    holders = {ancestor for block in tree.iter(*BLOCKS) for ancestor in block.iterancestors()}
    body = tree.find("body")
    return list(_blocks_in(tree if body is None else body, holders))


def _blocks_in(element: HtmlElement, holders: set[HtmlElement]) -> Iterator[str]:
    """The blocks of an element; `holders` are the elements with blocks in them."""
    if element.tag == "tr":
        if row := " | ".join(filter(None, map(block_text, element))):
            yield row
        return
    run = [element.text or ""]
    for child in (*element, None):
        if child is not None and child not in holders and child.tag not in BLOCKS:
            run += [" " if child.tag == "br" else "".join(child.itertext()), child.tail or ""]
            continue
        if text := _spaced("".join(run)):
            yield _MARKS.get(element.tag, "") + text
        if child is not None:
            yield from _blocks_in(child, holders)
            run = [child.tail or ""]


_MARKS = {"h1": "## ", "h2": "## ", "h3": "## ", "h4": "## ", "h5": "## ", "h6": "## ", "li": "- "}
_INVISIBLE = dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF))


def block_text(element: HtmlElement) -> str:
    """The text of an element on one line with single spaces."""
    for line_break in element.iter("lb", "br"):
        line_break.text = " "
    return _spaced("".join(element.itertext()))


def _spaced(text: str) -> str:
    return " ".join(text.translate(_INVISIBLE).split())


def _wrap_lines(parent: HtmlElement) -> None:
    """Make each line of `parent` a paragraph; a line without end of sentence is joined with one in lower case."""
    pieces: list[str | HtmlElement] = [parent.text or ""]
    for child in list(parent):
        pieces += [child, child.tail or ""]
        child.tail = None
        parent.remove(child)
    parent.text = None
    parent.tag = "div" if parent.tag == "p" else parent.tag
    lines: list[HtmlElement] = []
    is_open, breaks, last = False, 0, ""  # whether the last line may go on, the <br> since, its last words

    def line(words: str) -> HtmlElement:
        nonlocal is_open, breaks
        if not is_open or breaks > 1 or (breaks and (_ENDS_LINE.search(last) or not words.lstrip()[:1].islower())):
            lines.append(etree.SubElement(etree.Element("div"), "p"))
        elif breaks:
            _append_text(lines[-1], "\n")
        is_open, breaks = True, 0
        return lines[-1]

    for piece in pieces:
        if isinstance(piece, str):
            if piece.strip():
                _append_text(line(piece), piece)
                last = piece
            elif piece and is_open and not breaks:
                _append_text(lines[-1], " ")
        elif piece.tag == "br":
            breaks += 1
        elif piece.tag in BLOCKS:
            lines.append(piece)
            is_open, breaks = False, 0
        else:
            starts = not is_open or breaks
            last = "".join(piece.itertext())
            line(last).append(piece)
            if starts and piece.tag in ("b", "strong"):
                last += ":"  # a line that is bold, or begins so, is a heading or a label and ends with its line
    parent.extend(lines)


_ENDS_LINE = re.compile(r"[.!?…:;»”\"؟)]\s*$")


def _append_text(element: HtmlElement, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _decoded(data: bytes, charset: str | None) -> str:
    """Decode a page: as UTF-8 whenever that is valid, since pages often declare an encoding they are not in."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return decode(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    repaired = data.decode("utf-8", "replace")
    strange = sum(character > "\x7f" for character in repaired)
    if repaired.count("\ufffd") < strange / 10:  # a few bytes were lost, as where a caption was cut
        return repaired
    declared = _DECLARED.search(data[:4096])
    for name in _names(charset, declared[1].decode("ascii", "ignore") if declared else None):
        with contextlib.suppress(UnicodeDecodeError, LookupError):
            return data.decode(name)
    try:
        return decode(data)
    except BadInput:
        guess = data.decode("cp1252", "replace")
        if b"\0" in data or guess.count("\ufffd") > _FEW * len(guess):
            raise
        return guess  # a few bytes that are no characters need not cost the page


def _names(*charsets: str | None) -> Iterator[str]:
    for charset in charsets:
        if charset:
            name = charset.strip().lower()
            with contextlib.suppress(LookupError, ValueError):  # the latter for a name with a NUL in it
                if codecs.lookup(name).name not in _NOT_OF_PAGES:
                    yield "cp1252" if name in _LATIN else name


def _check_size(tree: HtmlElement) -> None:
    depth = elements = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        elements += event == "start"
        if depth > MAX_DEPTH:
            raise BadInput("its elements lie inside each other too deeply")
        if elements > MAX_ELEMENTS:
            raise BadInput(f"it has more than {MAX_ELEMENTS:,} elements")
