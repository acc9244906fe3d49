"""Rendering: any article, any question, any language gives messages that Telegram takes, with the article's words.

What "Telegram takes" means is asked of the strict server's own parser.
"""

from __future__ import annotations

import io
from csv import reader as csv_rows
from dataclasses import dataclass, replace

import pytest
from fakes.bot_api import queries, utf16
from fakes.bot_api.keyboards import inline_keyboard
from fakes.bot_api.markup import clean as as_telegram_keeps_it
from fakes.bot_api.params import format_text
from hypothesis import example, given, settings
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup

from kibaru.answering.answer import Answer
from kibaru.answering.follow_ups import is_follow_up, own_words
from kibaru.answering.quotes import Quote
from kibaru.archive import Kibaru
from kibaru.errors import BadInput
from kibaru.evaluation.question_groups import QuestionGroup
from kibaru.log_types import LoggedQuestion
from kibaru.text.cleaning import clean
from kibaru.types import Article, Preview, Span
from kibaru_bot.admin_commands import csv_of, listed
from kibaru_bot.article_commands import _detail, _detail_keyboard
from kibaru_bot.buttons import Sealed
from kibaru_bot.inline import offered
from kibaru_bot.lengths import MAX_ENTITIES, MAX_UNITS, entities, fitting, shortened, units
from kibaru_bot.messages import LANGUAGES, catalogue
from kibaru_bot.messaging import Keyboard
from kibaru_bot.publishing import _described
from kibaru_bot.questions import answer_keyboard
from kibaru_bot.reader_commands import article_key, example_question
from kibaru_bot.render import Block, answer_pages, article_list, pages, quote_block, refusal, shown


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
    seen = [Preview(article, 3, old, old and old.id) for article, old in zip(articles, others, strict=False)]
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
    asked = [LoggedQuestion(n, "2026", text, text, code, False, 0.1, None, []) for n, text in enumerate(texts)]
    check(listed([QuestionGroup([each]) for each in asked], catalogue(code)))
    written = csv_of([QuestionGroup(asked)]).decode("utf-8-sig")
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
    is_follow_up(question)
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


def test_only_the_first_message_says_that_it_may_be_no_answer() -> None:
    text = "Le pont a rouvert."
    quote = Quote(Article("a", "T", text), 0, 18, Span(0, 18))
    block = "<blockquote expandable><b>Le pont a rouvert.</b></blockquote>\nT"
    made = answer_pages(Answer("?", 0.5, [quote] * 7, [], [], is_sure=False), catalogue("en"))
    page = f"{block}\n\n{block}\n\n{block}"
    assert made == [f"I am not sure; this may help:\n\n{page}", page, block]


def test_a_refusal_and_a_list_name_articles_line_after_line() -> None:
    articles = [Article("a", "Pont <1>", "x", "https://www.a.example/1"), Article("b", "Bac", "x", outlet="Dozo")]
    first = '• <a href="https://www.a.example/1">Pont &lt;1&gt;</a> · a.example'
    assert refusal([], catalogue("en")) == "The articles don't say."
    assert refusal(articles, catalogue("en")) == (
        f"The articles don't say.\n\nThose that come nearest, which may not answer:\n{first}\n• Bac · Dozo"
    )
    assert article_list(articles, "Latest", catalogue("en")) == f"<b>Latest</b>\n\n{first}\n\n• Bac · Dozo"
    assert article_list([], "Latest", catalogue("en")) == "<b>Latest</b>"


def test_a_list_has_as_many_articles_as_fit() -> None:
    for title, url, count in (  # 7 + 46 × 85 + 83 = 4000; 1 + 49 × 2 = 99
        ("a" * 81, None, 47), ("a" * 82, None, 46), ("😀" * 40 + "a", None, 47), ("T", "https://a.example/", 49)
    ):  # fmt: skip
        html = article_list([Article("a", title, "x", url)] * 60, "Titre", catalogue("en"))
        check(html)
        assert html.count("•") == count


def test_three_of_those_who_told_it_too_are_named_by_outlet_host_or_title() -> None:
    others = (
        Article("b", "Autre", "x", "https://www.b.example/b"),
        Article("c", "c" * 70, "x"),
        Article("d", "D", "x", "https://d.example/" + "d" * 2000, outlet="Dozo"),
        Article("e", "E", "x"),
    )
    (html,) = answer_pages(answer_of([Quote(Article("a", "A", "Un."), 0, 3, Span(0, 3), others)]), catalogue("en"))
    assert html.rsplit("\n", 1)[1] == f'Also on: <a href="https://www.b.example/b">b.example</a>, {"c" * 59}…, Dozo'


def test_others_who_told_it_are_left_out_where_telegram_would_drop_their_links() -> None:
    for second, is_named in ((9, True), (10, False)):  # 3 of our own, 65, 12, 9 and these, and 2 links: 100 or 101
        others = tuple(Article("b", "B", "x", "https://b.example/", outlet="#a " * n) for n in (9, second))
        quote = Quote(Article("a", "#a " * 12, "#a " * 65), 0, 195, Span(0, 2), others)
        (html,) = answer_pages(answer_of([quote]), catalogue("en"))
        check(html)
        assert ("Also on" in html) is is_named


def test_long_titles_and_names_are_shortened_and_endless_addresses_are_no_links() -> None:
    for length, title in ((200, "t" * 200), (201, "t" * 199 + "…")):
        article = Article("a", "t" * length, "x", outlet="o" * 61)
        assert refusal([article], catalogue("en")).endswith(f"• {title} · {'o' * 59}…")
    for length, is_linked in ((2000, True), (2001, False)):
        article = Article("a", "T", "x", "https://a.example/".ljust(length, "a"))
        assert ("<a href" in refusal([article], catalogue("en"))) is is_linked


def quoted(text: str, highlight: Span, end: int | None = None) -> Quote:
    return Quote(Article("a", "T", text), 0, len(text) if end is None else end, highlight)


def test_a_quote_is_shown_whole_up_to_the_limit_then_its_sentence_then_its_beginning() -> None:
    assert shown(quoted("a" * 3000, Span(5, 9))) == (0, 3000)
    assert shown(quoted("a" * 3001, Span(5, 9))) == (5, 9)
    assert shown(quoted("😀" * 1500, Span(5, 9))) == (0, 1500)
    assert shown(quoted("😀" * 1501, Span(5, 9))) == (5, 9)
    assert shown(quoted("#a " * 65, Span(3, 5))) == (0, 195)
    assert shown(quoted("#a " * 66, Span(3, 5))) == (3, 5)
    assert shown(quoted("a" * 7000, Span(100, 6000))) == (100, 3100)
    assert shown(quoted("a" * 7000, Span(100, 100))) == (0, 3000)
    assert shown(quoted("a" * 7000, Span(100, 100), 5000)) == (0, 3000)
    assert shown(replace(quoted("a" * 7000, Span(200, 200)), start=50)) == (50, 3050)
    assert shown(quoted("#a " * 200, Span(30, 600))) == (30, 30 + 65 * 3 - 1)


def test_what_is_bold_is_words_within_what_is_shown() -> None:
    quote = quoted("Un mot.   Fin.", Span(7, 10))
    assert quote_block(quote, catalogue("en")).html == "<blockquote expandable>Un mot.   Fin.</blockquote>\nT"
    cut = quoted("b" * 9000, Span(100, 8000))
    html = f"<blockquote expandable><b>{'b' * 3000}</b></blockquote>\n[…] T"
    assert quote_block(cut, catalogue("en")).html == html
    begun = quoted("c" * 9000, Span(4000, 4000))
    html = f"<blockquote expandable>{'c' * 3000}</blockquote>\n[…] T"
    assert quote_block(begun, catalogue("en")).html == html


def test_a_block_knows_its_length_and_how_many_entities_it_may_have() -> None:
    article = Article("a", "Pont #a", "Le pont 😀 #b @c a rouvert.", "https://a.example/", "2025-06-01", pages=(0,))
    other = Article("b", "B", "x", "https://b.example/", outlet="Dozo.net")
    for quote, found in (
        (Quote(article, 0, 26, Span(0, 7)), 5), (Quote(article, 0, 26, Span(0, 7), (other, other)), 9),
        (replace(quoted("b" * 9000, Span(0, 0)), article=replace(article, text="b" * 9000)), 3),
    ):  # fmt: skip
        block = quote_block(quote, catalogue("en"))
        made = format_text(block.html, "HTML", [], True)
        assert block.units == units(made.text)
        assert block.entities == 3 + found - 1


def test_blocks_go_into_a_message_up_to_its_limits() -> None:
    def shared_out(*blocks: tuple[int, int], per_page: int = 9) -> list[int]:
        made = pages([Block("x", units, entities) for units, entities in blocks], per_page)
        assert all(set(page) <= {"x", "\n"} for page in made)
        return [page.count("x") for page in made]

    assert shared_out() == []
    assert shared_out((9000, 900)) == [1]
    assert shared_out((1999, 1), (1999, 1)) == [2]  # 1999 + 2 + 1999 = 4000
    assert shared_out((2000, 1), (1999, 1)) == [1, 1]
    assert shared_out((1000, 1), (1000, 1), (1996, 1)) == [3]
    assert shared_out((1000, 1), (1000, 1), (1997, 1)) == [2, 1]
    assert shared_out((1, 60), (1, 40)) == [2]
    assert shared_out((1, 60), (1, 41)) == [1, 1]
    assert shared_out((1, 1), (1, 1), (1, 1), per_page=2) == [2, 1]


@pytest.mark.parametrize("code", [None, "fr", "pt-BR", "xx"])
def test_french_comes_first(code: str | None) -> None:
    assert catalogue(code).code == "fr"
    assert catalogue("en-GB").code == "en"
