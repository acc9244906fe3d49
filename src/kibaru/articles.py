"""The Article: a published text, and what makes two of them the same."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit, urlunsplit

from kibaru.errors import BadInput

MAX_TEXT = 2_000_000
"""Characters in one article. The longest book a newsroom would serialise is about half of that."""

_MAX_TITLE = 500
_MAX_ID = 200
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff]")
_NEW_LINE = re.compile(r"\r\n?|\x85|\u2028|\u2029")


@dataclass(frozen=True, slots=True)
class Article:
    """A published text. `published` is an ISO 8601 date or date and time; `language` a two-letter code."""

    id: str
    title: str
    text: str
    url: str | None = None
    published: str | None = None
    author: str | None = None
    language: str | None = None

    @property
    def digest(self) -> str:
        """Changes when the title or the text does: hexadecimal, 32 digits."""
        return _digest(self.title, self.text)


def make_article(
    *,
    text: str,
    title: str = "",
    id: str = "",
    url: str = "",
    published: str = "",
    author: str = "",
    language: str = "",
) -> Article:
    """An Article out of fields as people fill them in: cleaned, checked, dated, its language detected when not given.

    The id is the one given, or derives from the canonical URL or, without one, from title and text. Raises BadInput
    when the text is empty or too long, or a field makes no sense.
    """
    from kibaru.languages import detect_language

    text = clean(text).strip()
    title = " ".join(clean(title).split())
    if not text:
        raise BadInput("the text is empty")
    if len(text) > MAX_TEXT:
        raise BadInput(f"the text has {len(text):,} characters; an article may have {MAX_TEXT:,}")
    if not title:
        title = _first_words(text)
    title = title[:_MAX_TITLE]
    canonical = canonical_url(url.strip()) if url.strip() else None
    return Article(
        id=_checked_id(id.strip()) or (_derived_id(canonical) if canonical else _derived_id(title, text)),
        title=title,
        text=text,
        url=canonical,
        published=parse_date(published).isoformat() if published.strip() else None,
        author=" ".join(clean(author).split()) or None,
        language=_checked_language(language) or detect_language(f"{title}\n{text}"),
    )


def has_own_id(article: Article) -> bool:
    """Whether the id was given or comes from the URL, so that a new version of the text would keep it."""
    return article.id != _derived_id(article.title, article.text)


def clean(text: str) -> str:
    """The text with one kind of line end, composed accents (NFC), and without control characters."""
    return unicodedata.normalize("NFC", _UNWANTED.sub("", _NEW_LINE.sub("\n", text)))


def canonical_url(url: str) -> str:
    """The form of a web address under which it is known: lower-case host, no default port, no fragment."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or any(map(str.isspace, url)):
        raise BadInput(f"{url[:80]!r} is no web address (https://…)")
    default = {"http": 80, "https": 443}[parts.scheme.lower()]
    host = parts.hostname.lower() + (f":{port}" if port and port != default else "")
    return urlunsplit((parts.scheme.lower(), host, parts.path or "/", parts.query, ""))


def parse_date(written: str) -> date:
    """A date, or a date and time, as ISO 8601 or as people write it ("11 novembre 2025", "11/11/2025": day first).

    Raises BadInput when it is neither.
    """
    written = " ".join(written.split())
    for parse in (date.fromisoformat, datetime.fromisoformat):
        try:
            return parse(written)
        except ValueError:
            continue
    if re.search(r"\d", written) and len(written) <= 60:
        import dateparser

        found: datetime | None = dateparser.parse(
            written, languages=["fr", "en"], settings={"DATE_ORDER": "DMY", "REQUIRE_PARTS": ["day", "month", "year"]}
        )
        if found is not None:
            return found if re.search(r"\d[:h]\d", written) else found.date()
    raise BadInput(f"{written[:60]!r} is no date (write 2025-11-11)")


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()


def _derived_id(*parts: str) -> str:
    return "a" + _digest(*parts)[:10]


def _first_words(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 80 else line[:80].rsplit(" ", 1)[0] + "…"


def _checked_id(id: str) -> str:
    if len(id) > _MAX_ID or not re.fullmatch(r"[^\s\x00-\x1f]*", id) or id.startswith("-"):
        raise BadInput(f"the id {id[:40]!r} is not usable: up to {_MAX_ID} characters, no spaces, no dash in front")
    return id


def _checked_language(language: str) -> str | None:
    code = re.split(r"[-_]", language.strip().lower())[0]
    if code and not re.fullmatch(r"[a-z]{2,3}", code):
        raise BadInput(f"{language[:20]!r} is no language code (write fr, en, ar…)")
    return code or None
