"""Extract the article from a page of a news site: `extract_article` in the sandbox, `article_from_html` without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.types import Article

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from kibaru.ingest.html.metadata import PageMetadata


SHORTEST = 150
"""Characters that an article has at least; the shortest radio news flashes have some 200."""
_LEADS = re.compile(
    r"chap[oe]|lead\b|lede|abstract|standfirst|excerpt|intro|summary|sapo|accroche|article-?subtitle", re.I
)
_NESTED = frozenset({"p", "list", "head", "quote", "table", "div"})
_MAX_HEADING = 120
_OPEN_END = re.compile(r"[^.!?…:;,]$")


def extract_article(data: bytes, *, url: str = "", charset: str | None = None) -> Article:
    """Extract the article from a page in the sandbox, within limits of time and memory.

    Args:
        data: HTML.
        url: Where the page was fetched.
        charset: The encoding that the server declared.

    Returns:
        The main content, with headings (`## `) and list items (`- `), and the page's metadata.

    Raises:
        BadInput: The page is paywalled, empty, an error page, a listing, or takes too much time or memory.
    """
    from kibaru.ingest.sandbox import run_sandboxed

    article: Article = run_sandboxed(article_from_html, data, url, charset)
    return article


def article_from_html(data: bytes, url: str = "", charset: str | None = None, shortest: int = SHORTEST) -> Article:
    """Extract the article from a page in this process, without limits of time and memory.

    Args:
        data, url, charset: As for `extract_article`.
        shortest: Characters that the text must have.

    Raises:
        BadInput: As `extract_article`.
    """
    from kibaru.ingest.html.boilerplate import strip_boilerplate
    from kibaru.ingest.html.main_content import isolate_main_content, strip_other_articles, strip_title
    from kibaru.ingest.html.metadata import extract_metadata, is_name
    from kibaru.ingest.html.refusals import is_listing, reject_non_article
    from kibaru.ingest.html.tree import normalize_layout, parse_html

    tree = parse_html(data, charset)
    metadata = extract_metadata(tree, url)
    listed = is_listing(tree, metadata)
    if metadata.paid:
        raise BadInput("it is paywalled: only subscribers may read all of it")
    body = deepcopy(tree)
    normalize_layout(body)
    strip_other_articles(body, metadata.title)
    strip_boilerplate(body)
    strip_title(body, metadata.title)
    blocks = _main_text(isolate_main_content(body))
    signature = blocks[-1].removeprefix("## ") if blocks and is_name(blocks[-1].removeprefix("## ")) else ""
    if signature and (signature == metadata.author or not metadata.author):
        blocks.pop()
    if not metadata.title and len(blocks) > 1 and blocks[0].startswith("## "):
        metadata = replace(metadata, title=blocks.pop(0)[3:])
    text = _finish(blocks, metadata, tree)
    if len(text) < 0.6 * len(metadata.body):
        text = _finish([line.strip() for line in metadata.body.split("\n") if line.strip()], metadata, tree)
    reject_non_article(text, metadata, listed, tree)
    if len(text) < shortest:
        raise BadInput("there is no article's text on it")
    return make_article(
        title=metadata.title,
        text=text,
        url=metadata.url,
        published=metadata.published,
        modified=metadata.modified,
        author=metadata.author or signature,
        outlet=metadata.outlet,
        language=_declared_language(metadata),
    )


def _declared_language(metadata: PageMetadata) -> str:
    """The declared language if it cannot be detected, else "": `lang` is often the theme's and not the text's."""
    from kibaru.text.languages import is_detected

    declared = metadata.language.strip().lower()[:2]
    return declared if re.fullmatch("[a-z]{2}", declared) and not is_detected(declared) else ""


def _main_text(tree: HtmlElement) -> list[str]:
    """The blocks that trafilatura extracts; all blocks, when those miss many sentences of the running text."""
    from trafilatura import bare_extraction

    from kibaru.ingest.html.main_content import running_text
    from kibaru.ingest.html.tree import text_blocks

    sentences = sum(len("".join(block.itertext())) for block in running_text(tree))
    every = text_blocks(tree)
    found = bare_extraction(
        tree,
        include_comments=False,
        include_tables=True,
        include_formatting=True,
        favor_recall=True,
        max_tree_size=None,
    )
    body = getattr(found, "body", None)
    blocks = [] if body is None else list(_blocks(body))
    if sum(map(len, blocks)) <= 0.7 * sentences:
        return every
    marked = {_comparison_key(block): block for block in every if _is_marked(block)}  # its last resorts lose the marks
    return [block if _is_marked(block) else marked.get(_comparison_key(block), block) for block in blocks]


def _is_marked(block: str) -> bool:
    return block.startswith(("## ", "- "))


def _blocks(element: HtmlElement) -> Iterator[str]:
    """Blocks from trafilatura's elements: headings (`## `), list items (`- `), table rows as lines."""
    from kibaru.ingest.html.tree import block_text

    for child in element:
        if child.tag == "list":
            yield from ("- " + text for item in child.iter("item") if (text := block_text(item)))
        elif child.tag == "table":
            rows = ([block_text(cell) for cell in row.iter("cell")] for row in child.iter("row"))
            yield from (" | ".join(filter(None, row)) for row in rows if any(row))
        elif child.tag in ("div", "quote") and any(part.tag in _NESTED for part in child):
            yield from _blocks(child)
        elif text := block_text(child):
            heading = child.tag == "head" or (len(text) <= _MAX_HEADING and _is_bold(child) and _OPEN_END.search(text))
            yield from ["## " + text.replace("\n", " ")] if heading else text.split("\n\n")
        if tail := " ".join((child.tail or "").split()):
            yield tail


def _is_bold(element: HtmlElement) -> bool:
    bold = "".join("".join(part.itertext()) for part in element.iter("hi") if "b" in (part.get("rend") or ""))
    return bool(bold.strip()) and " ".join(bold.split()) == " ".join("".join(element.itertext()).split())


def _finish(blocks: list[str], metadata: PageMetadata, tree: HtmlElement) -> str:
    """Join the blocks into a text, without boilerplate, title and repetitions, and with a lead that is kept apart."""
    from kibaru.ingest.html.boilerplate import is_boilerplate_line
    from kibaru.ingest.html.metadata import is_byline

    title = _comparison_key(metadata.title)
    kept: list[str] = []
    seen: set[str] = set()
    for block in [*_leads(tree, metadata, blocks), *blocks]:
        key = _comparison_key(block)
        if not key or key in seen or is_boilerplate_line(block.removeprefix("## ").removeprefix("- ")):
            continue
        if len(kept) < 3 and (is_byline(block, metadata.author) or _repeats(key, title)):
            continue
        if len(key) > 40:
            seen.add(key)
        kept.append(block)
    while kept and kept[-1].startswith("## "):
        kept.pop()
    return "\n\n".join(kept)


def _repeats(key: str, title: str) -> bool:
    """Whether a line is the title, with or without a label before it ("En direct")."""
    return key == title or (len(title) > 20 and key.endswith(title) and len(key) < len(title) + 20)


def _leads(tree: HtmlElement, metadata: PageMetadata, blocks: list[str]) -> Iterator[str]:
    """The lead between title and body, found by its class name or as the page's summary."""
    text = _comparison_key(" ".join(blocks))
    summary = _comparison_key(metadata.summary)
    for element in tree.xpath(
        "//body//*[self::p or self::div or self::h2 or self::strong or self::section][not(.//p)]"
    ):
        name = f"{element.get('class', '')} {element.getparent().get('class', '')} {element.get('itemprop', '')}"
        words = " ".join("".join(element.itertext()).split())
        letters = _comparison_key(words)
        if len(words) < 60 or len(words) > 1500 or letters in text:
            continue
        if element.xpath("ancestor-or-self::a or ancestor::aside or ancestor::footer or ancestor::nav"):
            continue
        if letters == summary or (_LEADS.search(name) and not element.xpath("ancestor::article[count(.//h1) = 0]")):
            yield words
            return


def _comparison_key(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
