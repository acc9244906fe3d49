"""Asking the questions of a set, each as its kind wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from kibaru import __version__
from kibaru.answering.answer import Answer
from kibaru.answering.confidence import calibration
from kibaru.archive import Kibaru
from kibaru.embedding.cache import CachingEmbedder
from kibaru.embedding.embedder import Embedder
from kibaru.errors import BadInput, KibaruError
from kibaru.evaluation.results import Group, Result, Run, Shown
from kibaru.evaluation.sets import EvaluationSet, Question, Split, in_split
from kibaru.settings import Settings
from kibaru.text.plurals import are, counted
from kibaru.text.urls import canonical_url, url_key
from kibaru.types import Article, Filters

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done and how many there are to do."""

_QUOTES = 3


@dataclass(frozen=True, slots=True)
class Archive:
    """A Kibaru to ask. `known_as` gives the id of an article by the id it came with and by the key of its URL: texts
    that are the same are one article."""

    kibaru: Kibaru
    known_as: dict[str, str]

    def id_of(self, article: str | None) -> str | None:
        """The id of the article that a set names by id or URL."""
        if article and article.startswith(("http://", "https://")):
            return self.known_as.get(url_key(canonical_url(article)))
        return self.known_as.get(article or "")


@contextmanager
def temporary_archive(
    articles: Sequence[Article], settings: Settings, embedder: Embedder, progress: Progress = lambda *_: None
) -> Iterator[Archive]:
    """These articles in an archive of their own, for as long as a measurement takes."""
    with TemporaryDirectory(prefix="kibaru-eval-") as folder:
        settings = settings.model_copy(update={"index": Path(folder)})
        with Kibaru(settings, create=True, embedder=embedder) as kibaru:
            known_as = {}
            for done, (article, outcome) in enumerate(zip(articles, kibaru.add(articles), strict=True), start=1):
                known_as[article.id] = outcome.article.id  # type: ignore[union-attr]  # no Failure went in
                if article.url:
                    known_as[url_key(article.url)] = outcome.article.id  # type: ignore[union-attr]
                progress("indexing", done, len(articles))
            yield Archive(kibaru, known_as)


@contextmanager
def present_archive(settings: Settings, embedder: Embedder) -> Iterator[Archive]:
    """The archive of the settings, to ask. Raises IndexUnusable."""
    with Kibaru(settings, embedder=embedder) as kibaru:
        kibaru.check()
        known_as = {}
        for article in kibaru.store.articles():
            known_as[article.id] = article.id
            if article.url:
                known_as[url_key(article.url)] = article.id
        yield Archive(kibaru, known_as)


def run_set(evaluated: EvaluationSet, settings: Settings, split: Split, progress: Progress = lambda *_: None) -> Run:
    """Ask every question of a split: those with an answer twice, the second time with their article hidden.

    Headlines are searched with the titles left out of the index, since with them it is trivial; except in an archive
    that there is. Raises BadInput when a question is about an article that is not there, and what `Kibaru.ask` raises.
    """
    questions = [question for question in evaluated.questions if in_split(question.clean_id or question.id, split)]
    if not questions:
        raise BadInput(f"{evaluated.path}: no question is in the {split} split: use --split all")
    embedder = CachingEmbedder(settings)
    calibrated = calibration(embedder.identity)
    threshold = calibrated.threshold if settings.min_confidence is None else settings.min_confidence
    # Nothing is refused, so that one run tells what any threshold would do.
    settings = settings.model_copy(update={"min_confidence": 0.0})

    if evaluated.articles is None:
        with present_archive(settings, embedder) as archive:
            results = _ask_all(archive, questions, progress)
    else:
        headlines = [question for question in questions if question.kind == "headline"]
        others = [question for question in questions if question.kind != "headline"]
        results = []
        if others:
            with temporary_archive(evaluated.articles, settings, embedder, progress) as archive:
                results += _ask_all(archive, others, progress)
        if headlines:
            untitled = [replace(article, title="") for article in evaluated.articles]
            with temporary_archive(untitled, settings, embedder, progress) as archive:
                results += _ask_all(archive, headlines, progress)
    about = {
        "kibaru": __version__,
        "model": embedder.identity,
        "reranker": settings.reranker or "none",
        "set": str(evaluated.path),
        "split": split,
        "articles": str(settings.index) if evaluated.articles is None else f"{len(evaluated.articles)} of the set",
        "titles": "in the index" if evaluated.articles is None else "left out of the index for headlines",
        "not checked by anyone": str(sum(question.to_check for question in questions)),
    }
    return Run(about, threshold, max(calibrated.sure, threshold), results)


def _ask_all(archive: Archive, questions: Sequence[Question], progress: Progress) -> list[Result]:
    lost = [q for q in questions if q.kind != "unanswerable" and not archive.id_of(q.article_id)]
    if lost:
        raise BadInput(
            f"{counted(len(lost), 'question')} {are(len(lost))} about articles that are not there, the first is "
            f"{lost[0].id} about {lost[0].article_id}: add the articles, or remove the questions."
        )
    asked: list[tuple[Question, Group]] = [(question, question.kind) for question in questions]
    asked += [(question, "orphaned") for question in questions if question.kind == "question"]
    results = []
    for done, (question, group) in enumerate(asked, start=1):
        results.append(_ask(archive, question, group))
        progress("asking", done, len(asked))
    return results


def _ask(archive: Archive, question: Question, group: Group) -> Result:
    own = archive.id_of(question.article_id)
    hidden = own if group == "orphaned" else None
    try:
        answer = archive.kibaru.ask(
            question.question,
            quotes=_QUOTES,
            filters=Filters(without=hidden),
            today=date.fromisoformat(question.asked_on) if question.asked_on else None,
        )
    except BadInput as error:
        raise BadInput(f"The question {question.id} cannot be asked. {error}") from error
    quotes = [quote.text for quote in answer.quotes]
    _check_verbatim(archive, question, answer)
    wanted = question.answer if group == "question" and question.answer else None
    found = list(dict.fromkeys(hit.passage.article_id for hit in answer.hits))
    return Result(
        id=question.id,
        group=group,
        question=question.question,
        expected=own,
        answer=question.answer,
        language=question.language,
        variant=question.variant,
        clean_id=question.clean_id,
        rank=found.index(own) + 1 if own in found else 0,
        confidence=answer.confidence,
        in_passage=wanted is not None and wanted in _best_passage(archive, answer),
        in_first=wanted is not None and any(wanted in quote for quote in quotes[:1]),
        in_three=wanted is not None and any(wanted in quote for quote in quotes[:_QUOTES]),
        quotes=tuple(Shown(quote.article.id, quote.article.title, quote.text) for quote in answer.quotes),
    )


def _best_passage(archive: Archive, answer: Answer) -> str:
    if not answer.hits:
        return ""
    best = answer.hits[0].passage
    return archive.kibaru.article(best.article_id).text[best.start : best.end]


def _check_verbatim(archive: Archive, question: Question, answer: Answer) -> None:
    for quote in answer.quotes:
        stored = archive.kibaru.article(quote.article.id)
        if quote.text != stored.text[quote.start : quote.end] or not quote.text.strip():
            raise KibaruError(f"The answer to {question.id} has a quote that is not its article's words: report this.")
