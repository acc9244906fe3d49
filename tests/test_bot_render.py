"""Rendering: any article, any question, any language gives messages that Telegram takes, with the article's words."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kibaru.articles import Article, clean
from kibaru.quoting import Quote
from kibaru.sentences import Span
from kibaru_bot.lengths import MAX_ENTITIES, MAX_UNITS, entities, fitting, shortened, units
from kibaru_bot.messages import LANGUAGES, catalogue
from kibaru_bot.render import answer_pages, article_list, refusal, shown


class Reader(HTMLParser):
    """Reads a message as strictly as Telegram: known tags, each closed in its order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.quotes: list[str] = []
        self.bold: list[str] = []
        self.links: list[str] = []
        self.tags = 0
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = {"blockquote": ["expandable"], "b": [], "a": ["href"], "code": []}
        assert [name for name, _ in attrs] == allowed[tag]
        self.open.append(tag)
        self.tags += 1
        if tag == "blockquote":
            self.quotes.append("")
        if tag == "b":
            self.bold.append("")
        if tag == "a":
            self.links.append(str(attrs[0][1]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "blockquote" in self.open:
            self.quotes[-1] += data
        if "b" in self.open:
            self.bold[-1] += data


def check(html: str) -> Reader:
    read = Reader(html)
    assert read.text.strip()
    assert len(read.text.encode("utf-16-le")) // 2 == units(read.text) <= MAX_UNITS
    assert read.tags <= MAX_ENTITIES
    return read


hostile = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(["</blockquote>", "<b>", "&amp;", "& ", '"',
             "👩‍👩‍👧 ", "e\u0301", "ا ", "\n\n", "#tag ", "mot ", "a.b ", "𝕏"]),
        max_size=60,
    ).map("".join),
    st.integers(1, 9000).map(lambda n: "é" * n),
    st.integers(1, 5000).map(lambda n: "😀" * n),
    st.integers(1, 500).map(lambda n: "#a @b " * n),
)  # fmt: skip


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    text = clean("x" + draw(hostile) + draw(hostile) + "y").strip()
    start, end = sorted((draw(st.integers(0, len(text) - 1)), draw(st.integers(1, len(text)))))
    end = max(end, start + 1)
    first, last = sorted((draw(st.integers(start, end)), draw(st.integers(start, end))))
    url = draw(st.sampled_from([None, "https://a.example/x?a=1&b=\"'<>", "https://www.kibaru.example/" + "l" * 3000]))
    date = draw(st.sampled_from([None, "2025-06-01", "2025-06-03T10:00:00+00:00", "2025-99-99"]))
    title = " ".join(clean(draw(hostile)).split())[:500] or "t"
    return Quote(Article("id", title, text, url, date), start, end, Span(first, last))


@settings(max_examples=120, deadline=None)
@given(st.lists(quotes(), min_size=1, max_size=10), st.sampled_from(sorted(LANGUAGES)))
def test_any_answer_is_messages_whose_quotes_are_the_articles_own(answer: list[Quote], code: str) -> None:
    made = [check(html) for html in answer_pages(answer, catalogue(code))]
    seen = [text for page in made for text in page.quotes]
    assert len(seen) == len(answer)
    for quote, text in zip(answer, seen, strict=True):
        start, end = shown(quote)
        assert quote.start <= start < end <= quote.end
        assert text == quote.article.text[start:end]
    for page in made:
        assert page.tags + entities(page.text) <= MAX_ENTITIES


@settings(max_examples=100, deadline=None)
@given(st.lists(quotes(), max_size=30), st.sampled_from(sorted(LANGUAGES)))
def test_any_lists_of_articles_are_messages(answer: list[Quote], code: str) -> None:
    articles = [quote.article for quote in answer]
    check(refusal(articles[:3], catalogue(code)))
    check(article_list(articles, "Titre", catalogue(code)))


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
    (html,) = answer_pages([quote], catalogue("fr"))
    assert html == (
        "<blockquote expandable>Avant. <b>Le pont a &lt;rouvert&gt; mardi.</b> Après.</blockquote>\n"
        '<a href="https://www.kibaru.example/p">Pont &amp; ville</a> · kibaru.example · 1er novembre 2025'
    )


def test_a_quote_longer_than_a_message_shows_the_sentence_that_answers() -> None:
    text = "a " * 3000 + "la réponse." + " b" * 3000
    at = text.index("la réponse.")
    quote = Quote(Article("a", "T", text), 0, len(text), Span(at, at + 11))
    (html,) = answer_pages([quote], catalogue("en"))
    assert check(html).quotes == ["la réponse."]
    assert "[…] T" in html


def test_long_answers_are_split_between_quotes() -> None:
    text = "mot " * 700
    quote = Quote(Article("a", "T", text), 0, len(text.rstrip()), Span(0, 3))
    assert [len(check(html).quotes) for html in answer_pages([quote] * 3, catalogue("fr"))] == [1, 1, 1]
    short = Quote(Article("a", "T", text), 0, 3, Span(0, 3))
    assert [len(check(html).quotes) for html in answer_pages([short] * 7, catalogue("fr"))] == [3, 3, 1]


@pytest.mark.parametrize("code", [None, "fr", "pt-BR", "xx"])
def test_french_comes_first(code: str | None) -> None:
    assert catalogue(code).code == "fr"
    assert catalogue("en-GB").code == "en"
