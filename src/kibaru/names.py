"""Words that a reader writes otherwise than the articles do: misspelt, or a name as it sounds, or in another script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from functools import lru_cache

from kibaru.languages import LETTERS, fold

_SHORTEST = 5
"""Letters of a word that is taken for another: shorter ones are near to too many."""

_LONG = 8
"""From so many letters on, two may be wrong."""

_SIMILAR = 0.5
_CONSIDERED = 20
"""Words of which most letters agree, before it is heard how they sound."""

_ARABIC = re.compile(r"[\u0600-\u06ff]")
_BEYOND_LATIN = re.compile(r"[^\u0000-\u02af\u1e00-\u1eff]")

_SOUNDS = [
    (re.compile(written), spoken)
    for written, spoken in (
        ("ou|oo|w", "u"), ("ph", "f"), ("gu(?=[ei])|gh", "g"), ("qu|kh|q", "k"), ("c(?=[eiy])", "s"), ("ch", "sh"),
        ("c", "k"), ("dj", "j"), ("dz", "z"), ("y", "i"), ("(?<!s)h|[^a-z]", ""), (r"(.)\1+", r"\1"),
    )
]  # fmt: skip
"""What is written in several ways, in the names of West Africa and in those put into Latin letters from others."""

_LONG_VOWELS = str.maketrans("اآأإىوي", "aaaiaui")
"""Those Arabic writes."""


def with_known_names(question: str, texts: Iterable[str], unknown: Collection[str]) -> str:
    """The question with those of its `unknown` words that `texts` write otherwise, as they write them.

    A word may be written in any way that sounds the same. One that is a letter off, or in another script, stands for a
    name only: of words that are merely near, too many are words of their own.
    """
    if not unknown:
        return question
    counts = Counter(word for text in texts for word in LETTERS.findall(text) if len(word) >= _SHORTEST - 1)
    names = {word for word in counts if word[0].isupper() and word.lower() not in counts}
    folded = {word: word.lower() if word.isascii() else fold(word) for word in counts}
    first = LETTERS.search(question)
    spelt = {}
    for word in unknown:
        may_be_name = word[0].isupper() and word != (first and first[0]) if question != question.lower() else True
        if near := _nearest(word, folded, names, counts, may_be_name=may_be_name):
            spelt[word] = near
    return LETTERS.sub(lambda match: spelt.get(match[0], match[0]), question)


@lru_cache(maxsize=20_000)
def sound(word: str) -> str:
    """A word in Latin letters, those that sound alike written alike: `Ouattara` and `Watara` are both `uatara`."""
    from anyascii import anyascii

    key = fold(anyascii(word.translate(_LONG_VOWELS)))
    for written, spoken in _SOUNDS:
        key = written.sub(spoken, key)
    return key


def _nearest(
    word: str, folded: dict[str, str], names: set[str], counts: Counter[str], *, may_be_name: bool
) -> str | None:
    """The word that sounds most like this one, the most frequent of several."""
    from anyascii import anyascii
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    if _ARABIC.search(word):
        return _from_arabic(word, names, counts)
    is_foreign = bool(_BEYOND_LATIN.search(word))
    if len(word) < _SHORTEST - is_foreign:
        return None
    own, allowed = sound(word), 1 if len(word) < _LONG else 2
    similar = extract(
        fold(anyascii(word)), folded, scorer=OSA.normalized_similarity, score_cutoff=_SIMILAR, limit=_CONSIDERED
    )
    near = []
    for _, _, other in similar:
        key = sound(other)
        distance = OSA.distance(own, key, score_cutoff=allowed)
        is_name = other in names and (may_be_name or is_foreign) and own[:1] == key[:1]
        if distance <= (allowed if is_name else -1 if is_foreign else 0):
            near.append((distance, -counts[other], other))
    return min(near)[2] if near else None


def _from_arabic(word: str, names: set[str], counts: Counter[str]) -> str | None:
    from rapidfuzz.distance import OSA

    own = sound(word.removeprefix("ال")).replace("p", "b")
    consonants = _consonants(own)
    if len(consonants) < 3:
        return None
    near, allowed = [], 1 if len(consonants) == 3 else 2
    for name in names:
        key = sound(name).replace("p", "b").replace("v", "f")
        if _consonants(key) == consonants and (distance := OSA.distance(own, key)) <= allowed:
            near.append((distance, -counts[name], name))
    return min(near)[2] if near else None


def _consonants(sound: str) -> str:
    return re.sub("[aeiou]", "", sound)
