"""What makes two articles the same: addresses, words, near-duplicates; and what an updated article keeps."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Finished
from hypothesis import given
from hypothesis import strategies as st

from kibaru.answering.quotes import Quote
from kibaru.archive import Kibaru
from kibaru.ingest.article import make_article
from kibaru.settings import Settings
from kibaru.storage.duplicates import links_of, unlink
from kibaru.text.near_duplicates import are_near_duplicates, bands
from kibaru.text.urls import canonical_url, url_key
from kibaru.types import Article, Failure, Filters, Span

QUESTION = "Pourquoi le verger de Sinignassigui récolte-t-il deux fois plus de noix de cajou ?"


def put(archive: Kibaru, article: Article) -> Article:
    """The article as it was stored."""
    (outcome,) = archive.add([article])
    assert not isinstance(outcome, Failure)
    return outcome.article


@pytest.fixture
def cashew(archive: Kibaru) -> Article:
    return next(article for article in archive.store.articles() if "cajou" in article.title)


def on_another_site(article: Article, **changes: str) -> Article:
    fields = {"title": "Noix de cajou : une récolte record à Banfora", "text": article.text, "published": "2025-06-04"}
    return make_article(**fields | {"url": "https://agence.example/cajou-record", "outlet": "Agence Dozo"} | changes)


@pytest.mark.parametrize(
    "variant",
    [
        "http://journal.example/2026/bac",
        "https://www.journal.example/2026/bac/",
        "https://journal.example/2026/bac?utm_source=telegram&fbclid=Iw0",
        "https://journal.example/2026/bac/amp/",
        "https://amp.journal.example/2026/bac?amp=1",
        "https://m.journal.example/2026/bac#commentaires",
    ],
)
def test_addresses_of_one_page_are_one_article(archive: Kibaru, article: Article, variant: str) -> None:
    first = put(archive, replace(article, url="https://journal.example/2026/bac"))
    second = put(archive, make_article(title=article.title, text=article.text + " Corrigé.", url=variant))
    assert second.id == first.id


@pytest.mark.parametrize("other", ["?p=12", "?p=11&page=2", "?cid=11", "?p=11&lang=en"])
def test_parameters_that_tell_articles_apart_are_kept(other: str) -> None:
    assert url_key(canonical_url(f"https://journal.example/{other}")) != url_key("https://journal.example/?p=11")


@given(st.text("abé/%?&=.:#@-_~2", max_size=40))
def test_a_canonical_address_is_its_own_canonical_address(rest: str) -> None:
    canonical = canonical_url(f"https://journal.example/{rest.replace(' ', '')}")
    assert canonical_url(canonical) == canonical
    assert url_key(canonical_url(canonical.replace("https", "http", 1))) == url_key(canonical)


def test_a_story_told_on_two_sites_is_kept_twice_and_quoted_once(archive: Kibaru, cashew: Article) -> None:
    copy = put(archive, on_another_site(cashew))
    assert copy.id != cashew.id
    for answer in (archive.ask(QUESTION), archive.ask(QUESTION, quotes=10)):
        quoted = [quote.article.id for quote in answer.quotes if quote.article.id in (copy.id, cashew.id)]
        assert len(set(quoted)) == 1
        (other,) = answer.quotes[0].also_in
        assert {answer.quotes[0].article.id, other.id} == {copy.id, cashew.id}


@pytest.mark.parametrize("change", ["shortened", "credited", "touched up"])
def test_a_story_that_was_changed_on_the_way_is_recognised(archive: Kibaru, cashew: Article, change: str) -> None:
    words = cashew.text.split(" ")
    text = {
        "shortened": cashew.text[: len(cashew.text) // 2],
        "credited": f"BANFORA, 3 juin (Agence Dozo) - {cashew.text}\n\nAvec notre correspondant à Banfora.",
        "touched up": " ".join("environ" if at % 20 == 19 else word for at, word in enumerate(words)),
    }[change]
    copy = put(archive, on_another_site(cashew, text=text))
    assert links_of(archive.store, [copy.id]) == {copy.id: {cashew.id}}


def test_the_samples_tell_different_stories(samples: Kibaru) -> None:
    assert not links_of(samples.store, (article.id for article in samples.store.articles()))


def test_a_refusal_names_a_story_once(archive: Kibaru, cashew: Article) -> None:
    put(archive, on_another_site(cashew))
    leads = archive.ask("Qui a gagné la Coupe du monde de noix de cajou 1998 ?").leads
    assert len({lead.text for lead in leads}) == len(leads)


def test_links_follow_what_the_articles_say_now(archive: Kibaru, cashew: Article) -> None:
    copy = put(archive, on_another_site(cashew))
    put(archive, replace(copy, text="La page a été retirée à la demande de la coopérative. " * 5))
    assert not links_of(archive.store, [copy.id, cashew.id])
    put(archive, copy)
    archive.remove([cashew.id])
    assert not links_of(archive.store, [copy.id])


def test_short_notices_are_nobodys_copies() -> None:
    text = "La mairie est fermée lundi. Elle rouvre mardi à huit heures."
    assert not bands(text)
    assert not are_near_duplicates(text, text)


def test_an_updated_article_keeps_its_id_and_what_it_said(archive: Kibaru, article: Article) -> None:
    first = put(archive, article)
    second = put(archive, replace(article, text=article.text.replace("250 francs", "300 francs")))
    third = put(archive, replace(second, title="Bac de Farabougou : le billet à 300 francs"))
    assert first.id == second.id == third.id
    assert [edition.text for edition in archive.store.editions(first.id)] == [second.text, first.text]
    assert "300 francs" in archive.ask("Combien coûte le billet du bac de Farabougou ?").quotes[0].text
    put(archive, replace(third, author="N. C."))
    assert len(archive.store.editions(first.id)) == 2


def test_the_editions_of_an_article_go_with_it(archive: Kibaru, article: Article) -> None:
    first = put(archive, article)
    put(archive, replace(article, text="Le bac est en panne."))
    archive.remove([first.id])
    assert not archive.store.editions(first.id)


def test_editions_and_links_are_shown(
    archive: Kibaru, run: Callable[..., Finished], article: Article, cashew: Article
) -> None:
    first = put(archive, article)
    put(archive, replace(article, text="Le bac est en panne."))
    shown = run("show", "--editions", first.id).out
    assert "Le bac est en panne." in shown
    assert "Zoumana Bérété" in shown.split("--- until")[1]
    (edition,) = json.loads(run("show", "--editions", "--json", first.id).out)["editions"]
    assert edition["text"] == first.text
    copy = put(archive, on_another_site(cashew))
    assert f"tells the same as {cashew.id}" in run("show", copy.id).out
    assert "also in: " in run("ask", QUESTION).out


def test_a_quote_of_a_paged_document_names_its_page(archive: Kibaru) -> None:
    pages = ["Le rapport annuel du port de Sanfara paraît mardi.\n\n", "Le port a traité 41 000 conteneurs en 2025."]
    put(archive, make_article(title="Port de Sanfara", text="".join(pages), pages=[0, len(pages[0])]))
    quote = archive.ask("Combien de conteneurs le port de Sanfara a-t-il traités ?").quotes[0]
    assert quote.page == 2
    assert "".join(quote.article.text[start:] for start in quote.article.pages[1:]) == pages[1]


def test_pages_stay_where_they_are_when_the_text_is_cleaned() -> None:
    article = make_article(text="\n\nPage\x07 un e\u0301.\n\n  Page deux.", pages=[0, 14])
    assert [article.text[start:] for start in article.pages] == ["Page un é.\n\n  Page deux.", "Page deux."]


def test_an_archive_of_kibaru_0_1_opens_answers_with_the_same_quote_and_is_rebuilt(tmp_path: Path) -> None:
    """It was made by the last build before 0.2.0: two sample articles, one of them changed once, and a question."""
    with tarfile.open(Path(__file__).parents[1] / "data" / "archive-0.1.tar.gz") as old:
        old.extractall(tmp_path, filter="data")
    with Kibaru(Settings(index=tmp_path / "index")) as kibaru:
        cashew, keta = sorted(kibaru.store.articles(Filters()), key=lambda article: article.title)

        def first_quote() -> str:
            answer = kibaru.ask("How many homes did the sea take in Keta?")
            assert answer.quotes[0].article == keta
            return answer.quotes[0].text

        quote = first_quote()
        assert quote.startswith("High tides destroyed 23 homes at Abutiakope, near Keta, on the night of 19 June")
        assert quote.endswith(
            "The beach has retreated by 17 metres in ten years, according to the Anlo Shoreline Trust."
        )
        assert (
            kibaru.store.value("select question, helpful from questions") == "How many homes did the sea take in Keta?"
        )
        assert "March 2027" in keta.text
        assert "March 2027" not in kibaru.store.editions(keta.id)[0].text
        changed = put(kibaru, make_article(text="La récolte a commencé.", url=cashew.url))
        assert changed.id == cashew.id
        assert kibaru.store.editions(cashew.id)[0].text == cashew.text
        assert kibaru.rebuild().articles == 2
        assert kibaru.status().problem is None
        assert first_quote() == quote


def test_a_rebuild_links_near_duplicates_whose_bands_were_lost(archive: Kibaru, cashew: Article) -> None:
    copy = put(archive, on_another_site(cashew))
    with archive.store.writing():
        unlink(archive.store, copy.id)
        unlink(archive.store, cashew.id)
    archive.rebuild()
    assert links_of(archive.store, [copy.id]) == {copy.id: {cashew.id}}


def test_an_empty_page_is_counted_and_stays_one() -> None:
    article = make_article(text="Page deux.\n\nPage quatre.", pages=[0, 0, 12, 12])
    assert article.pages == (0, 0, 12, 12)
    again = make_article(title=article.title, text=article.text, pages=article.pages)
    assert again == article
    cover = make_article(text="  \n Page deux.", pages=[0, 3])
    assert Quote(cover, 0, 10, Span(0, 10)).page == 2
