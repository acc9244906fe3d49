"""A question, analysed once: every step of searching and answering takes the Query and leaves the string alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from kibaru.errors import BadInput
from kibaru.search.accents import restore_accents
from kibaru.search.dates import Timing, parse_timing
from kibaru.search.names import names_in
from kibaru.search.question_types import asked_for, has_question_mark
from kibaru.text.cleaning import clean
from kibaru.text.languages import detect_language
from kibaru.text.stems import question_stems, stems

MAX_QUESTION = 2_000
"""Characters in the longest question that is answered."""


@dataclass(frozen=True)
class Query:
    """A question with everything that is known about it.

    `analyse` makes it; the search then adds the IDF, which depends on the index, and the accents, which it restores
    from the first passages found. Names, stems and dates are compared without accents, so they need no second look.

    Attributes:
        asked: The question as the reader asked it, on one line, as `checked_question` returns it.
        text: The question as it is embedded and judged: `asked`, with missing accents restored.
        names: Proper names in the question, without case and accents.
        timing: The period that the question names, or whether it is about the present.
        idf: The inverse document frequency of each stem in the archive, 0 for stems in half of all passages or more;
            empty before the search.
    """

    asked: str
    text: str
    names: tuple[str, ...] = ()
    timing: Timing = field(default_factory=Timing)
    idf: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def language(self) -> str:
        """The two-letter code of the question's language, as far as it can be detected."""
        return detect_language(self.text)

    @cached_property
    def asked_for(self) -> set[str]:
        """The types of answer that the question asks for; see `kibaru.search.question_types.asked_for`."""
        return asked_for(self.text)

    @cached_property
    def is_subject(self) -> bool:
        """Whether the reader names a subject ("market fire") and asks no question about it."""
        return not self.asked_for and not has_question_mark(self.text)

    @property
    def full_names(self) -> list[str]:
        """The names of two words or more."""
        return [name for name in self.names if " " in name]

    def stems_in(self, language: str | None) -> list[str]:
        """The stems of the question's words, by the rules of a language (a two-letter code)."""
        return stems(self.text, language)

    def stems_in_each(self, languages: Iterable[str | None]) -> list[str]:
        """The distinct stems by the rules of each language: the question's own language need not be guessed."""
        return question_stems(self.text, languages)

    def with_accents_of(self, texts: Iterable[str]) -> Query:
        """The query with missing accents restored from the words of `texts`; itself when none are missing."""
        restored = restore_accents(self.text, texts)
        return self if restored == self.text else replace(self, text=restored)


def analyse(question: str, today: date | None = None) -> Query:
    """Analyse a question as far as that is possible without the index.

    Args:
        question: What the reader wrote.
        today: The day that "yesterday" is relative to. Without it, dates in the question are ignored.

    Raises:
        BadInput: The question is empty or too long.
    """
    asked = checked_question(question)
    timing = Timing() if today is None else parse_timing(asked, today)
    return Query(asked, asked, tuple(names_in(asked)), timing)


def checked_question(question: str) -> str:
    """Put a question on one line, without control characters; one all in capitals is lower-cased.

    Raises:
        BadInput: The question has no letter or digit, or more than MAX_QUESTION characters.
    """
    question = " ".join(clean(question).split())
    if question.isupper():  # models hardly know words in capitals
        question = question.capitalize()
    if not any(map(str.isalnum, question)):
        raise BadInput("The question is empty: ask in a few words, for example 'Qui a gagné la finale ?'.")
    if len(question) > MAX_QUESTION:
        raise BadInput(f"The question has {len(question):,} characters: ask in {MAX_QUESTION:,} or fewer.")
    return question
