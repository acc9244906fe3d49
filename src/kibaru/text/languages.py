"""Detecting the language of a text, and normalising language codes."""

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
"""The languages that may be detected. With all that the detector knows, short French questions come out as Creole or
Walloon."""

_LOW_RESOURCE = frozenset(["am", "ha", "ig", "lg", "ln", "mg", "rw", "so", "sw", "wo", "xh", "yo", "zu"])
"""Languages with little text in the training data of multilingual models. Bambara and Wolof, which are not detected,
mostly come out as Lingala or Somali."""

_DETECTED_PREFIX = 5_000


def detect_language(text: str) -> str:
    """The two-letter code of the language that most of `text` is in, by py3langid, out of a closed list.

    Bambara and Wolof, which the detector does not know, come out as some other language of the list.
    """
    code, _ = _identifier().result().classify(text[:_DETECTED_PREFIX])
    return str(code)


def is_low_resource(code: str) -> bool:
    """Whether multilingual models know the language of a two-letter code only poorly."""
    return code in _LOW_RESOURCE


def expect_detection() -> None:
    """Start to load the detector in the background, so that `detect_language` need not wait for it later."""
    _identifier()


def is_detected(code: str) -> bool:
    """Whether `detect_language` can return a code: only then may it overrule the language that a source states."""
    return code in _DETECTED


@cache
def _identifier() -> Future[LanguageIdentifier]:
    """The detector, loaded in a thread: unpacking it takes a third of a second but releases the interpreter's lock."""
    executor = ThreadPoolExecutor(1)
    loading = executor.submit(_load_identifier)
    executor.shutdown(wait=False)
    return loading


def _load_identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    known = set(identifier.nb_classes)
    identifier.set_languages(sorted(_DETECTED & known))
    return identifier


def language_code(written: str) -> str | None:
    """The language code in a tag that may name a country too: `fr` of "fr-FR", None of an empty tag.

    Raises:
        BadInput: `written` does not start with a code of two or three letters.
    """
    code = re.split(r"[-_]", written.strip().lower())[0]
    if code and not re.fullmatch(r"[a-z]{2,3}", code):
        raise BadInput(f"{written[:20]!r} is no language code (write fr, en, ar…)")
    return code or None
