"""Stemming: `inondations` in a question and `inondation` in an article have the same stem."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from Stemmer import Stemmer

STEMMING = 1
"""Version of the stemming. Raise it when stems change, so that indexes built before are known to be outdated."""

_SNOWBALL = {
    "ar": "arabic", "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian",
    "nl": "dutch", "pt": "portuguese", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip

_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    """Lower-case a text and remove its accents: `Goïta` and `GOITA` both become `goita`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold()).translate(_WITHOUT_MARKS)
    return decomposed.lower()  # ⅅ has no lower case, but the D it decomposes to has


class _WithoutMarks(dict[int, int | None]):
    """A table for `str.translate` that drops combining characters, filled on demand because that is fast."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.combining(chr(code)) else code
        return self[code]


_WITHOUT_MARKS = _WithoutMarks()


def stems(text: str, language: str | None) -> list[str]:
    """The stem of each word of a text, in order.

    Words are folded before they are stemmed, so that a question typed without accents has the same stems.

    Args:
        text: Any text.
        language: Two-letter code; words of a language without a Snowball stemmer are only folded.
    """
    words = _WORD.findall(fold(text))
    stemmer = _stemmer(language)
    return stemmer.stemWords(words) if stemmer else words


def question_stems(text: str, languages: Iterable[str | None]) -> list[str]:
    """The distinct stems of a question by the rules of each language: its own language need not be guessed."""
    return list(dict.fromkeys(stem for language in languages for stem in stems(text, language)))


@cache
def _stemmer(language: str | None) -> Stemmer | None:
    from Stemmer import Stemmer

    algorithm = _SNOWBALL.get(language or "")
    return Stemmer(algorithm) if algorithm else None
