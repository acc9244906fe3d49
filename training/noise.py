"""Questions as readers type them: without accents, in the spelling of messages, with slips, or as keywords."""

from __future__ import annotations

import random
import re
import unicodedata

_MESSAGES = {
    "fr": {
        "qui": ["ki"],
        "que": ["ke", "q"],
        "quoi": ["koi"],
        "quel": ["kel"],
        "quelle": ["kel", "quel"],
        "quand": ["kan", "qd"],
        "combien": ["combi1", "cb", "combien"],
        "pourquoi": ["pkoi", "pk", "pourkoi"],
        "pour": ["pr"],
        "dans": ["ds"],
        "avec": ["avc", "ac"],
        "c'est": ["c", "cé"],
        "est": ["é", "e"],
        "les": ["lé", "les"],
        "des": ["dé", "des"],
        "nous": ["ns"],
        "vous": ["vs"],
        "beaucoup": ["bcp"],
        "toujours": ["tjrs"],
        "depuis": ["dpui"],
        "sont": ["st", "son"],
        "était": ["t", "étai"],
        "aussi": ["ossi"],
        "comment": ["cmt", "coman"],
        "date": ["dat"],
        "nouveau": ["nvo"],
        "président": ["prézi", "president"],
        "gouvernement": ["gouv"],
        "un": ["1"],
        "une": ["1"],
        "de": ["2", "d"],
    },
    "en": {
        "you": ["u"],
        "are": ["r"],
        "who": ["hu", "who"],
        "what": ["wat"],
        "why": ["y", "why"],
        "how": ["hw"],
        "people": ["ppl"],
        "for": ["4"],
        "to": ["2"],
        "the": ["d", "the"],
        "much": ["mch"],
        "did": ["did"],
        "with": ["wit"],
        "when": ["wen"],
        "where": ["wher"],
    },
}
_EMPTY = {
    "est-ce",
    "qu'est-ce",
    "que",
    "qui",
    "quoi",
    "quel",
    "quelle",
    "quels",
    "quelles",
    "où",
    "ou",
    "quand",
    "comment",
    "combien",
    "pourquoi",
    "le",
    "la",
    "les",
    "l",
    "un",
    "une",
    "des",
    "de",
    "du",
    "d",
    "a",
    "à",
    "au",
    "aux",
    "en",
    "et",
    "dans",
    "par",
    "pour",
    "sur",
    "avec",
    "est",
    "sont",
    "était",
    "a-t-il",
    "a-t-elle",
    "ont-ils",
    "ce",
    "c'est",
    "c",
    "cette",
    "ces",
    "son",
    "sa",
    "ses",
    "leur",
    "leurs",
    "il",
    "elle",
    "ils",
    "elles",
    "on",
    "se",
    "s",
    "the",
    "an",
    "of",
    "in",
    "at",
    "to",
    "for",
    "by",
    "with",
    "who",
    "what",
    "when",
    "where",
    "why",
    "how",
    "which",
    "did",
    "does",
    "do",
    "is",
    "are",
    "was",
    "were",
    "has",
    "have",
    "it",
    "its",
    "his",
    "her",
    "their",
    "y",
    "t-il",
    "t-elle",
    "ont",
    "fait",
    "va",
}
_QUESTION_WORDS = re.compile(r"\b(?:est-ce qu(?:e\b|')|qu'est-ce qu(?:e\b|'))\s*", re.I)


def noisy(question: str, language: str, rng: random.Random) -> str:
    """The question as another reader might type it.

    Args:
        question: A question in plain spelling.
        language: "fr" and "en" have spellings of messages; others only lose capitals, marks or letters.
        rng: Decides what is done.

    Returns:
        The changed question; the given one where a change would leave nothing.
    """
    kind = rng.random()
    if kind < 0.3:
        changed = without_accents(question).lower() if rng.random() < 0.7 else without_accents(question)
    elif kind < 0.5 and language in _MESSAGES:
        changed = _as_message(question, language, rng)
    elif kind < 0.75:
        changed = _with_slips(question, rng)
    elif kind < 0.9 and language in _MESSAGES:
        changed = _keywords(question)
    else:
        changed = question.rstrip(" ?؟.").lower()
    return changed.strip() or question


def without_accents(text: str) -> str:
    """The text without its diacritics."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _as_message(question: str, language: str, rng: random.Random) -> str:
    question = _QUESTION_WORDS.sub(lambda m: "eske " if m[0].lower().startswith("est") else "keske ", question)
    words = []
    for word in question.rstrip(" ?").split():
        choices = _MESSAGES[language].get(word.lower())
        words.append(rng.choice(choices) if choices and rng.random() < 0.7 else word)
    text = " ".join(words)
    if rng.random() < 0.6:
        text = text.lower()
    return text if rng.random() < 0.4 else text + " ?"


def _with_slips(question: str, rng: random.Random) -> str:
    """One to three slips of the hand in words of four letters or more: a letter dropped, doubled, swapped, changed."""
    words = question.split()
    long = [at for at, word in enumerate(words) if sum(map(str.isalpha, word)) >= 4]
    for at in rng.sample(long, min(len(long), rng.randint(1, 3))):
        word = words[at]
        place = rng.randrange(1, len(word) - 1)
        slip = rng.randrange(4)
        if slip == 0:
            word = word[:place] + word[place + 1 :]
        elif slip == 1:
            word = word[:place] + word[place] + word[place:]
        elif slip == 2:
            word = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        else:
            word = word[:place] + rng.choice("aeioustrnl") + word[place + 1 :]
        words[at] = word
    return " ".join(words)


def _keywords(question: str) -> str:
    bare = re.sub(r"[?!.,;:«»\"“”]", " ", question)
    kept = [word for word in bare.split() if word.lower() not in _EMPTY]
    return " ".join(kept) if len(kept) >= 2 else question
