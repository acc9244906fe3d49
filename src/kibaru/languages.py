"""What depends on a language: telling which one it is, and reducing its words to stems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier
    from Stemmer import Stemmer

STEMMING = 1
"""Raise when the same text comes out as other stems, so that an index built before says it is older."""

_SNOWBALL = {
    "ar": "arabic", "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian",
    "nl": "dutch", "pt": "portuguese", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
_DETECTED = frozenset(
    [
        "af",
        "am",
        "ar",
        "bn",
        "cs",
        "da",
        "de",
        "el",
        "en",
        "es",
        "fa",
        "fi",
        "fr",
        "ha",
        "he",
        "hi",
        "hu",
        "id",
        "ig",
        "it",
        "ja",
        "ko",
        "ln",
        "lg",
        "mg",
        "nl",
        "no",
        "pl",
        "pt",
        "ro",
        "ru",
        "rw",
        "so",
        "sv",
        "sw",
        "ta",
        "th",
        "tr",
        "uk",
        "ur",
        "vi",
        "wo",
        "xh",
        "yo",
        "zh",
        "zu",
    ]
)
"""A closed list, because over all its languages the detector takes a short French question for Creole or Walloon."""

_LITTLE_READ = frozenset(["am", "ha", "ig", "lg", "ln", "mg", "rw", "so", "sw", "wo", "xh", "yo", "zu"])
"""Languages of which multilingual models have read little; Bambara and Wolof mostly come out as Lingala or Somali."""

_WORD = re.compile(r"\w+")
_DETECTED_PREFIX = 5_000


def detect_language(text: str) -> str:
    """The two-letter code of the language most of `text` is in, among _DETECTED (by py3langid).

    Bambara and Wolof, which the detector has never seen, come out as some other language of the list.
    """
    code, _ = _identifier().result().classify(text[:_DETECTED_PREFIX])
    return str(code)


def is_little_read(question: str) -> bool:
    """Whether a question is in a language whose words tell a model less than the names among them tell a search."""
    return detect_language(question) in _LITTLE_READ


def expect_detection() -> None:
    """Begin to load the detector, so that `detect_language` need not wait for it later."""
    _identifier()


def is_detected(code: str) -> bool:
    """Whether `detect_language` knows the language of a two-letter code, so that it may overrule who says otherwise."""
    return code in _DETECTED


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


@cache
def _identifier() -> Future[LanguageIdentifier]:
    """Unpacking the detector takes a third of a second, but not the interpreter, which can do other work meanwhile."""
    apart = ThreadPoolExecutor(1)
    loading = apart.submit(_load_identifier)
    apart.shutdown(wait=False)
    return loading


def _load_identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    known = set(identifier.nb_classes)
    identifier.set_languages(sorted(_DETECTED & known))
    return identifier
