"""Find the main content of a page: below the title, in the smallest element with most of the running text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement, document_fromstring

from kibaru.ingest.html.boilerplate import drop, length_of
from kibaru.ingest.html.structured_data import normalized_text
from kibaru.ingest.html.tree import BLOCKS

_ENDS = re.compile(r"[.!?…»”\"؟)]$")
_RUNNING_TEXT = 50  # characters of a block that is more than a label


def strip_title(tree: HtmlElement, title: str) -> None:
    """Remove the title wherever it is a block of its own, and what comes before its heading.

    Where much of the page comes before the heading, that stays.
    """
    heading = next(
        (h for tag in ("h1", "h2", "h3") for h in tree.iter(tag) if title and normalized_text(h) == title), None
    )
    if heading is not None:
        before = [
            sibling
            for element in (heading, *heading.iterancestors())
            for sibling in element.itersiblings(preceding=True)
        ]
        if sum(map(length_of, before)) < 0.3 * length_of(tree):
            for element in before:
                if element.tag != "head":
                    drop(element)
    for element in list(tree.iter("h1", "h2", "h3", "p", "div", "b", "font", "strong")):
        if title and normalized_text(element) == title:
            drop(element)


def strip_other_articles(tree: HtmlElement, title: str) -> None:
    """Remove other articles with a main heading of their own, which pages with endless scrolling append."""
    articles = [article for article in tree.iter("article") if article.find(".//h1") is not None]
    ours = next((a for a in articles if any(normalized_text(heading) == title for heading in a.iter("h1"))), None)
    for article in articles:
        if ours is not None and article is not ours and article not in ours.iterancestors():
            drop(article)


def isolate_main_content(tree: HtmlElement) -> HtmlElement:
    """A new page with the smallest element that has 85 % of the running text; the page itself if that is its body."""
    weights: dict[HtmlElement, int] = {}
    for block in running_text(tree):
        for element in (block, *block.iterancestors()):
            weights[element] = weights.get(element, 0) + length_of(block)
    chosen = tree
    while True:
        inner = max(chosen, key=lambda child: weights.get(child, 0), default=None)
        if inner is None or inner.tag == "p" or weights.get(inner, 0) < 0.85 * weights.get(tree, 1):
            break
        chosen = inner
    page = document_fromstring("<html><body><article></article></body></html>")
    article = page.find(".//article")
    if chosen.tag in ("html", "body"):
        return tree
    article.append(chosen)
    return page


def running_text(tree: HtmlElement) -> Iterator[HtmlElement]:
    """The innermost blocks that hold sentences and not mostly links."""
    for block in tree.iter(*BLOCKS):
        if block.tag != "li" and not any(part.tag in BLOCKS for part in block.iterdescendants()):
            length = length_of(block)
            linked = sum(length_of(link) for link in block.iter("a"))
            if length >= _RUNNING_TEXT and linked < 0.3 * length and _ENDS.search(normalized_text(block)):
                yield block
