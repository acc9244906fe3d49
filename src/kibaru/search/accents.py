"""Putting back the accents that a reader's keyboard left out, as the articles write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from kibaru.text.stems import fold

_WORD = re.compile(r"[^\W\d_]+")


def with_accents(question: str, texts: Iterable[str]) -> str:
    """The question with each word spelt as `texts` mostly spell it, when it is typed without any accent.

    A question that has an accent anywhere comes from somebody who types them, and is left alone; so is a word that
    `texts` write without accents as often as with.
    """
    if not question.isascii():
        return question
    asked = {fold(word) for word in _WORD.findall(question)}
    spellings: dict[str, Counter[str]] = {word: Counter() for word in asked}
    for word, count in Counter(word for text in texts for word in _WORD.findall(text.lower())).items():
        folded = word if word.isascii() else fold(word)  # there are many, and most of them are
        if folded in spellings:
            spellings[folded][word] += count

    def respelt(match: re.Match[str]) -> str:
        word = match[0]
        counts = spellings[fold(word)]
        common = max(counts, key=lambda spelling: counts[spelling], default=word)
        if common.isascii() or counts[common] <= counts[word.lower()]:
            return word
        return common.capitalize() if word[0].isupper() else common

    return _WORD.sub(respelt, question)
