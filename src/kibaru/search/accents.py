"""Restoring the accents that a reader left out, from the spelling of the articles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from kibaru.text.stems import fold

_WORD = re.compile(r"[^\W\d_]+")


def restore_accents(question: str, texts: Iterable[str]) -> str:
    """Spell each word of a question that was typed without any accent as `texts` mostly spell it.

    A question with an accent anywhere comes from somebody who types them, and is returned as it is. A word stays as it
    is when `texts` write it at least as often without accents. Only case and accents ever change: `fold` of the result
    is `fold` of the question.

    Args:
        question: What the reader asked.
        texts: Passages with words of the question.
    """
    if not question.isascii():
        return question
    spellings: dict[str, Counter[str]] = {fold(word): Counter() for word in _WORD.findall(question)}
    for word, count in Counter(word for text in texts for word in _WORD.findall(text.lower())).items():
        folded = word if word.isascii() else fold(word)  # folding is slow, and most words are ASCII
        if folded in spellings:
            spellings[folded][word] += count

    def restored(match: re.Match[str]) -> str:
        word = match[0]
        counts = spellings[fold(word)]
        common = max(counts, key=lambda spelling: counts[spelling], default=word)
        if common.isascii() or counts[common] <= counts[word.lower()]:
            return word
        return common.capitalize() if word[0].isupper() else common

    return _WORD.sub(restored, question)
