"""Targets: what readers, editors and terminals are shown, whatever the articles hold."""

from __future__ import annotations

import csv
import io
import re
from contextlib import suppress
from dataclasses import replace

from data.pages.stories import STORIES
from fakes.bot_api import queries, utf16
from fakes.bot_api.keyboards import inline_keyboard
from fakes.bot_api.markup import clean as as_telegram_keeps_it
from fakes.bot_api.params import format_text
from telegram import InlineKeyboardMarkup

from fuzzing.invariants import fields_of
from fuzzing.target import Target
from kibaru.answering.answer import Answer
from kibaru.answering.quotes import Quote
from kibaru.cli.rendering import answer_text, article_line, article_text, edition_text, source
from kibaru.errors import BadInput
from kibaru.evaluation.question_groups import QuestionGroup
from kibaru.log_types import LoggedQuestion
from kibaru.text.cleaning import clean
from kibaru.text.urls import canonical_url
from kibaru.types import Article, Edition, Preview, Span
from kibaru_bot.admin_commands import csv_of, listed
from kibaru_bot.article_commands import _detail, _detail_keyboard
from kibaru_bot.buttons import Sealed
from kibaru_bot.inline import offered
from kibaru_bot.lengths import MAX_ENTITIES, MAX_UNITS, entities
from kibaru_bot.messages import catalogue
from kibaru_bot.messaging import Keyboard
from kibaru_bot.publishing import _described
from kibaru_bot.questions import answer_keyboard
from kibaru_bot.reader_commands import article_key, example_question
from kibaru_bot.render import answer_pages, article_list, refusal, shown

_STYLE = re.compile(r"\x1b\[(?:0|1|36)m")
"""What Kibaru itself tells a terminal: bold, a colour, and their end."""

_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys: control characters, and overrides of the direction of writing."""


def _quotes(data: bytes, is_cleaned: bool) -> list[Quote]:
    """A quote and one more of the same article, which came in through a parser, or by none."""
    numbers, title, outlet, url, id, text = fields_of(data, 6)
    text = clean(text).strip() or "x"
    points = sorted(
        min(ord(character) * 7 % (len(text) + 1), len(text)) for character in (numbers + "\x01\x02\x03\x04")[:4]
    )
    start, first, last, end = points[0], points[1], points[2], max(points[3], points[0] + 1)
    if start >= len(text):
        start, first, last, end = 0, 0, len(text), len(text)
    title, outlet, id, url = (part.encode("utf-8", "ignore").decode() for part in (title, outlet, id, url))
    if is_cleaned:
        title, outlet = (" ".join(clean(part).split()) for part in (title, outlet))
        id, url = "".join(filter(str.isprintable, id)), _canonical(url)
    article = Article(
        id[:100] or "a",
        title[:500].strip() or "t",
        text,
        url or None,
        "2025-06-01",
        outlet or None,
        "fr",
        outlet or None,
    )
    other = replace(article, outlet="", url=None)
    return [
        Quote(article, start, end, Span(first, last), (other, article)),
        Quote(article, 0, len(text), Span(0, len(text))),
    ]


def _canonical(url: str) -> str:
    with suppress(BadInput):
        return canonical_url(url)
    return ""


def _check_message(html: str) -> tuple[str, list[str]]:
    made = format_text(html, "HTML", [], True)
    assert made.text.strip()
    assert utf16.length(made.text) <= MAX_UNITS
    assert len(made.entities) + entities(made.text) <= MAX_ENTITIES
    assert {entity["type"] for entity in made.entities} <= {
        "expandable_blockquote",
        "bold",
        "text_link",
        "code",
        "italic",
    }
    blocks = [entity for entity in made.entities if entity["type"] == "expandable_blockquote"]
    return made.text, [utf16.cut(made.text, entity["offset"], entity["length"]) for entity in blocks]


def _check_keyboard(keyboard: Keyboard) -> None:
    if keyboard:
        inline_keyboard(InlineKeyboardMarkup(keyboard).to_dict())


def telegram(data: bytes) -> None:
    """An answer on Telegram: messages it takes, whose quotes are the article's own words."""
    quotes = _quotes(data, True)
    for words in (catalogue("fr"), catalogue("en")):
        said = Answer("?", 0.9, quotes, [], [], is_sure=len(data) % 2 == 0)
        pages = answer_pages(said, words)
        seen = [quote for page in pages for quote in _check_message(page)[1]]
        own = [as_telegram_keeps_it(quote.article.text[slice(*shown(quote))]).rstrip() for quote in quotes]
        assert [quote.rstrip() for quote in seen] == [each for each in own if each.strip()]
        _check_keyboard(answer_keyboard(Sealed(10**12, "f" * 16), 0, True, said, words))
        _check_message(refusal([quote.article for quote in quotes], words))
        _check_message(article_list([quote.article for quote in quotes * 9], "Titre", words))
        for result in offered(said, words):
            _check_message(queries._result(result.to_dict(), True)["input_message_content"]["message_text"])


def admin(data: bytes) -> None:
    """What editors see: previews, details, what was asked in vain, and that as a spreadsheet without formulas."""
    article, words = _quotes(data, True)[0].article, catalogue("fr")
    _check_message(_described([Preview(article, 1, article, article.id)], words))
    _check_message(_described([Preview(article, 1, None, None)] * 12, words))
    _check_message(_detail(article, words))
    _check_keyboard(_detail_keyboard(article, article_key(article.id), words))
    assert example_question(article, words).strip()
    texts = [part for part in (article.title, article.outlet or "", article.text) if part.strip()]
    groups = [
        QuestionGroup([LoggedQuestion(n, "2026", text, text, "fr", False, 0.1, None, [])])
        for n, text in enumerate(texts)
    ]
    _check_message(listed(groups, words))
    rows = list(csv.reader(io.StringIO(csv_of(groups).decode("utf-8-sig"), newline="")))[1:]
    assert len(rows) == len(texts)
    for row in rows:
        for cell in row:
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")), (
                f"a spreadsheet would obey {cell!r}"
            )


def terminal(data: bytes) -> None:
    """What a terminal is shown: no control sequence but Kibaru's own bold."""
    quotes = _quotes(data, False)
    article = quotes[0].article
    answer = Answer("?", 0.9, quotes, [], [])
    edition = Edition(article.title, article.text, None, None, "2026-01-01")
    for said in (
        answer_text(answer), answer_text(Answer("?", 0, [], [article], [])), article_line(article), source(article, 3),
        article_text(article, [article.id]), edition_text(edition),
    ):  # fmt: skip
        found = _OBEYED.search(_STYLE.sub("", said))
        assert not found, f"a terminal would obey {said[max(0, found.start() - 20) : found.start() + 20]!r}"
    assert "\n" not in article_line(article) + source(article)


_SEED = "\x03\x10\x20\x30\0{}\0La Gazette\0https://a.example/x\0a1\0{}"
_MARKUP = ("<b>", "</b>", "</blockquote>", "<a href='", '"', "&lt;", "&#60;", "&", "\x1b[2J", "\x9b31m", "\x1b]8;;http://a\x07", "\u202e",
           "\u2066", "=cmd|' /C calc'!A0", "+1", "@SUM(", "\t=", "'=", "#tag ", "@name ", "/start ", "10:30 ", "z" + "\u0300" * 30, "👩‍👩‍👧",
           "javascript:", "tg://user?id=1", "\n\n", "\u2028", "﹦", "＝1+1")  # fmt: skip


def _seeds() -> list[bytes]:
    return [_SEED.format(story.title, story.text[:700]).encode() for story in STORIES[:4]]


TARGETS = {
    "telegram": Target(telegram, _seeds, _MARKUP, 9_000),
    "admin": Target(admin, _seeds, _MARKUP, 3_000),
    "terminal": Target(terminal, _seeds, _MARKUP, 2_000),
}
