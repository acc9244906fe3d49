"""One URL to its bytes: within limits of size and time, after what robots.txt says, again when the site is busy."""

from __future__ import annotations

import logging
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from urllib.parse import urlsplit

import httpcore
import httpx

from kibaru.errors import BadInput, KibaruError
from kibaru.settings import Settings
from kibaru.web.addresses import Resolver, parse_url, resolve
from kibaru.web.manners import ROBOTS_BYTES, Pace, Rules, user_agent
from kibaru.web.network import CheckedNetwork, Deadline

log = logging.getLogger(__name__)

MAX_PAGE = 20_000_000
"""Bytes of a page, unpacked. The heaviest news pages have 2 MB of HTML; 100 posts of an API some 3 MB."""

_SECONDS = 60.0
_READ_SECONDS = 20.0
_REDIRECTS = 5
_PAUSES = (1.0, 4.0, 16.0)
_LONGEST_PAUSE = 120.0
_CHUNK = 1 << 16
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
GONE = frozenset({404, 410})


class Unreachable(KibaruError):
    """A site that does not answer, or not now: worth another try later."""


class Stopped(KibaruError):
    """Whoever asked wants no more."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes the next request for a URL conditional."""

    etag: str = ""
    last_modified: str = ""


NONE_KNOWN = Validators()


@dataclass(frozen=True, slots=True)
class Page:
    """What a site answered: the address it came from in the end, a status of 2xx, 304, 404 or 410, and the body."""

    url: str
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def is_unchanged(self) -> bool:
        return self.status == HTTPStatus.NOT_MODIFIED

    @property
    def is_gone(self) -> bool:
        return self.status in GONE

    @property
    def validators(self) -> Validators:
        return Validators(self.headers.get("etag", "")[:500], self.headers.get("last-modified", "")[:100])

    @property
    def charset(self) -> str | None:
        """The encoding that the site declared."""
        _, _, declared = self.headers.get("content-type", "").lower().partition("charset=")
        return declared.split(";")[0].strip(" \"'")[:40] or None


class Fetcher:
    """Fetches for one run. Keeps connections and the robots.txt of each site; may be used by several threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        resolver: Resolver = resolve,
        pause: Callable[[float], object] | None = None,
        seconds: float = _SECONDS,
        robots: Mapping[str, bytes] | None = None,
    ) -> None:
        """`pause` waits so many seconds, and ends all work by returning true; `seconds` is what one answer may take;
        `robots` are the robots.txt that are known from less than a day ago, by origin."""
        self._agent = user_agent(settings)
        self._seconds = seconds
        self._stopped = threading.Event()
        self._pause = pause or self._stopped.wait
        self._pace = Pace(settings, self._wait)
        self._deadline = Deadline()
        self.asked_robots: dict[str, bytes] = {}
        self._rules = {origin: Rules.read(text) for origin, text in (robots or {}).items()}
        self._asking = threading.Lock()
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=20,
            keepalive_expiry=30,
            network_backend=CheckedNetwork(resolver, self._deadline, allow_loopback=settings.allow_loopback),
        )

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    def stop(self) -> None:
        """End what other threads are waiting for: they get Stopped."""
        self._stopped.set()

    def get(self, url: str, *, known: Validators = NONE_KNOWN, limit: int = MAX_PAGE, accept: str = "*/*") -> Page:
        """The page at `url`, after redirects; with `known`, perhaps only the word that it is unchanged.

        Raises BadInput for what can never be fetched (a forbidden address, a disallowed page, too large, a status
        of 4xx but 404 and 410, which come back as a Page), and Unreachable when the site does not answer for now.
        """
        target = parse_url(url)
        for _ in range(_REDIRECTS + 1):
            rules = self.rules(target)
            if not rules.allows(str(target)):
                raise BadInput(f"{_shown(target)} may not be fetched: the site's robots.txt disallows it")
            page = self._patiently(target, rules.delay, known, limit, accept)
            if page.status not in _REDIRECTING:
                return page
            target = parse_url(page.headers.get("location", ""), base=str(target))
        raise BadInput(f"{_shown(parse_url(url))} redirects more than {_REDIRECTS} times")

    def rules(self, target: httpx.URL | str) -> Rules:
        """The robots.txt of the site of `target`. Raises as `get` does: with rules unknown a site is left be."""
        target = parse_url(target) if isinstance(target, str) else target
        origin = _origin(target)
        with self._asking:
            if origin not in self._rules:
                text = self.asked_robots[origin] = self._ask_robots(target)
                self._rules[origin] = Rules.read(text)
            return self._rules[origin]

    def _ask_robots(self, target: httpx.URL) -> bytes:
        """The text of a site's robots.txt; empty for a site without one, which allows all."""
        at = target.copy_with(raw_path=b"/robots.txt")
        for _ in range(_REDIRECTS + 1):
            try:
                page = self._patiently(at, 0.0, NONE_KNOWN, ROBOTS_BYTES, "text/plain, */*", truncate=True)
            except Refused:  # a site that answers 401 or 403 has no rules, says RFC 9309
                return b""
            if page.status not in _REDIRECTING:
                return page.body
            at = parse_url(page.headers.get("location", ""), base=str(at))
        return b""

    def _patiently(
        self, target: httpx.URL, delay: float, known: Validators, limit: int, accept: str, truncate: bool = False
    ) -> Page:
        """One answer of the site, asked for again after a pause while it is busy or does not answer."""
        self._wait(0)
        why = ""
        for pause in (*_PAUSES, None):
            wait = pause
            try:
                with self._pace.turn(_origin(target), delay), self._deadline.within(self._seconds):
                    page = self._once(target, known, limit, accept, truncate)
                if page.status not in _BUSY:
                    return _answer(target, page)
                why = f"answers {page.status}"
                asked = _retry_after(page.headers.get("retry-after", ""))
                if asked > _LONGEST_PAUSE:
                    raise Unreachable(f"{target.host} asks to come back in {asked / 60:.0f} minutes")
                wait = None if pause is None else max(pause, asked)
            except httpcore.TimeoutException:
                why = f"takes more than {self._seconds:.0f} s to answer"
                wait = pause if pause == _PAUSES[0] else None  # each try has taken long enough
            except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
                why = f"cannot be reached ({_reason(error)})"
            if wait is None:
                break
            log.info("%s %s, again in %.0f s", target.host, why, wait)
            self._wait(wait)
        raise Unreachable(f"{target.host} {why}: try again later")

    def _once(self, target: httpx.URL, known: Validators, limit: int, accept: str, truncate: bool) -> Page:
        url = httpcore.URL(
            scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path or b"/"
        )
        headers = {"User-Agent": self._agent, "Accept": accept, "Accept-Encoding": "gzip", "Host": _netloc(target)}
        headers |= {"If-None-Match": known.etag} if known.etag else {}
        headers |= {"If-Modified-Since": known.last_modified} if known.last_modified else {}
        timeouts = {"connect": 10.0, "read": _READ_SECONDS, "write": _READ_SECONDS, "pool": self._seconds}
        raw = [(name.encode(), value.encode("latin-1", "ignore")) for name, value in headers.items()]
        with self._pool.stream("GET", url, headers=raw, extensions={"timeout": timeouts}) as response:
            log.debug("%s %s", response.status, target)
            kept = {name.decode("latin-1").lower(): _decoded(value) for name, value in response.headers}
            wanted = response.status == HTTPStatus.OK
            body = _body(response.iter_stream(), kept, limit, truncate, _shown(target)) if wanted else b""
            return Page(str(target), response.status, body, kept)

    def _wait(self, seconds: float) -> None:
        if self._stopped.is_set() or self._pause(seconds):
            raise Stopped("stopped; the next sync goes on from here")


class Refused(BadInput):
    """A status of 4xx."""


def _answer(target: httpx.URL, page: Page) -> Page:
    if page.status in (*_REDIRECTING, *GONE, HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        return page
    try:
        phrase = HTTPStatus(page.status).phrase
    except ValueError:
        phrase = "which means nothing"
    raise Refused(f"{_shown(target)} is refused: the site answers {page.status} {phrase}")


def _body(chunks: Iterator[bytes], headers: dict[str, str], limit: int, truncate: bool, shown: str) -> bytes:
    """The body, unpacked as it comes, up to `limit` bytes; beyond, BadInput, or with `truncate` the end of it."""
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise BadInput(f"{shown} comes in {coding[:20]!r}, which was not asked for")
    body = bytearray()
    try:
        for part in chunks if coding in ("", "identity") else unzipped(chunks, limit + 1):
            body += part
            if len(body) > limit:
                break
    except zlib.error:
        raise BadInput(f"{shown} is damaged: it cannot be unpacked") from None
    if len(body) > limit and not truncate:
        raise BadInput(f"{shown} is larger than {limit // 1_000_000} MB")
    return bytes(body[:limit])


def unzipped(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """What gzip or zlib data unpacks to, in pieces, at most some `limit` bytes of it. Raises zlib.error."""
    unpacker, room = zlib.decompressobj(zlib.MAX_WBITS | 32), limit
    for chunk in chunks:
        waiting = chunk
        while waiting and room > 0:
            if unpacker.eof:  # another member follows, or zeros that pad a tape
                if not waiting.strip(b"\0"):
                    break
                unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
            part = unpacker.decompress(waiting, min(room, _CHUNK))
            room -= len(part)
            yield part
            waiting = unpacker.unconsumed_tail or unpacker.unused_data
        if room <= 0:
            return


def _retry_after(written: str) -> float:
    """Seconds that a Retry-After asks for, written as a number or as a date."""
    if written.strip().isdecimal():
        return float(written.strip()[:9])
    try:
        return max(0.0, (parsedate_to_datetime(written) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _decoded(header: bytes) -> str:
    """Headers are ASCII, but for the odd Location in UTF-8, and older things in Latin-1."""
    try:
        return header.decode()
    except UnicodeDecodeError:
        return header.decode("latin-1")


def _origin(target: httpx.URL) -> str:
    return f"{target.scheme}://{_netloc(target)}"


def _netloc(target: httpx.URL) -> str:
    return target.netloc.decode("ascii")


def _shown(target: httpx.URL) -> str:
    return str(target)[:200]


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def site_name(url: str) -> str:
    """The host of a URL as people say it: without www."""
    return (urlsplit(url).hostname or url).removeprefix("www.")
