"""The Article: a published text, and what makes two of them the same."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate, pairwise
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from kibaru.errors import BadInput

MAX_TEXT = 2_000_000
"""Characters in one article. The longest book a newsroom would serialise is about half of that."""

_MAX_TITLE = 500
_MAX_ID = 200
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff]")
_TRACKING = re.compile(
    r"(?:utm|mtm|pk|at|ns)_|(?:xtor|fbclid|gclid|gclsrc|dclid|msclkid|yclid|twclid|igshid|mc_[ce]id|_g[al])$", re.I
)
"""Parameters that say where a reader came from: of Google, Matomo, AT Internet (BBC, French sites), Facebook,
Microsoft, Yandex, X, Instagram, Mailchimp. Longer lists (courlan's) take in `cid` or `uid`, by which older sites
tell their articles apart."""

_YEAR_FIRST = re.compile(r"(\d{4})\D(\d\d?)\D(\d\d?)(?!\d)")
_VARIANT_HOST = re.compile(r"^(?:www\d?|m|mobile|amp)\.(?=[^.]+\.)")
_AMP_PATH = re.compile(r"/amp/?$|^/amp(?=/)|\.amp(?=(\.html?)?$)")
_AMP_PARAMETER = re.compile(r"amp$|outputtype$", re.I)
_NEW_LINE = re.compile(r"\r\n?|\x85|\u2028|\u2029")


@dataclass(frozen=True, slots=True)
class Article:
    """A published text. `published` and `modified` are ISO 8601 dates or dates and times; `language` is a two-letter
    code, `outlet` the newsroom's name, `pages` the offset in `text` where each page of a paged document starts."""

    id: str
    title: str
    text: str
    url: str | None = None
    published: str | None = None
    author: str | None = None
    language: str | None = None
    outlet: str | None = None
    modified: str | None = None
    pages: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """Changes when the title or the text does: hexadecimal, 32 digits."""
        return digest(self.title, self.text)


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
    """An Article out of fields as people fill them in: cleaned, checked, dated, its language detected when not given.

    The id is the one given, or derives from the canonical URL or, without one, from title and text. Raises BadInput
    when the text is empty or too long, or a field makes no sense.
    """
    from kibaru.languages import detect_language

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
    """Whether the id was given or comes from the URL, so that a new version of the text would keep it."""
    return article.id != _derived_id(article.title, article.text)


def clean(text: str) -> str:
    """The text with one kind of line end, composed accents (NFC), and without control characters."""
    return unicodedata.normalize("NFC", _UNWANTED.sub("", _NEW_LINE.sub("\n", text)))


def _cleaned(text: str, pages: Sequence[int]) -> tuple[str, list[int]]:
    """The text cleaned and stripped, and where its pages start then; an empty page where the next one does."""
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


def canonical_url(url: str) -> str:
    """The form of a web address that is shown: lower-case host, no default port, no fragment, no tracking parameters,
    nothing that is not seen: control characters are left out, others (zero width, direction) are percent-encoded.

    Raises BadInput when it is no address of the web.
    """
    url = "".join(each if each.isprintable() or each.isspace() else quote(each) for each in _UNWANTED.sub("", url))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or any(map(str.isspace, url)):
        raise BadInput(f"{url[:80]!r} is no web address (https://…)")
    default = {"http": 80, "https": 443}[parts.scheme.lower()]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    host += f":{port}" if port and port != default else ""
    kept = [pair for pair in parts.query.split("&") if not _TRACKING.match(unquote(pair.partition("=")[0]))]
    return urlunsplit((parts.scheme.lower(), host, parts.path or "/", "&".join(kept), ""))


def url_key(url: str) -> str:
    """What all addresses of one page have in common, for comparing a canonical one with another: http and https, with
    and without `www.`, a trailing slash, or AMP, the parameters in any order."""
    parts = urlsplit(url)
    host = _VARIANT_HOST.sub("", parts.netloc)
    path = _AMP_PATH.sub("", re.sub(r"/{2,}", "/", parts.path)).rstrip("/")
    query = sorted(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _AMP_PARAMETER.match(pair[0]))
    return host + quote(unquote(path), safe="/") + (f"?{urlencode(query)}" if query else "")


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
    if re.search(r"\d", written) and len(written) <= 60 and not _is_impossible(written):
        import dateparser

        found: datetime | None = dateparser.parse(
            written, languages=["fr", "en"], settings={"DATE_ORDER": "DMY", "REQUIRE_PARTS": ["day", "month", "year"]}
        )
        if found is not None:
            return found if re.search(r"\d[:h]\d", written) else found.date()
    raise BadInput(f"{written[:60]!r} is no date (write 2025-11-11)")


def language_code(written: str) -> str | None:
    """The code of a language out of one that may name a country too (fr-FR); None of nothing. Raises BadInput."""
    code = re.split(r"[-_]", written.strip().lower())[0]
    if code and not re.fullmatch(r"[a-z]{2,3}", code):
        raise BadInput(f"{written[:20]!r} is no language code (write fr, en, ar…)")
    return code or None


def _is_impossible(written: str) -> bool:
    """Whether it begins with year, month and day, and there is no such day. dateparser would swap day and month."""
    if begins := _YEAR_FIRST.match(written):
        try:
            date(*map(int, begins.groups()))
        except ValueError:
            return True
    return False


def digest(*parts: str) -> str:
    """Tells texts apart; of an article's title and text it is its `digest`."""
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()


def _derived_id(*parts: str) -> str:
    return "a" + digest(*parts)[:10]


def _first_words(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 80 else line[:80].rsplit(" ", 1)[0] + "…"


def _checked_id(id: str) -> str:
    if len(id) > _MAX_ID or not id.isprintable() or re.search(r"\s", id) or id.startswith("-"):
        raise BadInput(f"the id {id[:40]!r} is not usable: up to {_MAX_ID} characters, no spaces, no dash in front")
    return id
