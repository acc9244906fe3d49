"""Rendering: any article, any question, any language gives messages that Telegram takes, with the article's words.

What "Telegram takes" means is asked of the strict server's own parser.
"""

from __future__ import annotations

import io
from csv import reader as csv_rows
from dataclasses import dataclass, replace

import pytest
from bot_api import queries, utf16
from bot_api.keyboards import inline_keyboard
from bot_api.markup import clean as as_telegram_keeps_it
from bot_api.params import format_text
from hypothesis import example, given, settings
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup

from kibaru.answering import Answer
from kibaru.articles import Article, clean
from kibaru.errors import BadInput
from kibaru.journal import Asked
from kibaru.newsroom import Kibaru
from kibaru.quoting import Quote
from kibaru.sentences import Span
from kibaru_bot.buttons import Sealed
from kibaru_bot.commands import article_key, example_question
from kibaru_bot.editing import _detail, _detail_keyboard
from kibaru_bot.inline import offered
from kibaru_bot.lengths import MAX_ENTITIES, MAX_UNITS, entities, fitting, shortened, units
from kibaru_bot.messages import LANGUAGES, catalogue
from kibaru_bot.publishing import _described, _Seen
from kibaru_bot.questions import answer_keyboard
from kibaru_bot.render import answer_pages, article_list, refusal, shown
from kibaru_bot.talking import Keyboard
from kibaru_bot.thread import leans, own_words
from kibaru_bot.upkeep import Group, csv_of, listed


@dataclass(frozen=True)
class Read:
    """A message as a reader sees it."""

    text: str
    quotes: list[str]
    bold: list[str]


def check(html: str) -> Read:
    """The message that this HTML makes; fails when Telegram would refuse it or drop some of its formatting."""
    made = format_text(html, "HTML", [], True)
    assert made.text.strip()
    assert units(made.text) == utf16.length(made.text) <= MAX_UNITS
    assert len(made.entities) + entities(made.text) <= MAX_ENTITIES
    assert {entity["type"] for entity in made.entities} <= {"expandable_blockquote", "bold", "text_link", "code"}

    def said(kind: str) -> list[str]:
        found = [e for e in made.entities if e["type"] == kind]
        return [utf16.cut(made.text, entity["offset"], entity["length"]) for entity in found]

    return Read(made.text, said("expandable_blockquote"), said("bold"))


def answer_of(quotes: list[Quote]) -> Answer:
    return Answer("?", 0.9, quotes, [], [])


def check_keyboard(keyboard: Keyboard) -> None:
    if keyboard:
        inline_keyboard(InlineKeyboardMarkup(keyboard).to_dict())


_PIECES = [
    "</blockquote>", "<b>", "&amp;", "&#x41;", "& ", '"', "👩‍👩‍👧 ", "e\u0301", "ا ", "مرحبا بالعالم. ", "\n\n",
    "#tag ", "mot ", "a.b ", "𝕏", "\u202eabc\u202c", "\u2067x\u2069", "\u200f", "z" + "\u0300\u0489" * 20, "x\u030ay",
    "\t", "\r\n", "\u2028", "\x0b", "🇲🇱🇧🇫", "https://a.example/?x=1&y=<z> ", "@kibaru_bot ", "/start ", "10:30 ",
    "+223 20 22 00 00 ", "Un. Deux ! Trois ? ",
]  # fmt: skip
hostile = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(_PIECES), max_size=60).map("".join),
    st.integers(1, 5000).map(lambda n: "é" * n),
    st.integers(1, 3000).map(lambda n: "😀" * n),
    st.integers(1, 500).map(lambda n: "#a @b " * n),
    st.integers(1, 3000).map(lambda n: "e" + "\u0323" * n),
)
urls = st.sampled_from(
    [
        None,
        "https://a.example/x?a=1&b=\"'<>",
        "https://www.kibaru.example/" + "l" * 3000,
        "http://localhost/a",
        "https://xn--e1afmkfd.example/ж",
        "https://192.168.0.1/a",
        "https://[2001:db8::1]/a",
    ]
)


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    text = clean("x" + draw(hostile) + draw(hostile) + "y").strip()
    start, end = sorted((draw(st.integers(0, len(text) - 1)), draw(st.integers(1, len(text)))))
    end = max(end, start + 1)
    first, last = sorted((draw(st.integers(start, end)), draw(st.integers(start, end))))
    date = draw(st.sampled_from([None, "2025-06-01", "2025-06-03T10:00:00+00:00", "2025-99-99"]))
    title = " ".join(clean(draw(hostile)).split())[:500] or "t"
    outlet = draw(st.one_of(st.none(), hostile))
    id = draw(st.sampled_from(["a" * 12, "é" * 150]))
    article = Article(id, title, text, draw(urls), date, draw(st.one_of(st.none(), hostile)), "fr", outlet)
    paged = replace(article, pages=draw(st.sampled_from([(), (0,), (0, 1)])))
    others = draw(st.lists(st.builds(replace, st.just(article), url=urls, outlet=st.none() | hostile), max_size=5))
    return Quote(paged, start, end, Span(first, last), tuple(others))


def same(shown_quote: str, article_words: str) -> bool:
    """Whether a quote on Telegram is these words of an article, but for the characters that Telegram takes out of any
    text: direction overrides and three combining marks; a blank line at its end is not seen."""
    return shown_quote.rstrip() == as_telegram_keeps_it(article_words).rstrip()


languages = st.sampled_from(sorted(LANGUAGES))
several = settings(max_examples=150, deadline=None)


@several
@given(st.lists(quotes(), min_size=1, max_size=10), languages, st.booleans())
def test_any_answer_is_messages_whose_quotes_are_the_articles_own(
    answer: list[Quote], code: str, is_sure: bool
) -> None:
    said = Answer("?", 0.9, answer, [], [], is_sure=is_sure)
    made = [check(html) for html in answer_pages(said, catalogue(code))]
    visible = [quote for quote in answer if as_telegram_keeps_it(quote.article.text[slice(*shown(quote))]).strip()]
    seen = [text for page in made for text in page.quotes]
    assert len(seen) == len(visible)
    for quote, text in zip(visible, seen, strict=True):
        start, end = shown(quote)
        assert quote.start <= start < end <= quote.end
        assert same(text, quote.article.text[start:end])
    for page in range(-1, len(made)):
        check_keyboard(answer_keyboard(Sealed(10**15 - 1, "f" * 16), page, True, said, catalogue(code)))


@several
@given(st.lists(quotes(), max_size=15), languages)
def test_any_lists_of_articles_are_messages(answer: list[Quote], code: str) -> None:
    articles = [quote.article for quote in answer]
    check(refusal(articles[:3], catalogue(code)))
    check(article_list(articles, "Titre", catalogue(code)))


@several
@given(st.lists(quotes(), min_size=1, max_size=12), languages)
def test_any_preview_and_detail_is_a_message(answer: list[Quote], code: str) -> None:
    articles, words = [quote.article for quote in answer], catalogue(code)
    others = [None, *articles]
    seen = [_Seen(article, 3, old, old and old.id) for article, old in zip(articles, others, strict=False)]
    check(_described(seen, words))
    for each in seen:
        check(_described([each], words))
        check(_detail(each.article, words))
        check_keyboard(_detail_keyboard(each.article, article_key(each.article.id), words))
        assert example_question(each.article, words).strip()


@several
@given(st.lists(quotes(), max_size=6), st.lists(quotes(), max_size=3), languages)
def test_any_inline_result_is_taken(found: list[Quote], leads: list[Quote], code: str) -> None:
    answer = Answer("?", 0.9, found, [quote.article for quote in leads], [])
    results = [queries._result(result.to_dict(), True) for result in offered(answer, catalogue(code))]
    assert len(results) == len(found or leads)
    for quote, result in zip(found, results, strict=False):
        own = quote.article.text[slice(*shown(quote))]
        posted = check(result["input_message_content"]["message_text"])
        assert [same(text, own) for text in posted.quotes] == [True] * bool(as_telegram_keeps_it(own).strip())
        assert units(result["description"]) <= 256


@several
@given(st.lists(hostile, min_size=1, max_size=25), languages)
def test_any_questions_asked_in_vain_are_a_message_and_no_formulas(texts: list[str], code: str) -> None:
    asked = [Asked(n, "2026", text, text, code, False, 0.1, None, []) for n, text in enumerate(texts)]
    check(listed([Group([each]) for each in asked], catalogue(code)))
    written = csv_of([Group(asked)]).decode("utf-8-sig")
    rows = list(csv_rows(io.StringIO(written, newline="")))[1:]
    assert len(rows) == len(texts)
    assert not any(row[2].lstrip().startswith(("=", "+", "-", "@")) for row in rows)


@settings(max_examples=20, deadline=None)
@given(hostile, languages)
@example("", "fr")
@example("😀", "en")
@example("<b>pont</b> de Diallassagou \u202e?", "fr")
@example("คำถามเกี่ยวกับสะพาน", "en")
def test_any_question_is_answered_or_told_why_not(samples: Kibaru, question: str, code: str) -> None:
    words, answer = catalogue(code), None
    leans(question)
    own_words(question)
    try:
        answer = samples.ask(question)
    except BadInput:
        return
    made = [check(html) for html in answer_pages(answer, words)] or [check(refusal(answer.leads, words))]
    seen = [text for page in made for text in page.quotes]
    for quote, text in zip(answer.quotes, seen, strict=True):
        assert same(text, quote.text)
        assert quote.text in quote.article.text


@settings(max_examples=200, deadline=None)
@given(hostile, st.integers(1, 300))
def test_what_is_cut_fits_and_keeps_characters_whole(text: str, most: int) -> None:
    end = fitting(text, most)
    assert 0 <= end <= len(text)
    assert units(text[:end]) <= most
    assert units(shortened(text, most + 1)) <= most + 1


def test_the_words_that_answer_are_bold_under_their_source() -> None:
    text = "Avant. Le pont a <rouvert> mardi. Après."
    quote = Quote(
        Article("a", "Pont & ville", text, "https://www.kibaru.example/p", "2025-11-01"), 0, len(text), Span(7, 33)
    )
    (html,) = answer_pages(answer_of([quote]), catalogue("fr"))
    assert html == (
        "<blockquote expandable>Avant. <b>Le pont a &lt;rouvert&gt; mardi.</b> Après.</blockquote>\n"
        '<a href="https://www.kibaru.example/p">Pont &amp; ville</a> · kibaru.example · 1er novembre 2025'
    )


def test_the_page_of_a_document_and_who_else_told_it_stand_below() -> None:
    article = Article("a", "Rapport", "Page un. Page deux.", outlet="Le Balafon", pages=(0, 9))
    other = Article("b", "Autre", "Page deux.", "https://agence.example/b", outlet="Agence <Dozo>")
    quote = Quote(article, 9, 19, Span(9, 19), (other,))
    (html,) = answer_pages(answer_of([quote]), catalogue("fr"))
    assert html.split("\n", 1)[1] == (
        'Rapport · p. 2 · Le Balafon\nAussi sur : <a href="https://agence.example/b">Agence &lt;Dozo&gt;</a>'
    )


def test_a_quote_longer_than_a_message_shows_the_sentence_that_answers() -> None:
    text = "a " * 3000 + "la réponse." + " b" * 3000
    at = text.index("la réponse.")
    quote = Quote(Article("a", "T", text), 0, len(text), Span(at, at + 11))
    (html,) = answer_pages(answer_of([quote]), catalogue("en"))
    assert check(html).quotes == ["la réponse."]
    assert "[…] T" in html


def test_long_answers_are_split_between_quotes() -> None:
    text = "mot " * 700
    quote = Quote(Article("a", "T", text), 0, len(text.rstrip()), Span(0, 3))
    assert [len(check(html).quotes) for html in answer_pages(answer_of([quote] * 3), catalogue("fr"))] == [1, 1, 1]
    short = Quote(Article("a", "T", text), 0, 3, Span(0, 3))
    assert [len(check(html).quotes) for html in answer_pages(answer_of([short] * 7), catalogue("fr"))] == [3, 3, 1]


def test_an_answer_that_may_not_be_one_says_so() -> None:
    quote = Quote(Article("a", "T", "Le pont a rouvert."), 0, 18, Span(0, 18))
    (html,) = answer_pages(Answer("?", 0.5, [quote], [], [], is_sure=False), catalogue("fr"))
    assert check(html).text.startswith("Je ne suis pas sûr")


@pytest.mark.parametrize("code", [None, "fr", "pt-BR", "xx"])
def test_french_comes_first(code: str | None) -> None:
    assert catalogue(code).code == "fr"
    assert catalogue("en-GB").code == "en"
