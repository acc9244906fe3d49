"""Answers, articles and the archive's state as text for a terminal and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from kibaru.answering import Answer
from kibaru.articles import Article
from kibaru.newsroom import Status
from kibaru.quoting import Quote


def answer_text(answer: Answer) -> str:
    """Quotes between « », the words that answer in bold, each with its source; or the refusal and its leads."""
    if answer.is_refusal:
        lines = [click.style("The articles don't say.", bold=True)]
        if answer.leads:
            lines += ["", "Nearest articles, which may not answer:"]
            lines += [f"  - {source(article)}" for article in answer.leads]
        return "\n".join(lines)
    return "\n\n".join(f"« {_highlighted(quote)} »\n    {source(quote.article)}" for quote in answer.quotes)


def source(article: Article) -> str:
    """Title, date and link of an article, on one line."""
    return " · ".join(part for part in (article.title, (article.published or "")[:10], article.url) if part)


def answer_json(answer: Answer) -> dict[str, Any]:
    return {
        "question": answer.question,
        "answered": not answer.is_refusal,
        "confidence": round(answer.confidence, 4),
        "quotes": [
            {
                "text": quote.text,
                "start": quote.start,
                "end": quote.end,
                "highlight": {"start": quote.highlight.start, "end": quote.highlight.end},
                "article": article_json(quote.article),
            }
            for quote in answer.quotes
        ],
        "leads": [article_json(article) for article in answer.leads],
    }


def article_json(article: Article) -> dict[str, Any]:
    """All about an article but its text."""
    return {name: value for name, value in asdict(article).items() if name != "text"}


def article_line(article: Article) -> str:
    return f"{article.id}  {(article.published or '-')[:10]:10}  {article.language or '-':2}  {article.title}"


def article_text(article: Article) -> str:
    """The whole article under its title, with what is known about it."""
    facts = [article.author, article.published, article.language, article.url, f"id {article.id}"]
    return f"{click.style(article.title, bold=True)}\n{' · '.join(f for f in facts if f)}\n\n{article.text}"


def status_json(status: Status) -> dict[str, Any]:
    return asdict(status) | {"folder": str(status.folder), "healthy": status.problem is None}


def status_text(status: Status) -> str:
    dates = f", {status.published[0]} to {status.published[1]}" if status.published else ""
    generation = f"generation {status.generation.id}, {status.passages} passages" if status.generation else "none"
    calibrated = "" if status.calibrated else " (not calibrated: refusals rest on keywords alone)"
    rows = {
        "archive": f"{status.folder} ({status.bytes / 1e6:.1f} MB)",
        "articles": f"{status.articles}{dates}",
        "languages": ", ".join(status.languages) or "-",
        "index": generation,
        "model": f"{status.model}{calibrated}",
        "health": status.problem or "good",
    }
    return "\n".join(f"{name:10} {value}" for name, value in rows.items())


def _highlighted(quote: Quote) -> str:
    text, (start, end) = quote.article.text, quote.highlight
    return text[quote.start : start] + click.style(text[start:end], bold=True) + text[end : quote.end]
