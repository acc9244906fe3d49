"""What is taken from a news page, and which pages are no articles."""

from __future__ import annotations

import json
import pickle

import pytest
from data.pages import pages, token_f1
from data.pages.content_systems import wordpress_newspaper
from data.pages.parts import cookies, menu, teasers
from data.pages.stories import STORIES

from kibaru.errors import BadInput
from kibaru.ingest.files import read_bytes
from kibaru.ingest.html.extraction import article_from_html, extract_article
from kibaru.types import Article, Failure

STORY = STORIES[0]
TEXT = "".join(f"<p>{block.removeprefix('## ')}</p>" for block in STORY.body)


def test_hand_made_pages_give_what_was_written() -> None:
    rows = []
    for name, story, data in pages():
        article = article_from_html(data)
        dated = (article.published or "")[:10] == story.published
        rows.append((name, token_f1(article.text, story.text), dated, article.title == story.title, article))
    table = "\n".join(f"{name:25} F1 {f1:.3f}  date {dated}  title {titled}" for name, f1, dated, titled, _ in rows)
    assert len(rows) >= 40
    assert sum(f1 for _, f1, *_ in rows) / len(rows) >= 0.99, table
    assert min(f1 for _, f1, *_ in rows) >= 0.9, table
    assert sum(dated and titled for *_, dated, titled, _ in rows) >= len(rows) - 2, table


def test_markup_becomes_headings_and_lists() -> None:
    """All themes but those that have none: a live blog's updates, and text apart by `<br>`."""
    without = ("live", "blogger", "br_only", "tables")
    for name, story, data in pages():
        if not name.startswith(without):
            assert article_from_html(data).text == story.text, name


def test_author_language_and_outlet_are_the_pages_own() -> None:
    read = [(story, article_from_html(data)) for _, story, data in pages()]
    assert sum(article.author == story.author for story, article in read) >= 0.9 * len(read)
    assert all(article.language == story.language for story, article in read)
    article = extract_article(wordpress_newspaper(STORY).encode())
    assert (article.outlet, article.url) == ("L'Écho des Rives", "https://echo.example/2025/09/article/")
    assert article.modified == f"{STORY.published}T23:10:00+00:00"


def page(body: str, title: str = STORY.title, head: str = "", classes: str = "") -> bytes:
    return f"<html><head><title>{title}</title>{head}</head><body class='{classes}'>{body}</body></html>".encode()


def linked_data(**fields: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **fields})}</script>'


CARDS = "".join(
    f"<article><h2><a href='/{n}'>{s.title}</a></h2><time>{s.published}</time><p>{s.body[0][:140]}…</p></article>"
    for n, s in enumerate(STORIES)
)
WALL = "<div class='abo'><p>Il vous reste 78 % de cet article à lire. La suite est réservée aux abonnés.</p></div>"
NO_ARTICLES = {
    "paywalled by its JSON-LD": (page(f"<h1>x</h1>{TEXT}", head=linked_data(isAccessibleForFree="False")), "paywalled"),
    "paywalled in part": (
        page(TEXT, head=linked_data(isAccessibleForFree=True, hasPart={"isAccessibleForFree": False})), "paywalled"),
    "paywalled by its notice": (page(f"<h1>{STORY.title}</h1><article><p>{STORY.body[0]}</p>{WALL}</article>"), "paywalled"),
    "cut off": (page(f"<h1>{STORY.title}</h1><div><p>{STORY.body[0]} {STORY.body[1]} Les com…</p></div>"), "beginning"),
    "front page": (page(f"{menu()}<main>{CARDS}</main>{cookies()}", "Sahel Infos", classes="home blog"), "lists articles"),
    "category": (page(f"{menu()}<h1>Société</h1><main>{CARDS}</main>", "Société - Sahel Infos"), "lists articles"),
    "collection": (page(CARDS, head='<script type="application/ld+json">{"@type":"CollectionPage"}</script>'), "lists articles"),
    "error": (page(f"{menu()}<h1>404</h1><p>Oups ! Cette page est introuvable.</p>{teasers('r')}", "Page non trouvée - X"), "error"),
    "error without a title": (b"<html><body>404 not found</body></html>", "error"),
    "error without a title, in French": (b"<p>Page introuvable</p><p>Revenez demain.</p>", "error"),
    "challenge": (page("<h1>Checking your browser</h1><p>This may take a few seconds.</p>", "Just a moment..."), "error"),
    "consent": (page(cookies(), "Avant de continuer"), "no article"),
    "scripts only": (page("<div id='root'></div><noscript>You need to enable JavaScript to run this app.</noscript>"), "no article"),
    "empty": (b" \n", "empty"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "binary"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NO_ARTICLES)
def test_page_that_is_no_article_is_refused_with_a_reason(kind: str) -> None:
    data, reason = NO_ARTICLES[kind]
    with pytest.raises(BadInput, match=reason) as caught:
        extract_article(data)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("kind", ["error", "error without a title", "error without a title, in French"])
def test_an_error_that_was_saved_as_a_file_is_refused_too(kind: str) -> None:
    """In a file even a short text may be an article."""
    (refused,) = read_bytes("a.html", NO_ARTICLES[kind][0])
    assert isinstance(refused, Failure)
    assert "error page" in refused.why


def test_a_page_without_a_title_whose_text_tells_of_an_error_is_an_article() -> None:
    text = (
        "Une erreur de comptage a privé la commune de Kayes de trois sièges au conseil, dit le maire, qui en appelle."
    )
    (article,) = read_bytes("a.html", f"<p>{text}</p><p>Le recours est examiné lundi.</p>".encode())
    assert isinstance(article, Article)
    assert article.text.startswith(text)


def test_offer_to_subscribers_in_the_menu_is_no_paywall() -> None:
    offer = "<div class='top'>Déjà abonné ? Se connecter. Article réservé aux abonnés : notre enquête sur l'or.</div>"
    assert extract_article(
        page(f"{offer}<h1>{STORY.title}</h1><div class='paywall'></div>{TEXT}{CARDS}")
    ).text == STORY.text.replace("## ", "")


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "utf-16", "mac_roman"])
def test_encoding_need_not_be_declared(charset: str) -> None:
    data = page(f"<h1>{STORY.title}</h1>{TEXT}").decode().encode(charset, "replace")
    assert STORY.body[0] in extract_article(data).text


def test_encoding_may_be_declared_wrong() -> None:
    written = page(f"<h1>{STORY.title}</h1>{TEXT}", head="<meta charset=utf-8>").decode()
    assert STORY.body[0] in extract_article(written.encode("cp1252"), charset="utf-8").text
    assert STORY.body[0] in extract_article(written.encode("utf-8"), charset="iso-8859-1").text


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("Publié le 3 sept. 2025 à 10:42", "2025-09-03"),
        ("mercredi 3 septembre 2025", "2025-09-03"),
        ("03/09/2025 - 10:42", "2025-09-03"),
        ("September 3, 2025", "2025-09-03"),
        ("3 de setembro de 2025", "2025-09-03"),
        ("3 سبتمبر 2025", "2025-09-03"),
        ("Mis à jour le 5 septembre 2025 · Publié le 3 septembre 2025", "2025-09-03"),
    ],
)
def test_visible_dates_are_read(written: str, day: str) -> None:
    spans = "".join(f"<span>{part}</span>" for part in written.split(" · "))
    assert extract_article(page(f"<h1>{STORY.title}</h1><div>{spans}</div>{TEXT}")).published == day


def test_date_in_the_future_is_none() -> None:
    head = linked_data(headline=STORY.title, datePublished="2125-01-01")
    assert extract_article(page(f"<h1>{STORY.title}</h1>{TEXT}", head=head)).published is None


def test_canonical_address_may_be_relative() -> None:
    head = "<link rel=canonical href='/a/b?utm_source=x'>"
    article = extract_article(page(f"<h1>{STORY.title}</h1>{TEXT}", head=head), url="https://journal.example/amp/a/b")
    assert article.url == "https://journal.example/a/b"


def test_text_that_scripts_would_show_is_read_from_json_ld() -> None:
    head = linked_data(headline=STORY.title, articleBody="\n".join(STORY.body), datePublished=STORY.published)
    article = extract_article(page("<div id='app'>Chargement…</div>", head=head))
    assert (article.title, article.text, article.published) == (STORY.title, STORY.text, STORY.published)


def test_title_escaped_twice_is_read() -> None:
    head = (
        "<meta property='og:title' content='L&amp;#8217;eau du fleuve monte'><meta property='og:site_name' content='X'>"
    )
    assert extract_article(page(f"<div>{TEXT}</div>", "X", head)).title == "L’eau du fleuve monte"


def test_stray_bytes_do_not_cost_a_page() -> None:
    data = page(f"<h1>{STORY.title}</h1>{TEXT}").decode().encode("cp1252").replace(b"Loutana", b"Lou\x81tana", 1)
    assert STORY.body[2] in extract_article(data).text


def test_markup_cannot_reach_the_text() -> None:
    evil = "<p>&lt;script&gt;alert(1)&lt;/script&gt; a dit le maire de la ville, ce lundi matin.</p><script>alert(2)</script>"
    article = extract_article(page(f"<h1>{STORY.title}</h1>{TEXT}{evil}"))
    assert "alert(2)" not in article.text
    assert isinstance(pickle.loads(pickle.dumps(article)), Article)
