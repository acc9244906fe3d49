"""Words reduced to stems, so that `inondations` in a question meets `inondation` in an article."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from Stemmer import Stemmer

STEMMING = 1
"""Raise when the same text comes out as other stems, so that an index built before says it is older."""


_SNOWBALL = {
    "ar": "arabic", "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian",
    "nl": "dutch", "pt": "portuguese", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip


_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    """Lower case without accents: `Goïta` and `GOITA` are both `goita`."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold()).translate(_WITHOUT_MARKS)
    return apart.lower()  # ⅅ has no lower case, the D that it is made of has


class _WithoutMarks(dict[int, int | None]):
    """A table for `str.translate` that drops combining characters, filled with what it has met: five times as fast as
    looking at each character."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.combining(chr(code)) else code
        return self[code]


_WITHOUT_MARKS = _WithoutMarks()


def stems(text: str, language: str | None) -> list[str]:
    """The words of `text` in order, folded, each reduced to its Snowball stem where the language has a stemmer.

    Folding comes first, so that a question typed without accents meets the same stems.
    """
    words = _WORD.findall(fold(text))
    stemmer = _stemmer(language)
    return stemmer.stemWords(words) if stemmer else words


def question_stems(text: str, languages: Iterable[str | None]) -> list[str]:
    """The distinct stems of a question in each of the archive's languages: which one it is in need not be guessed."""
    return list(dict.fromkeys(stem for language in languages for stem in stems(text, language)))


@cache
def _stemmer(language: str | None) -> Stemmer | None:
    from Stemmer import Stemmer

    algorithm = _SNOWBALL.get(language or "")
    return Stemmer(algorithm) if algorithm else None
