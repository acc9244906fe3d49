"""What an answer, an article and an archive look like on a terminal, and to a program."""

from dataclasses import replace
from pathlib import Path

from kibaru.answering.answer import Answer
from kibaru.answering.quotes import Quote
from kibaru.archive import Status
from kibaru.cli.rendering import (
    answer_json,
    answer_text,
    article_json,
    article_line,
    article_text,
    edition_text,
    source,
    status_json,
    status_text,
)
from kibaru.types import Article, Edition, GenerationRow, Span

ARTICLE = Article(
    id="a1",
    title="Le bac repart",
    text="Avant. Le bac repart jeudi. Après.",
    url="https://journal.example/bac",
    published="2026-01-15T10:00:00+00:00",
    author="Nana Coulibaly",
    language="fr",
    outlet="Le Balafon",
    modified="2026-01-16",
    pages=(0, 7),
)
BARE = Article("b2", "Sans date", "Un mot.")
QUOTE = Quote(ARTICLE, 0, 34, Span(7, 27), (BARE,))
LINE = "Le bac repart · p. 2 · Le Balafon · 2026-01-15 · https://journal.example/bac"


def test_an_answer_is_its_quotes_the_words_that_answer_bold_each_above_its_sources() -> None:
    shown = f"« Avant. \x1b[1mLe bac repart jeudi.\x1b[0m Après. »\n    {LINE}\n    also in: Sans date"
    single = "« \x1b[1mUn mot.\x1b[0m »\n    Sans date"
    quotes = [QUOTE, Quote(BARE, 0, 7, Span(0, 7))]
    assert answer_text(Answer("?", 0.9, quotes, [], [])) == f"{shown}\n\n{single}"
    unsure = answer_text(Answer("?", 0.5, quotes, [], [], is_sure=False))
    assert unsure == f"\x1b[1mThis may help:\x1b[0m\n\n{shown}\n\n{single}"


def test_a_refusal_names_the_nearest_articles_where_there_are_any() -> None:
    said = "\x1b[1mThe articles don't say.\x1b[0m"
    assert answer_text(Answer("?", 0.1, [], [], [])) == said
    assert answer_text(Answer("?", 0.1, [], [ARTICLE, BARE], [])) == (
        f"{said}\n\nNearest articles, which may not answer:\n  - {LINE.replace('p. 2 · ', '')}\n  - Sans date"
    )


def test_a_source_is_one_line_of_what_is_known() -> None:
    assert source(replace(ARTICLE, title="Le\nbac"), 3) == LINE.replace("Le bac repart · p. 2", "Le bac · p. 3")
    assert source(BARE) == "Sans date"


def test_an_article_for_programs_is_all_but_its_text() -> None:
    assert article_json(ARTICLE) == {
        "id": "a1",
        "title": "Le bac repart",
        "url": "https://journal.example/bac",
        "published": "2026-01-15T10:00:00+00:00",
        "author": "Nana Coulibaly",
        "language": "fr",
        "outlet": "Le Balafon",
        "modified": "2026-01-16",
    }


def test_an_answer_for_programs_says_where_each_quote_stands() -> None:
    assert answer_json(Answer("Quand ?", 0.912345, [QUOTE], [], [])) == {
        "question": "Quand ?",
        "answered": True,
        "sure": True,
        "confidence": 0.9123,
        "quotes": [
            {
                "text": ARTICLE.text,
                "start": 0,
                "end": 34,
                "highlight": {"start": 7, "end": 27},
                "article": article_json(ARTICLE),
                "page": 2,
                "also_in": [article_json(BARE)],
            }
        ],
        "leads": [],
    }
    assert answer_json(Answer("Quand ?", 0.5, [QUOTE], [], [], is_sure=False))["sure"] is False
    assert answer_json(Answer("Quand ?", 0.1, [], [BARE], [])) == {
        "question": "Quand ?",
        "answered": False,
        "sure": False,
        "confidence": 0.1,
        "quotes": [],
        "leads": [article_json(BARE)],
    }


def test_a_list_has_the_id_date_and_language_of_articles_in_columns() -> None:
    assert article_line(ARTICLE) == "a1  2026-01-15  fr  Le bac repart"
    assert article_line(BARE) == "b2  -           -   Sans date"


def test_an_article_stands_under_its_title_and_what_is_known_about_it() -> None:
    assert article_text(ARTICLE, ["b2", "c3"]) == (
        "\x1b[1mLe bac repart\x1b[0m\n"
        "Le Balafon · Nana Coulibaly · 2026-01-15T10:00:00+00:00 · modified 2026-01-16 · fr · "
        "https://journal.example/bac · id a1 · tells the same as b2, c3\n\n"
        "Avant. Le bac repart jeudi. Après."
    )
    assert article_text(BARE) == "\x1b[1mSans date\x1b[0m\nid b2\n\nUn mot."


def test_an_earlier_text_says_until_when_it_stood() -> None:
    edition = Edition("Le bac\x1b[2J", "Hors\x1b[2J service.", None, None, "2026-01-16T08:00:00+00:00")
    assert edition_text(edition) == (
        "--- until 2026-01-16T08:00:00+00:00: \x1b[1mLe bac\ufffd[2J\x1b[0m\n\nHors\ufffd[2J service."
    )


STATUS = Status(
    folder=Path("/srv/index"),
    articles=18,
    passages=61,
    published=("2025-01-02", "2025-11-03"),
    languages=["fr", "en"],
    generation=GenerationRow(3, "e5#1", 384, 1, 1),
    model="e5#1",
    calibrated=True,
    bytes=1_250_000,
    problem=None,
)
EMPTY = replace(
    STATUS, published=None, languages=[], generation=None, calibrated=False, problem="It is not indexed: run it."
)


def test_status_is_a_line_for_each_thing_to_know() -> None:
    assert status_text(STATUS).splitlines() == [
        "archive    /srv/index (1.2 MB)",
        "articles   18, 2025-01-02 to 2025-11-03",
        "languages  fr, en",
        "index      generation 3, 61 passages",
        "model      e5#1",
        "health     good",
    ]
    assert status_text(EMPTY).splitlines()[1:] == [
        "articles   18",
        "languages  -",
        "index      none",
        "model      e5#1 (not calibrated: refusals rest on keywords alone)",
        "health     It is not indexed: run it.",
    ]


def test_status_for_programs_says_whether_the_archive_is_healthy() -> None:
    state = status_json(STATUS)
    assert (state["folder"], state["healthy"], state["articles"]) == ("/srv/index", True, 18)
    assert state["generation"]["model"] == "e5#1"
    assert status_json(EMPTY)["healthy"] is False
