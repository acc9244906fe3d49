"""Render answers, articles and the archive's state as text for a terminal and as JSON for programs.

Functions named `…_text` return text with terminal styles, `…_line` one line of it, `…_json` a record for `json.dumps`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kibaru.terminal import harmless, one_line
from kibaru.text.plurals import counted

if TYPE_CHECKING:
    from kibaru.answering.answer import Answer
    from kibaru.answering.quotes import Quote
    from kibaru.types import Article, Edition, Status


def answer_text(answer: Answer) -> str:
    """Render an answer: each quote in « » with its source, the answering words in bold; or a refusal and its leads."""
    if answer.is_refusal:
        lines = [click.style("The articles don't say.", bold=True)]
        if answer.leads:
            lines += ["", "Nearest articles, which may not answer:"]
            lines += [f"  - {source(article)}" for article in answer.leads]
        return "\n".join(lines)
    hedge = [] if answer.is_sure else [click.style("This may help:", bold=True)]
    return "\n\n".join([*hedge, *map(_quote_text, answer.quotes)])


def _quote_text(quote: Quote) -> str:
    lines = [f"« {_highlighted(quote)} »", f"    {source(quote.article, quote.page)}"]
    lines += [f"    also in: {source(article)}" for article in quote.also_in]
    return "\n".join(lines)


def source(article: Article, page: int | None = None) -> str:
    """Render the source of a quote on one line: title, page, outlet, date and link of the article."""
    parts = (article.title, page and f"p. {page}", article.outlet, (article.published or "")[:10], article.url)
    return one_line(" · ".join(part for part in parts if part))


def answer_json(answer: Answer) -> dict[str, Any]:
    """Render an answer for programs. `start` and `end` count characters of the article's text."""
    return {
        "question": answer.question,
        "answered": not answer.is_refusal,
        "sure": answer.is_sure and not answer.is_refusal,
        "confidence": round(answer.confidence, 4),
        "quotes": [
            {
                "text": quote.text,
                "start": quote.start,
                "end": quote.end,
                "highlight": {"start": quote.highlight.start, "end": quote.highlight.end},
                "article": article_json(quote.article),
                "page": quote.page,
                "also_in": [article_json(article) for article in quote.also_in],
            }
            for quote in answer.quotes
        ],
        "leads": [article_json(article) for article in answer.leads],
    }


def article_json(article: Article) -> dict[str, Any]:
    """Render all that is known about an article, without its text."""
    return {name: value for name, value in asdict(article).items() if name not in ("text", "pages")}


def article_line(article: Article) -> str:
    """Render an article as a line of `kibaru list`: id, date, language, title."""
    line = f"{article.id}  {(article.published or '-')[:10]:10}  {article.language or '-':2}  {article.title}"
    return one_line(line)


def article_text(article: Article, alike: Sequence[str] = ()) -> str:
    """Render a whole article: title, metadata, text.

    Args:
        article: The article.
        alike: Ids of its near-duplicates.
    """
    changed = article.modified and f"modified {article.modified}"
    facts = [article.outlet, article.author, article.published, changed, article.language, article.url]
    facts += [f"id {article.id}", f"tells the same as {', '.join(alike)}" if alike else None]
    known = " · ".join(fact for fact in facts if fact)
    return f"{click.style(harmless(article.title), bold=True)}\n{harmless(known)}\n\n{harmless(article.text)}"


def edition_text(edition: Edition) -> str:
    """Render an earlier edition of an article, with the time at which it was replaced."""
    title = click.style(harmless(edition.title), bold=True)
    return f"--- until {edition.replaced}: {title}\n\n{harmless(edition.text)}"


def status_json(status: Status) -> dict[str, Any]:
    """Render the state of the archive for programs."""
    return asdict(status) | {"folder": str(status.folder), "healthy": status.problem is None}


def status_text(status: Status) -> str:
    """Render the state of the archive for people."""
    dates = f", {status.published[0]} to {status.published[1]}" if status.published else ""
    generation = (
        f"generation {status.generation.id}, {counted(status.passages, 'passage')}" if status.generation else "none"
    )
    calibrated = "" if status.calibrated else " (not calibrated: refusals rest on keywords alone)"
    rows = {
        "archive": f"{status.folder} ({status.bytes / 1e6:.1f} MB)",
        "articles": f"{status.articles}{dates}",
        "languages": ", ".join(status.languages) or "-",
        "index": generation,
        "model": f"{status.model}{calibrated}",
        "health": status.problem or "good",
    }
    return harmless("\n".join(f"{name:10} {value}" for name, value in rows.items()))


def _highlighted(quote: Quote) -> str:
    text, (start, end) = quote.article.text, quote.highlight
    before, words, after = (
        harmless(part) for part in (text[quote.start : start], text[start:end], text[end : quote.end])
    )
    return before + click.style(words, bold=True) + after
