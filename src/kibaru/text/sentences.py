"""Splitting text into sentences.

LanguageTool's segmentation rules (through `choppa-srx`) know most abbreviations, initials and ellipses of some forty
languages. Two rules for French news are added: abbreviated titles and months do not end a sentence, and neither does
anything inside a short quotation between « ».
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from kibaru.importing import imported_without
from kibaru.types import Span

if TYPE_CHECKING:
    from choppa import SrxDocument

MAX_SENTENCE = 900
"""Characters in a sentence at most. A longer one lacks punctuation: it is cut at spaces, to be embedded and quoted."""

_MAX_QUOTATION = 300
_FALLBACK_LANGUAGE = "fr"
_LANGUAGES = frozenset(
    "ar be br ca da de el en eo es fa fr ga gl is it ja lt ml nl pl pt ro ru sk sl sr sv ta tl uk zh".split()  # noqa: SIM905
)
_TITLE_BEFORE_A_NAME = re.compile(
    r"\b(?:M|MM|Mmes?|Mlles?|Mgr|[Pp]r|[Pp]rof|[Dd]rs?|Me|[Cc]ol|[Cc]dt|[Cc]ap|[Ll]t|[Gg][ée]n|[Aa]dj|[Ss]gt|Ing|Stes?|Sts?)\.\s+$"
)
_ABBREVIATION_BEFORE_A_NUMBER = re.compile(
    r"\b(?:janv|f[ée]vr|avr|juil|sept|oct|nov|d[ée]c|jan|feb|mar|apr|jun|jul|aug|sep|nov|dec|"
    r"art|chap|fig|vol|no|nos|tel|t[ée]l|p|pp|env|cf|al)\.\s+$",
    re.IGNORECASE,
)
_NO_SCHEMAS = ModuleType("xmlschema")


def split_sentences(text: str, language: str | None = None, offset: int = 0) -> list[Span]:
    """Split a paragraph into sentences.

    Args:
        text: The paragraph.
        language: A two-letter code; languages without rules of their own are split by the French ones.
        offset: Added to the spans, for a paragraph of a longer text.

    Returns:
        The spans of the sentences, without white space around them.
    """
    spans: list[Span] = []
    start = end = 0
    for segment in _segments(text, language or _FALLBACK_LANGUAGE):
        end += len(segment)
        if not _continues(text[start:end], text[end : end + _MAX_QUOTATION]):
            spans += _trimmed(text, start, end, offset)
            start = end
    spans += _trimmed(text, start, len(text), offset)
    return spans


def _segments(text: str, language: str) -> Iterator[str]:
    code = language if language in _LANGUAGES else _FALLBACK_LANGUAGE
    segments: Iterator[str] = _choppa().SrxTextIterator(_rules(), f"{code}_two", text)
    return segments


@cache
def _rules() -> SrxDocument:
    """The rules of all languages, made faster.

    A rule without a pattern for what is before the break would be tried at every character. It is turned into a
    look-ahead, which breaks at the same places.
    """
    document: SrxDocument = _choppa().SrxDocument(ruleset=str(_choppa().DEFAULT_SRX_RULESET))
    for language in {id(m.language_rule): m.language_rule for m in document.language_map_list}.values():
        language.rules = [
            rule._replace(before_pattern=f"(?={rule.after_pattern})", after_pattern="")
            if rule.is_break and not rule.before_pattern
            else rule
            for rule in language.rules
        ]
    return document


def _choppa() -> ModuleType:
    """The choppa library, without the slow import of xmlschema, with which it would validate its own rules."""
    return imported_without("xmlschema", "choppa", _NO_SCHEMAS)


def _continues(sentence: str, rest: str) -> bool:
    """Whether the rules ended a sentence too early: after an abbreviation, or inside a short quotation."""
    if not rest:
        return False
    if rest[0].isupper() and _TITLE_BEFORE_A_NAME.search(sentence):
        return True
    if rest[0].isdigit() and _ABBREVIATION_BEFORE_A_NUMBER.search(sentence):
        return True
    opened = sentence.rfind("«")
    if opened <= sentence.rfind("»"):
        return False
    closes = rest.find("»")
    return closes != -1 and len(sentence) - opened + closes <= _MAX_QUOTATION


def _trimmed(text: str, start: int, end: int, offset: int) -> list[Span]:
    """`text[start:end]` without white space around it, in parts of at most MAX_SENTENCE characters."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    spans = []
    while end - start > MAX_SENTENCE:
        cut = text.rfind(" ", start, start + MAX_SENTENCE) + 1 or start + MAX_SENTENCE
        spans.append(Span(offset + start, offset + len(text[:cut].rstrip())))
        start = cut
        while text[start].isspace():
            start += 1
    return [*spans, Span(offset + start, offset + end)] if end > start else spans
