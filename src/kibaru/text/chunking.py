"""Chunking an article into passages: runs of whole sentences of one section, the unit of search."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from kibaru.text.sentences import split_sentences
from kibaru.types import Article, Span, StoredPassage

CHUNKING = 1
"""Version of the chunking. Raise it when passages change, so that indexes built before are known to be outdated."""

TARGET = 700
"""Target length of a passage in characters: room for an answer with its context, yet one topic to embed."""

_MAX_HEADING = 120
_ENDS_A_SENTENCE = re.compile(r"[.!?…:;,؟。][\"'»”’)\]]*$")
_LISTED = re.compile(r"^\s*(?:[-–—•*▪●◦]|\d+[.)])\s")
_LINE = re.compile(r"\S(?:[^\n]*\S)?")
_MARKDOWN_HEADING = re.compile(r"^#{1,6}\s+")


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive sentences of one article: `article.text[start:end]`.

    Attributes:
        sentences: The sentences, as spans of the article's text.
        heading: The heading of their section, "" when it has none.
    """

    sentences: tuple[Span, ...]
    heading: str

    @property
    def start(self) -> int:
        """Where the first sentence begins."""
        return self.sentences[0].start

    @property
    def end(self) -> int:
        """Where the last sentence ends, exclusive."""
        return self.sentences[-1].end


def split_passages(text: str, language: str | None = None) -> list[Passage]:
    """Chunk a text into passages of about TARGET characters, in order, never across a heading.

    Every sentence is in exactly one passage. The passages of a section are about equally long, so that none is left
    with a single short line.

    Args:
        text: The text of an article.
        language: Its two-letter code, for splitting sentences.
    """
    passages = []
    for heading, sentences in _sections(text, language):
        length = sum(end - start for start, end in sentences)
        share = length / max(1, round(length / TARGET))
        first, taken = 0, 0.0
        for position, (start, end) in enumerate(sentences):
            if position > first and taken + (end - start) / 2 > share:
                passages.append(Passage(tuple(sentences[first:position]), heading))
                first, taken = position, taken - share
            taken += end - start
        passages.append(Passage(tuple(sentences[first:]), heading))
    return passages


def embedded_text(title: str, heading: str, body: str) -> str:
    """The text that is embedded for a passage: title and heading, which say what its pronouns mean, then `body`."""
    return "\n".join(part for part in (title, heading, body) if part)


def text_of(article: Article, passage: Passage | StoredPassage) -> str:
    """The text that is embedded for a passage of an article."""
    return embedded_text(article.title, passage.heading, article.text[passage.start : passage.end])


def sentences_of(text: str, start: int, end: int, language: str | None) -> list[Span]:
    """The sentences of the passage `text[start:end]`, as spans of `text`."""
    paragraphs = _paragraphs(text[start:end])
    return [s for a, b in paragraphs for s in split_sentences(text[start + a : start + b], language, start + a)]


def _sections(text: str, language: str | None) -> Iterator[tuple[str, list[Span]]]:
    """Headings with the sentences below them. A text of headings alone is one section, the headings its sentences."""
    paragraphs = _paragraphs(text)
    marked = list(zip(paragraphs, _are_headings(text, paragraphs), strict=True))
    if all(is_heading for _, is_heading in marked):
        marked = [(span, False) for span, _ in marked]
    heading, sentences = "", list[Span]()
    for (start, end), is_heading in marked:
        if is_heading:
            if sentences:
                yield heading, sentences
            heading, sentences = _MARKDOWN_HEADING.sub("", text[start:end]), []
        else:
            sentences += split_sentences(text[start:end], language, start)
    if sentences:
        yield heading, sentences


def _paragraphs(text: str) -> list[Span]:
    """The lines of a text; lines that an e-mail or a PDF wrapped are joined into one paragraph."""
    paragraphs: list[Span] = []
    for block in re.finditer(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*", text):
        lines = [Span(block.start() + m.start(), block.start() + m.end()) for m in _LINE.finditer(block[0])]
        open_lines = sum(_is_open(text[start:end]) for start, end in lines[:-1])
        is_wrapped = len(lines) > 2 and open_lines > (len(lines) - 1) / 2
        joins = False
        for start, end in lines:
            if joins and (is_wrapped or text[start].islower()):
                paragraphs[-1] = Span(paragraphs[-1].start, end)
            else:
                paragraphs.append(Span(start, end))
            joins = is_wrapped or _is_open(text[start:end])
    return paragraphs


def _are_headings(text: str, paragraphs: list[Span]) -> list[bool]:
    """Which paragraphs are headings: those marked (`## `), and short lines that end no sentence, above longer text."""
    marked = [bool(_MARKDOWN_HEADING.match(text[start:end])) for start, end in paragraphs]
    short = [
        end - start <= _MAX_HEADING and "\n" not in text[start:end] and _is_open(text[start:end])
        for start, end in paragraphs
    ]
    followed = [not later for later in short[1:]]
    return [mark or (line and below) for mark, line, below in zip_longest(marked, short, followed, fillvalue=False)]


def _is_open(line: str) -> bool:
    """Whether a line does not end a sentence and is not an item of a list."""
    return not _ENDS_A_SENTENCE.search(line) and not _LISTED.match(line) and any(map(str.isalpha, line))
