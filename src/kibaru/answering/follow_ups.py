"""Follow-ups: questions that lean on the question before them, such as "et quand ?" or "why?".

Such a question is joined to the one before and both are asked as one. A question is a follow-up when its form says so
(it begins with "et", it has a pronoun), or when it has no word of its own to search for. The article that answers the
joined question must contain one of the follow-up's own words; otherwise the subject has changed, and the question is
asked alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kibaru.answering.answer import Answer
from kibaru.search.query import MAX_QUESTION, checked_question
from kibaru.text.stems import fold, stems

_WORD = re.compile(r"\w+")

_CONTINUES = re.compile(r"^(et|mais|alors|donc|puis|ensuite|sinon|and|but|so|then|what about|how about)\b")
_QUESTION_WORD = re.compile(
    r"^(pourquoi|comment|quand|ou|combien|qui|depuis quand|jusqu|a cause"
    r"|why|how|when|where|who|since when|until)\b"
)
_INVERTED = re.compile(r"-(?:t-)?(?:il|elle)s?\b", re.IGNORECASE)
_NAMED = re.compile(r"(?<=\w)\W+[A-ZÀ-Þ]\w")
_PRONOUNS = frozenset(
    _WORD.findall(
        "il elle ils elles lui leur leurs eux y en ce cela ca celui celle ceux celles son sa ses "
        "he she it they him her them his its their this that these those there one"
    )
)
_FUNCTION_WORDS = _PRONOUNS | frozenset(
    _WORD.findall(
        "et mais alors donc puis ensuite sinon aussi encore plus moins tres bien oui non merci svp stp qui "
        "que quoi quel quelle quels quelles quand ou comment combien pourquoi depuis jusqu est es sont etait "
        "ete a as ont avait avoir etre fait faire faut dit se s c d l m n t j qu la le les un une des de du "
        "au aux dans par pour sur avec sans chez vers entre pas ne ni si tout tous toute toutes cette cet ces "
        "nous vous on je tu me te monsieur madame and but so then also more less very well yes no thanks "
        "please who what which whose when where how why many much is are was were be been has have had do "
        "does did the an of in on at by for from with without to into about not if all any we you i my your "
        "long since exactly "
    )
)
_MAX_OWN_WORDS = 3
"""A question with more words of its own than this stands alone, whatever it begins with."""

_CONFIDENT = 0.7
"""A question that is answered alone with this confidence (0 to 1) is not joined, unless it has a pronoun."""

Ask = Callable[[str], Answer]


def answer_follow_up(ask: Ask, question: str, before: Sequence[str]) -> tuple[Answer, str]:
    """Answer a question that may lean on those asked before it.

    Args:
        ask: Answers one question; it may be called twice.
        question: The question as it was asked.
        before: The questions before it as they were understood, the newest first.

    Returns:
        The answer, and the question as it was understood: by itself, or joined to the one before.

    Raises:
        KibaruError: As `ask` does.
    """
    checked_question(question)  # by itself: two emoji are no follow-up
    own = own_words(question)
    if not before or not is_follow_up(question):
        return ask(question), question
    joined = f"{before[0]} {question}"[-MAX_QUESTION:]
    if not own:
        return ask(joined), joined
    alone = ask(question)
    if alone.confidence >= _CONFIDENT and not _has_pronoun(question):
        return alone, question
    together = ask(joined)
    if together.is_refusal or alone.confidence >= together.confidence or not _mentions(together, own):
        return alone, question
    return together, joined


def is_follow_up(question: str) -> bool:
    """Whether the form of a question says that it continues the conversation."""
    own, folded = own_words(question), fold(question).strip()
    if not own or (len(own) == 1 and _QUESTION_WORD.match(folded)):
        return True
    return len(own) <= _MAX_OWN_WORDS and (_has_pronoun(question) or bool(_CONTINUES.match(folded)))


def _has_pronoun(question: str) -> bool:
    if _NAMED.search(question):  # "quand le pont de Kayes a-t-il rouvert": this pronoun stands for nobody else
        question = _INVERTED.sub(" ", question)
    return not _PRONOUNS.isdisjoint(_WORD.findall(fold(question)))


def own_words(question: str) -> list[str]:
    """The folded words of a question that say what it is about: all but pronouns, articles and the like."""
    return [word for word in _WORD.findall(fold(question)) if word not in _FUNCTION_WORDS]


def _mentions(answer: Answer, words: Sequence[str]) -> bool:
    """Whether the article of the first quote has one of `words`, by their stems."""
    article = answer.quotes[0].article
    text = set(stems(f"{article.title} {article.text}", article.language))
    return any(stem in text for stem in stems(" ".join(words), article.language))
