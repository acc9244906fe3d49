"""The names in a question, and whether a text has them: who asks about somebody wants an answer about nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kibaru.text.stems import fold

_WORD = re.compile(r"\w+")
_CAPITALIZED = r"[^\W\d_a-zà-öø-ÿ]\w+"
_NAME = re.compile(rf"\b{_CAPITALIZED}(?:[ ’'-]{_CAPITALIZED})*")


def names(question: str) -> list[str]:
    """Runs of words with a capital, folded: of "Qui est Odile Coulidiaty, de Bobo-Dioulasso ?", `odile coulidiaty` and
    `bobo dioulasso`.

    The first word has a capital whatever it is, so it is left out; so are names in other scripts, which articles spell
    otherwise.
    """
    first = _WORD.search(question)
    found = _NAME.finditer(question, first.end()) if first else ()
    return [name for match in found if match[0][0].isupper() and (name := _spaced(match[0])).isascii()]


def missing(names: Sequence[str], texts: Iterable[str]) -> float:
    """The share of `names` that stand in none of `texts`, 0 when there are no names."""
    if not names:  # most questions: their passages need not be folded
        return 0.0
    spaced = [f" {_spaced(text)} " for text in texts]
    return sum(not any(f" {name} " in text for text in spaced) for name in names) / len(names)


def _spaced(text: str) -> str:
    return " ".join(_WORD.findall(fold(text)))
