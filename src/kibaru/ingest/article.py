"""Make an Article of fields as people fill them in: clean, check and complete them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise

from kibaru.errors import BadInput
from kibaru.text.cleaning import clean
from kibaru.text.dates import parse_date
from kibaru.text.languages import language_code
from kibaru.text.urls import canonical_url
from kibaru.types import Article, digest

MAX_TEXT = 2_000_000
"""Characters in one article. The longest book a newsroom would serialise is about half of that."""

_MAX_TITLE = 500
_MAX_ID = 200


def make_article(
    *,
    text: str,
    title: str = "",
    id: str = "",
    url: str = "",
    published: str = "",
    author: str = "",
    language: str = "",
    outlet: str = "",
    modified: str = "",
    pages: Sequence[int] = (),
) -> Article:
    """Make an Article of fields as people fill them in. Empty fields are left out or derived.

    Args:
        text: The body.
        title: Taken from the first words of the text when empty.
        id: Derived from the canonical URL when empty, or else from title and text.
        published: A date in one of the forms that `kibaru.text.dates.parse_date` knows.
        language: A language's code or name; detected when empty.
        outlet: The newsroom's name.
        modified: The date of the last change, as `published`.
        pages: Offset in `text` where each page of a paged document starts.

    Raises:
        BadInput: The text is empty or too long, or a field makes no sense.
    """
    from kibaru.text.languages import detect_language

    text, pages = _cleaned(text, pages)
    title = " ".join(clean(title).split())
    if not text:
        raise BadInput("the text is empty")
    if len(text) > MAX_TEXT:
        raise BadInput(f"the text has {len(text):,} characters; an article may have {MAX_TEXT:,}")
    if not title:
        title = " ".join(_first_words(text).split())
    title = title[:_MAX_TITLE].rstrip()
    canonical = canonical_url(url.strip()) if url.strip() else None
    return Article(
        id=_checked_id(id.strip()) or (_derived_id(canonical) if canonical else _derived_id(title, text)),
        title=title,
        text=text,
        url=canonical,
        published=parse_date(published).isoformat() if published.strip() else None,
        author=" ".join(clean(author).split())[:_MAX_TITLE].rstrip() or None,
        language=language_code(language) or detect_language(f"{title}\n{text}"),
        outlet=" ".join(clean(outlet).split())[:_MAX_TITLE].rstrip() or None,
        modified=parse_date(modified).isoformat() if modified.strip() else None,
        pages=tuple(pages),
    )


def has_own_id(article: Article) -> bool:
    """Whether the id was given or derived from the URL, so that it stays when the text changes."""
    return article.id != _derived_id(article.title, article.text)


def _cleaned(text: str, pages: Sequence[int]) -> tuple[str, list[int]]:
    """The cleaned text and the new offsets of its pages; an empty page starts where the next one does."""
    begun = sorted(min(page, len(text)) for page in pages)
    edges = [*([] if begun[:1] == [0] else [0]), *begun, len(text)]
    parts = [clean(text[start:end]) for start, end in pairwise(edges)]
    joined = "".join(parts)
    text = joined.strip()
    lead = len(joined) - len(joined.lstrip())
    starts = [len(joined)]
    for end, part in reversed(list(zip(accumulate(map(len, parts)), parts, strict=True))):
        starts.append(end - len(part.lstrip()) if part.strip() else starts[-1])
    return text, [min(start - lead, len(text)) for start in starts[:0:-1]] if pages else []


def _derived_id(*parts: str) -> str:
    return "a" + digest(*parts)[:10]


def _first_words(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 80 else line[:80].rsplit(" ", 1)[0] + "…"


def _checked_id(id: str) -> str:
    if len(id) > _MAX_ID or not id.isprintable() or re.search(r"\s", id) or id.startswith("-"):
        raise BadInput(f"the id {id[:40]!r} is not usable: up to {_MAX_ID} characters, no spaces, no dash in front")
    return id
