"""Follow-ups: a question that leans on the one before it ("et quand ?", "why?") is asked together with it.

A question that can stand alone does: only one that says by its form that it goes on, or that has no word of its own
to search for, is joined to those before. Joined, it must still be answered by a text that has one of its own words;
else the subject has changed, and it is asked alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kibaru.answering.answer import Answer
from kibaru.archive import Kibaru
from kibaru.search.query import MAX_QUESTION, checked_question
from kibaru.text.stems import fold, stems

_WORD = re.compile(r"\w+")

_GOES_ON = re.compile(r"^(et|mais|alors|donc|puis|ensuite|sinon|and|but|so|then|what about|how about)\b")
_ASKS = re.compile(
    r"^(pourquoi|comment|quand|ou|combien|qui|depuis quand|jusqu|a cause"
    r"|why|how|when|where|who|since when|until)\b"
)
_INVERTED = re.compile(r"-(?:t-)?(?:il|elle)s?\b", re.IGNORECASE)
_NAMED = re.compile(r"(?<=\w)\W+[A-ZÀ-Þ]\w")
_STANDS_FOR = frozenset(
    _WORD.findall(
        "il elle ils elles lui leur leurs eux y en ce cela ca celui celle ceux celles son sa ses "
        "he she it they him her them his its their this that these those there one"
    )
)
_SAYS_NOTHING = _STANDS_FOR | frozenset(
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
_FEW = 3
"""A longer question says what it is about, whatever it begins with."""

_SURE = 0.7
"""A question answered with this confidence needs no help, unless a pronoun says that it does. In
`benchmarks/conversation.py` 45 of 51 second questions are understood with anything from 0.5 to 0.95, fewer below."""


def answer_in_thread(kibaru: Kibaru, question: str, before: Sequence[str], *, quotes: int = 3) -> tuple[Answer, str]:
    """The answer to a question asked after those `before` it (the newest first), and how it was understood.

    Raises what `Kibaru.ask` raises.
    """
    checked_question(question)  # by itself: two emoji are no follow-up
    own = own_words(question)
    if not before or not leans(question):
        return kibaru.ask(question, quotes=quotes), question
    joined = f"{before[0]} {question}"[-MAX_QUESTION:]
    if not own:
        return kibaru.ask(joined, quotes=quotes), joined
    alone = kibaru.ask(question, quotes=quotes)
    if alone.confidence >= _SURE and not _refers(question):
        return alone, question
    together = kibaru.ask(joined, quotes=quotes)
    if together.is_refusal or alone.confidence >= together.confidence or not _speaks_of(together, own):
        return alone, question
    return together, joined


def leans(question: str) -> bool:
    """Whether a question says by its form that it goes on from what was said."""
    own, said = own_words(question), fold(question).strip()
    if not own or (len(own) == 1 and _ASKS.match(said)):
        return True
    return len(own) <= _FEW and (_refers(question) or bool(_GOES_ON.match(said)))


def _refers(question: str) -> bool:
    if _NAMED.search(question):  # "quand le pont de Kayes a-t-il rouvert": this pronoun stands for nobody else
        question = _INVERTED.sub(" ", question)
    return not _STANDS_FOR.isdisjoint(_WORD.findall(fold(question)))


def own_words(question: str) -> list[str]:
    """The words of a question that say what it is about."""
    return [word for word in _WORD.findall(fold(question)) if word not in _SAYS_NOTHING]


def _speaks_of(answer: Answer, words: Sequence[str]) -> bool:
    """Whether the article of the first quote has one of `words`, by their stems."""
    article = answer.quotes[0].article
    text = set(stems(f"{article.title} {article.text}", article.language))
    return any(stem in text for stem in stems(" ".join(words), article.language))
