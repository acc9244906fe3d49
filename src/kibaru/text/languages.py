"""What depends on a language: telling which one it is, and reducing its words to stems."""

from __future__ import annotations

import re
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from kibaru.errors import BadInput

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier


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


def language_code(written: str) -> str | None:
    """The code of a language out of one that may name a country too (fr-FR); None of nothing. Raises BadInput."""
    code = re.split(r"[-_]", written.strip().lower())[0]
    if code and not re.fullmatch(r"[a-z]{2,3}", code):
        raise BadInput(f"{written[:20]!r} is no language code (write fr, en, ar…)")
    return code or None
