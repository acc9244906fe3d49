"""Proper names in a question, and whether a text has them: an answer about somebody else is no answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kibaru.text.stems import fold

_WORD = re.compile(r"\w+")
_CAPITALIZED = r"[^\W\d_a-zà-öø-ÿ]\w+"
_NAME = re.compile(rf"\b{_CAPITALIZED}(?:[ ’'-]{_CAPITALIZED})*")


def names_in(question: str) -> list[str]:
    """The names in a question: runs of capitalized words, without case and accents.

    "Qui est Odile Coulidiaty, de Bobo-Dioulasso ?" has `odile coulidiaty` and `bobo dioulasso`. The first word is left
    out, because it is capitalized whatever it is; so are names in scripts other than Latin, which articles spell in
    another way.
    """
    first = _WORD.search(question)
    found = _NAME.finditer(question, first.end()) if first else ()
    return [name for match in found if match[0][0].isupper() and (name := _normalized(match[0])).isascii()]


def share_missing(names: Sequence[str], texts: Iterable[str]) -> float:
    """The share (0…1) of `names` that none of `texts` has; 0 when there are no names."""
    if not names:  # the usual case: then no text needs to be folded
        return 0.0
    normalized = [f" {_normalized(text)} " for text in texts]
    return sum(not any(f" {name} " in text for text in normalized) for name in names) / len(names)


def _normalized(text: str) -> str:
    """The words of a text, folded, with one space between them."""
    return " ".join(_WORD.findall(fold(text)))
