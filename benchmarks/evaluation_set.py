"""`kibaru.evaluation`'s sets and archives, as the benchmarks use them: of French articles, one embedder for all."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache
from pathlib import Path

import prepared  # noqa: F401
from kibaru.embedding.cache import CachingEmbedder
from kibaru.evaluation import run, sets
from kibaru.evaluation.sets import EvaluationSet, Question, is_for_tuning
from kibaru.ingest.files import read_articles as read_files
from kibaru.samples import SAMPLES
from kibaru.settings import Settings, load_settings
from kibaru.text.chunking import split_passages, text_of
from kibaru.types import Article

__all__ = ["Archive", "Question", "is_for_tuning", "read_articles", "read_questions", "read_sample_questions"]

SAMPLE_QUESTIONS = Path(__file__).parent.parent / "tests" / "data" / "sample_questions.jsonl"
DATED = Path(__file__).parent.parent / "tests" / "data" / "dated"


def read_articles(data: Path) -> list[Article]:
    return sets.read_articles(data / "articles.jsonl", "fr")


def embedded_passages(articles: Sequence[Article]) -> Iterator[tuple[Article, str]]:
    """What is embedded of each passage, with its article."""
    for article in articles:
        for passage in split_passages(article.text, article.language):
            yield article, text_of(article, passage)


def read_questions(data: Path) -> list[Question]:
    return sets.read_questions(data / "questions.jsonl")


def read_sample_questions() -> list[Question]:
    """The questions about the sample articles; their `article_id` is the article's URL."""
    return sets.read_questions(SAMPLE_QUESTIONS)


def sample_set() -> EvaluationSet:
    articles = [article for article in read_files([SAMPLES]) if isinstance(article, Article)]
    return EvaluationSet(SAMPLE_QUESTIONS, articles, read_sample_questions())


def dated_set() -> EvaluationSet:
    """News that comes again and again, asked about on the days in `asked_on`."""
    return sets.read_set(DATED, "fr")


def respelt_set() -> EvaluationSet:
    """The clean questions about the samples, each also without accents, in capitals, and with one letter or two wrong:
    many more of these than were written by hand, and no harder on one question than on another."""
    whole = sample_set()
    clean = [question for question in whole.questions if question.variant == "clean" and question.kind == "question"]
    drawn = random.Random(0)
    questions = list(clean)
    for question in clean:
        once = _with_typo(question.question, drawn)
        for variant, text in (
            ("accents off", unaccented(question.question)),
            ("all capitals", question.question.upper()),
            ("one typo", once),
            ("two typos", _with_typo(once, drawn)),
        ):
            id = f"{question.id} {variant}"
            questions.append(replace(question, id=id, question=text, variant=variant, clean_id=question.id))
    return replace(whole, questions=questions)


def unaccented(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _with_typo(text: str, drawn: random.Random) -> str:
    """One letter of a word of five or more left out, doubled, or swapped with the next."""
    at = drawn.choice([m.start() + drawn.randrange(1, len(m[0]) - 1) for m in re.finditer(r"[^\W\d_]{5,}", text)])
    one, other = text[at : at + 2]
    return text[:at] + drawn.choice([other, one + one + other, other + one]) + text[at + 2 :]


def Archive(articles: Sequence[Article]) -> AbstractContextManager[run.Archive]:  # noqa: N802  # makes one
    """A Kibaru over these articles, in a temporary folder."""
    return run.temporary_archive(articles, load_settings(), _remembering())


@cache
def _remembering() -> CachingEmbedder:
    """One for all archives, since questions are asked again over others, and sentences recur."""
    return CachingEmbedder(load_settings())


def settings_for(folder: Path) -> Settings:
    return load_settings().model_copy(update={"index": folder})
