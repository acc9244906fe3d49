"""The HTTP client: keeps to robots.txt and to limits of size, time and rate, and retries when a site is busy."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from urllib.parse import urlsplit

import httpcore
import httpx

from kibaru.errors import BadInput, KibaruError, first_line
from kibaru.settings import Settings
from kibaru.sources.http.addresses import Resolver, parse_url, resolve
from kibaru.sources.http.public_network import Deadline, PublicNetworkBackend, loopback_allowed
from kibaru.sources.http.responses import (
    GONE,
    NO_VALIDATORS,
    Response,
    Validators,
    decode_header,
    read_body,
    retry_after,
)
from kibaru.sources.http.robots import ROBOTS_BYTES, RateLimiter, RobotsRules, user_agent

log = logging.getLogger(__name__)

MAX_PAGE = 20_000_000
"""Decompressed bytes of a response: several times the heaviest news pages and API responses."""

_SECONDS = 60.0
_READ_SECONDS = 20.0
_REDIRECTS = 5
_PAUSES = (1.0, 4.0, 16.0)
_LONGEST_PAUSE = 120.0
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 500, 502, 503, 504, 520, 521, 522, 523, 524})


class Unreachable(KibaruError):
    """The site does not answer for now: worth another try later."""


class Stopped(KibaruError):
    """The client was stopped while it waited."""


class HttpClient:
    """Fetches URLs. Keeps connections and each site's robots.txt; may be used by several threads.

    Attributes:
        fetched_robots: The texts of the robots.txt files that it fetched, by origin.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        resolver: Resolver = resolve,
        pause: Callable[[float], object] | None = None,
        seconds: float = _SECONDS,
        robots: Mapping[str, bytes] | None = None,
    ) -> None:
        """Make a client for one run.

        Args:
            resolver: Finds the addresses of a host.
            pause: Waits so many seconds; by returning true it stops all work.
            seconds: Time that one response may take.
            robots: Texts of robots.txt files fetched less than a day ago, by origin.
        """
        self._agent = user_agent(settings)
        self._seconds = seconds
        self._stopped = threading.Event()
        self._pause = pause or self._stopped.wait
        self._rate_limiter = RateLimiter(settings, self._wait)
        self._deadline = Deadline()
        self.fetched_robots: dict[str, bytes] = {}
        self._rules = {origin: RobotsRules.parse(text) for origin, text in (robots or {}).items()}
        self._asking = threading.Lock()
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=20,
            keepalive_expiry=30,
            network_backend=PublicNetworkBackend(resolver, self._deadline, allow_loopback=loopback_allowed()),
        )

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    def stop(self) -> None:
        """End all work: threads that wait for a response get Stopped."""
        self._stopped.set()

    def get(
        self, url: str, *, known: Validators = NO_VALIDATORS, limit: int = MAX_PAGE, accept: str = "*/*"
    ) -> Response:
        """Fetch a URL and follow its redirects.

        Args:
            known: Validators of an earlier response; an unchanged page then comes back with status 304.
            limit: Decompressed bytes that the body may have.
            accept: The Accept header.

        Returns:
            The last response: its status is 200, 304, 404 or 410.

        Raises:
            BadInput: It can never be fetched: a forbidden address, disallowed by robots.txt, too large, refused.
            Unreachable: The site does not answer for now.
            Stopped: The client was stopped.
        """
        target = parse_url(url)
        for _ in range(_REDIRECTS + 1):
            rules = self.robots_rules(target)
            if not rules.allows(str(target)):
                raise BadInput(f"{_shown(target)} may not be fetched: the site's robots.txt disallows it")
            response = self._get_with_retries(target, rules.delay, known, limit, accept)
            if response.status not in _REDIRECTING:
                return response
            target = parse_url(response.headers.get("location", ""), base=str(target))
        raise BadInput(f"{_shown(parse_url(url))} redirects more than {_REDIRECTS} times")

    def robots_rules(self, target: httpx.URL | str) -> RobotsRules:
        """The robots.txt of a site, fetched once.

        Args:
            target: Any URL of the site.

        Raises:
            BadInput, Unreachable, Stopped: As `get`; a site whose robots.txt is unknown is not fetched from.
        """
        target = parse_url(target) if isinstance(target, str) else target
        origin = _origin(target)
        with self._asking:
            if origin not in self._rules:
                text = self.fetched_robots[origin] = self._ask_robots(target)
                self._rules[origin] = RobotsRules.parse(text)
            return self._rules[origin]

    def _ask_robots(self, target: httpx.URL) -> bytes:
        """The text of a site's robots.txt; empty for a site without one, which allows everything."""
        at = target.copy_with(raw_path=b"/robots.txt")
        for _ in range(_REDIRECTS + 1):
            try:
                response = self._get_with_retries(
                    at, 0.0, NO_VALIDATORS, ROBOTS_BYTES, "text/plain, */*", truncate=True
                )
            except Refused:  # a site that answers 401 or 403 has no rules, says RFC 9309
                return b""
            if response.status not in _REDIRECTING:
                return response.body
            at = parse_url(response.headers.get("location", ""), base=str(at))
        return b""

    def _get_with_retries(
        self, target: httpx.URL, delay: float, known: Validators, limit: int, accept: str, truncate: bool = False
    ) -> Response:
        """One response without redirects; tries again after pauses while the site is busy or does not answer."""
        self._wait(0)
        why = ""
        for pause in (*_PAUSES, None):
            wait = pause
            try:
                with self._rate_limiter.slot(_origin(target), delay), self._deadline.within(self._seconds):
                    response = self._request(target, known, limit, accept, truncate)
                if response.status not in _BUSY:
                    return _answer(target, response)
                why = f"answers {response.status}"
                asked = retry_after(response.headers.get("retry-after", ""))
                if asked > _LONGEST_PAUSE:
                    raise Unreachable(f"{target.host} asks to come back in {asked / 60:.0f} minutes")
                wait = None if pause is None else max(pause, asked)
            except httpcore.TimeoutException:
                why = f"takes more than {self._seconds:.0f} s to answer"
                wait = pause if pause == _PAUSES[0] else None  # each try has taken long enough
            except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
                why = f"cannot be reached ({first_line(error, 120)})"
            if wait is None:
                break
            log.info("%s %s, again in %.0f s", target.host, why, wait)
            self._wait(wait)
        raise Unreachable(f"{target.host} {why}: try again later")

    def _request(self, target: httpx.URL, known: Validators, limit: int, accept: str, truncate: bool) -> Response:
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
            kept = {name.decode("latin-1").lower(): decode_header(value) for name, value in response.headers}
            wanted = response.status == HTTPStatus.OK
            body = read_body(response.iter_stream(), kept, limit, truncate, _shown(target)) if wanted else b""
            return Response(str(target), response.status, body, kept)

    def _wait(self, seconds: float) -> None:
        if self._stopped.is_set() or self._pause(seconds):
            raise Stopped("stopped; the next sync goes on from here")


class Refused(BadInput):
    """The site answered with a status of 4xx other than 404 and 410."""


def _answer(target: httpx.URL, response: Response) -> Response:
    if response.status in (*_REDIRECTING, *GONE, HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        return response
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "which means nothing"
    raise Refused(f"{_shown(target)} is refused: the site answers {response.status} {phrase}")


def _origin(target: httpx.URL) -> str:
    return f"{target.scheme}://{_netloc(target)}"


def _netloc(target: httpx.URL) -> str:
    return target.netloc.decode("ascii")


def _shown(target: httpx.URL) -> str:
    return str(target)[:200]


def site_name(url: str) -> str:
    """The host of a URL without `www.`, to name a site in messages."""
    return (urlsplit(url).hostname or url).removeprefix("www.")
