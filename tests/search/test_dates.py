"""When a question is about, and what that does to the order of what is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from kibaru.archive import Kibaru
from kibaru.embedding.embedder import Embedder
from kibaru.evaluation.run import Archive, temporary_archive
from kibaru.evaluation.sets import read_set
from kibaru.ingest.article import make_article
from kibaru.search import candidates
from kibaru.search.dates import Period, Timing, parse_timing
from kibaru.search.hits import Hit
from kibaru.search.recency import RECENCY_BONUS, boost_by_date
from kibaru.settings import Settings
from kibaru.types import Filters, StoredPassage

DATED = read_set(Path(__file__).parents[1] / "data" / "dated", "fr")
TODAY = date(2026, 1, 28)  # a Wednesday


@pytest.fixture(scope="module")
def dated() -> Iterator[Archive]:
    settings = Settings()
    with temporary_archive(DATED.articles or [], settings, Embedder(settings)) as archive:
        yield archive


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("Que s'est-il passé hier à Gao ?", "2026-01-27", "2026-01-27"),
        ("Et avant-hier ?", "2026-01-26", "2026-01-26"),
        ("Quel bilan en novembre 2025 ?", "2025-11-01", "2025-11-30"),
        ("Quel bilan en decembre ?", "2025-12-01", "2025-12-31"),
        ("les pluies d'août", "2025-08-01", "2025-08-31"),
        ("Qui a joué le 12 avril ?", "2025-04-12", "2025-04-12"),
        ("Qui a joué le 1er janvier 2024 ?", "2024-01-01", "2024-01-01"),
        ("Qui a joué le 11/01/2026 ?", "2026-01-11", "2026-01-11"),
        ("Qui a joué le 2026-01-11 ?", "2026-01-11", "2026-01-11"),
        ("Que s'est-il passé cette semaine ?", "2026-01-26", "2026-02-01"),
        ("Et la semaine dernière ?", "2026-01-19", "2026-01-25"),
        ("Et la semaine passée ?", "2026-01-19", "2026-01-25"),
        ("Combien le mois dernier ?", "2025-12-01", "2025-12-31"),
        ("Combien ce mois-ci ?", "2026-01-01", "2026-01-31"),
        ("Combien l'an dernier ?", "2025-01-01", "2025-12-31"),
        ("Combien cette année ?", "2026-01-01", "2026-12-31"),
        ("Qu'a dit le maire il y a trois jours ?", "2026-01-25", "2026-01-25"),
        ("Qu'a dit le maire il y a 2 mois ?", "2025-11-01", "2025-11-30"),
        ("Qui a gagné dimanche ?", "2026-01-25", "2026-01-25"),
        ("Qui a gagné mercredi ?", "2026-01-21", "2026-01-21"),
        ("Qui a été élu en 2023 ?", "2023-01-01", "2023-12-31"),
        ("HIER À GAO", "2026-01-27", "2026-01-27"),
        ("What happened yesterday?", "2026-01-27", "2026-01-27"),
        ("Who won in March 2024?", "2024-03-01", "2024-03-31"),
        ("Who won on March 12, 2024?", "2024-03-12", "2024-03-12"),
        ("Who won on the 12th of May?", "2025-05-12", "2025-05-12"),
        ("Who won last week?", "2026-01-19", "2026-01-25"),
        ("Who spoke two days ago?", "2026-01-26", "2026-01-26"),
        ("Quem ganhou ontem?", "2026-01-27", "2026-01-27"),
        ("Quem ganhou em 28 de agosto de 2025?", "2025-08-28", "2025-08-28"),
        ("Quantos na semana passada?", "2026-01-19", "2026-01-25"),
        ("Quem falou há dois dias?", "2026-01-26", "2026-01-26"),
        ("Что случилось вчера?", "2026-01-27", "2026-01-27"),
        ("Кто победил 18 января?", "2026-01-18", "2026-01-18"),
        ("Сколько в ноябре 2025 года?", "2025-11-01", "2025-11-30"),
        ("Что было на прошлой неделе?", "2026-01-19", "2026-01-25"),
        ("ماذا حدث أمس؟", "2026-01-27", "2026-01-27"),
        ("كم كان السعر في ديسمبر 2025؟", "2025-12-01", "2025-12-31"),
        ("ماذا حدث الأسبوع الماضي؟", "2026-01-19", "2026-01-25"),
    ],
)
def test_days_that_a_question_names(question: str, since: str, until: str) -> None:
    period = parse_timing(question, TODAY).period
    assert period is not None
    assert (period.since.isoformat(), period.until.isoformat()) == (since, until)


@pytest.mark.parametrize(
    "question",
    [
        "Qui a peint la Joconde ?",
        "Quelles sondes tournent autour de Mars ?",
        "Who may vote?",
        "Que vend-on au marché du mardi ?",
        "Où va-t-on le samedi ?",
        "Quel est le prix du sac de maïs de 100 kg ?",
        "La mer a-t-elle détruit 2000 maisons ?",
        "Qui a joué le 31 février ?",
        "Que prévoit-on en mars 2027 ?",
        "Qu'ouvrira-t-on en février ?",
        "Où joue-t-on le 12 mars ?",
        "il y a 99999999999 ans",
    ],
)
def test_questions_that_name_no_day_that_has_been(question: str) -> None:
    assert parse_timing(question, TODAY).period is None


@pytest.mark.parametrize(
    ("question", "now"),
    [
        ("Combien coûte actuellement le sac de riz ?", True),
        ("Quelles sont les dernières nouvelles de Gao ?", True),
        ("Quel temps fait-il aujourd’hui ?", True),
        ("What is the latest toll?", True),
        ("Qual é o preço atual?", True),
        ("Сколько сейчас стоит рис?", True),
        ("ما هو السعر الحالي؟", True),
        ("Qui a gagné dimanche dernier ?", False),
        ("Combien coûte le sac de riz ?", False),
        ("What do you know?", False),
    ],
)
def test_questions_about_now(question: str, now: bool) -> None:
    assert parse_timing(question, TODAY).now is now


def test_the_edition_of_the_time_asked_about_comes_first(dated: Archive) -> None:
    first = defaultdict(list)
    for question in DATED.questions:
        today = date.fromisoformat(question.asked_on or "")
        hit = dated.kibaru.ask(question.question, today=today).hits[0]
        first[question.variant].append(hit.passage.article_id == dated.id_of(question.article_id))
    shares = {variant: sum(right) / len(right) for variant, right in first.items()}
    assert shares["day"] == 1
    assert min(shares["month"], shares["relative"]) >= 0.9
    assert min(shares["now"], shares["other date"]) >= 0.8
    assert shares["no date"] == 1


def test_today_decides_what_yesterday_is(dated: Archive) -> None:
    question = "Quel a été le score de Dembadiala hier ?"
    for today in ("2026-01-12", "2026-01-19", "2026-01-26"):  # the Mondays on which the matches were reported
        answer = dated.kibaru.ask(question, today=date.fromisoformat(today))
        assert dated.kibaru.article(answer.hits[0].passage.article_id).published == today


def test_a_date_without_articles_changes_nothing(dated: Archive) -> None:
    plain, with_date = (
        [hit.passage.id for hit in dated.kibaru.ask(question, today=date(2030, 1, 1)).hits[:1]]
        for question in ("Quel transformateur a brûlé à Tambaga ?", "Quel transformateur a brûlé à Tambaga hier ?")
    )
    assert plain == with_date


def test_passages_of_the_days_asked_about_are_looked_for_apart(dated: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def published() -> list[str | None]:
        hits = dated.kibaru.ask(question, today=TODAY).hits
        return [dated.kibaru.article(hit.passage.article_id).published for hit in hits]

    question = "Le courant à Tambaga : combien d'heures de coupure le 20 janvier ?"
    assert published()[0] == "2026-01-20"
    monkeypatch.setattr(candidates, "CANDIDATES", 1)  # which is the passage of another day
    assert "2026-01-20" in published()
    filtered = dated.kibaru.ask(question, today=TODAY, filters=Filters(since="2026-01-22"))
    assert all((dated.kibaru.article(hit.passage.article_id).published or "") >= "2026-01-22" for hit in filtered.hits)


def _hit(article: str, score: float) -> Hit:
    return Hit(StoredPassage(0, article, 0, 1, ""), 0.9, 0.5, 0.0, score)


def test_the_newest_never_passes_a_clearly_better_match() -> None:
    published = {"old": "2020-01-01", "new": "2026-01-01", "undated": None}
    hits = [_hit("old", 0.9), _hit("new", 0.9 - RECENCY_BONUS - 0.001), _hit("undated", 0.1)]
    raised = {hit.passage.article_id: hit.score for hit in boost_by_date(hits, published, Timing(now=True))}
    assert raised["old"] > raised["new"]
    assert raised["undated"] == 0.1
    near = [_hit("old", 0.9), _hit("new", 0.89)]
    raised = {hit.passage.article_id: hit.score for hit in boost_by_date(near, published, Timing(now=True))}
    assert raised["new"] > raised["old"]
    assert boost_by_date([], {}, Timing(Period(TODAY, TODAY))) == []


def test_an_archive_without_dates_is_asked_about_one(archive: Kibaru) -> None:
    archive.remove([article.id for article in archive.store.articles()])
    list(archive.add([make_article(text="Le bac de Farabougou a repris la traversée du fleuve.")]))
    assert archive.ask("Qu'a fait le bac de Farabougou hier ?").hits
    assert archive.ask("Que fait le bac de Farabougou aujourd'hui ?").hits
