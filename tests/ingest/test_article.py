"""What an article is, and when two are the same."""

import pytest

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.text.dates import parse_date
from kibaru.text.urls import canonical_url


def test_id_derives_from_the_url_and_outlives_a_new_text() -> None:
    first = make_article(text="Une phrase.", url="https://journal.example/a")
    second = make_article(text="Une autre phrase.", url="HTTPS://Journal.example:443/a#haut")
    assert first.id == second.id
    assert first.digest != second.digest


def test_id_derives_from_title_and_text_without_a_url() -> None:
    assert make_article(title="T", text="x y").id == make_article(title=" T ", text="x y\r\n").id
    assert make_article(title="T", text="x y").id != make_article(title="U", text="x y").id


def test_given_id_is_kept() -> None:
    assert make_article(text="Une phrase.", id="dakar-12").id == "dakar-12"


@pytest.mark.parametrize("id", ["a b", "-x", "x" * 201])
def test_unusable_id_is_refused(id: str) -> None:
    with pytest.raises(BadInput, match="id"):
        make_article(text="Une phrase.", id=id)


def test_text_is_cleaned_of_control_characters_and_composed() -> None:
    text = make_article(text="Une\x1b[31m e\u0301toile\r\nfilante\x00 \ud800.").text
    assert text == "Une[31m étoile\nfilante ."


def test_missing_title_is_the_first_words() -> None:
    assert make_article(text="mot " * 100).title == "mot " * 19 + "mot…"


def test_language_is_detected_when_not_given() -> None:
    assert make_article(text="Le maire a inauguré la nouvelle école du quartier.").language == "fr"
    assert make_article(text="The mayor opened the new school of the district.").language == "en"
    assert make_article(text="The mayor opened the school.", language="fr-ML").language == "fr"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-11-11", "2025-11-11"),
        ("2025-11-11T08:30:00+00:00", "2025-11-11T08:30:00+00:00"),
        ("11 novembre 2025", "2025-11-11"),
        ("11/12/2025", "2025-12-11"),
        ("March 3, 2025", "2025-03-03"),
    ],
)
def test_dates_are_read_as_people_write_them(written: str, meant: str) -> None:
    assert parse_date(written).isoformat() == meant


@pytest.mark.parametrize(
    "written",
    ["hier", "2025-13-40", "2025-13-01", "2025/13/01", "2025-13-01T10:00:00Z", "2025-2-30", "un jour", "", "9" * 100],
)
def test_what_is_no_date_is_refused(written: str) -> None:
    with pytest.raises(BadInput, match="no date"):
        parse_date(written)


@pytest.mark.parametrize("url", ["journal.example", "ftp://journal.example/a", "http://", "https://a b/c", "http://[x"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="no web address"):
        canonical_url(url)


@pytest.mark.parametrize(("text", "pages"), [("Le maire a parlé.", [2, 2]), (" \n Le maire a parlé.", [1, 5])])
def test_an_empty_page_starts_where_the_next_one_does(text: str, pages: list[int]) -> None:
    article = make_article(title="Le maire", text=text, pages=pages)
    assert all(article.text[start:].strip() == article.text[start:] for start in article.pages)
    assert make_article(title="Le maire", text=article.text, pages=article.pages).pages == article.pages
