"""An Answer as Telegram messages: HTML in which everything that is not ours is escaped.

What stands in a block quote is the article's own characters, nothing added and nothing left out between its ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from kibaru import Answer, Quote
from kibaru.types import Article
from kibaru_bot.lengths import MAX_ENTITIES, MAX_UNITS, entities, fitting, shortened, units
from kibaru_bot.messages import Catalogue

PER_PAGE = 3
"""Quotes in one message: a phone shows about that many."""

_LONGEST_QUOTE = 3_000
_LONGEST_TITLE = 200
_LONGEST_URL = 2_000
_QUOTE_ENTITIES = 65
_ROOM = MAX_UNITS - 96
"""What the blocks of a page may take, so that blank lines and the words above never tip it over."""

_CUT = "[…] "
_OTHERS = 3
"""Articles that tell the same, named below a quote."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a message that is never split: its HTML, its visible UTF-16 units and its entities."""

    html: str
    units: int
    entities: int


def answer_pages(answer: Answer, words: Catalogue) -> list[str]:
    """The quotes in messages, split between quotes, at most PER_PAGE to a message; the first says so when unsure."""
    made = pages((quote_block(quote, words) for quote in answer.quotes), PER_PAGE)
    return made if answer.is_sure else [f"{words.unsure}\n\n{made[0]}", *made[1:]]


def refusal(leads: Sequence[Article], words: Catalogue) -> str:
    """That the articles don't tell, and those that come nearest."""
    lines = [words.refusal]
    if leads:
        lines += ["", words.leads, *(f"• {source(article, words)}" for article in leads)]
    return "\n".join(lines)


def article_list(articles: Iterable[Article], heading: str, words: Catalogue) -> str:
    """Articles by their source line, as many as one message holds."""
    blocks = [Block(f"<b>{heading}</b>", units(heading), 1)]
    for article in articles:
        plain = _plain_source(article, words)
        blocks.append(Block(f"• {source(article, words)}", units(plain) + 2, 1 + entities(plain)))
    return pages(blocks, len(blocks))[0]


def quote_block(quote: Quote, words: Catalogue) -> Block:
    """An expandable block quote, the words that answer in bold, and below it its source and who else has told it."""
    start, end = shown(quote)
    text = quote.article.text
    first, last = (min(max(at, start), end) for at in quote.highlight)
    bold = f"<b>{escape(text[first:last])}</b>" if text[first:last].strip() else escape(text[first:last])
    body = escape(text[start:first]) + bold + escape(text[last:end])
    cut = _CUT if (start, end) != (quote.start, quote.end) else ""
    above = 3 + entities(text[start:end])
    below, plain = source(quote.article, words, quote.page), _plain_source(quote.article, words, quote.page)
    others = quote.also_in[:_OTHERS]
    named = words.fill(words.also_in, sites=", ".join(map(_site_name, others)))
    if others and above + entities(f"{plain}\n{named}") + len(others) <= MAX_ENTITIES:
        below += "\n" + words.fill(words.also_in, sites=", ".join(map(_site, others)))
        plain, above = f"{plain}\n{named}", above + len(others)
    return Block(
        f"<blockquote expandable>{body}</blockquote>\n{cut}{below}",
        units(text[start:end]) + 1 + len(cut) + units(plain),
        above + entities(plain),
    )


def shown(quote: Quote) -> tuple[int, int]:
    """The span of the article that is shown: the whole quote, or of one too long for a message the sentence that
    answers, or of that its beginning."""
    text = quote.article.text
    for start, end in ((quote.start, quote.end), tuple(quote.highlight)):
        if start < end and units(text[start:end]) <= _LONGEST_QUOTE and entities(text[start:end]) <= _QUOTE_ENTITIES:
            return start, end
    start = quote.highlight.start if quote.highlight.start < quote.highlight.end else quote.start
    # The bold may end before the last whole word, so what is cut is cut at a space or between two characters.
    return start, start + max(1, fitting(text[start : quote.end], _LONGEST_QUOTE, _QUOTE_ENTITIES))


def source(article: Article, words: Catalogue, page: int | None = None) -> str:
    """Title as a link, page, outlet and date, on one line of HTML."""
    title = _linked(shortened(article.title, _LONGEST_TITLE), article)
    return " · ".join([title, *(escape(part) for part in _facts(article, words, page))])


def _linked(text: str, article: Article) -> str:
    if article.url and len(article.url) <= _LONGEST_URL:
        return f'<a href="{escape(article.url)}">{escape(text)}</a>'
    return escape(text)


def _site(article: Article) -> str:
    return _linked(_site_name(article), article)


def _site_name(article: Article) -> str:
    return outlet(article) or shortened(article.title, 60)


def outlet(article: Article) -> str:
    """Who published an article: its newsroom's name, else the host it stands on, or nothing."""
    return shortened(article.outlet or (urlsplit(article.url or "").hostname or "").removeprefix("www."), 60)


def pages(blocks: Iterable[Block], per_page: int) -> list[str]:
    """Blocks put into messages in their order, each within Telegram's limits of length and of entities."""
    made: list[list[Block]] = []
    for block in blocks:
        page = made[-1] if made else None
        if (
            page is None
            or len(page) >= per_page
            or sum(b.units + 2 for b in page) + block.units > _ROOM
            or sum(b.entities for b in page) + block.entities > MAX_ENTITIES
        ):
            made.append([block])
        else:
            page.append(block)
    return ["\n\n".join(block.html for block in page) for page in made]


def _facts(article: Article, words: Catalogue, page: int | None = None) -> list[str]:
    return [fact for fact in (page and f"p. {page}", outlet(article), words.date(article.published)) if fact]


def _plain_source(article: Article, words: Catalogue, page: int | None = None) -> str:
    return " · ".join([shortened(article.title, _LONGEST_TITLE), *_facts(article, words, page)])
