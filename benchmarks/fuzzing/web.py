"""Targets: what sites answer, and where their answers may lead."""

from __future__ import annotations

import gzip
import socket
import zlib
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

from fakes.sites import WordPress, paragraphs, rss, sitemap, sitemap_index

from fuzzing.invariants import apart, check_article, fields_of, refusing, text_of
from fuzzing.target import Target
from kibaru.errors import BadInput
from kibaru.sources.discovery import links_on
from kibaru.sources.feeds import read_feed
from kibaru.sources.http.addresses import MAX_URL, is_loopback, is_public, is_same_site, parse_url
from kibaru.sources.http.responses import Response, read_body, retry_after
from kibaru.sources.http.robots import MAX_DELAY, RobotsRules
from kibaru.sources.markup import plain, text_of_html
from kibaru.sources.sitemaps import MAX_URLS, read_sitemap
from kibaru.sources.wordpress_posts import posts_in

SITE = "https://journal.example/"
_WEB = ("http://", "https://", "//", "@", "#", "?", "\\", "%00", "[::1]", "[::ffff:10.0.0.1]", "127.1", "0x7f.1", "2130706433",
        "017700000001", "169.254.169.254", "。", "①②⑦", "xn--", ":80", ".", "localhost", "64:ff9b::7f00:1")  # fmt: skip


def feed(data: bytes) -> None:
    """A feed."""
    with apart():
        found = read_feed(data, SITE + "feed", None)
        for entry in found.entries:
            assert len(entry.key) <= 1_000
            _check_link(entry.url)
            if entry.article:
                check_article(entry.article)


def site_map(data: bytes) -> None:
    """A sitemap."""
    with apart():
        found = read_sitemap(data)
        assert len(found.pages) + len(found.sitemaps) <= MAX_URLS
        for listed in (*found.pages, *found.sitemaps):
            assert listed.url.startswith(("http://", "https://"))
            assert len(listed.url) <= MAX_URL


def wordpress(data: bytes) -> None:
    """A page of posts."""
    with apart():
        for post in posts_in(data):
            assert bool(post.article) != bool(post.why)
            (post.key + post.url + post.version).encode()
            if post.article:
                check_article(post.article)


def robots(data: bytes) -> None:
    """A robots.txt: no wish to wait is longer than we wait, and none of it ends us."""
    rules = RobotsRules.parse(data)
    assert 0 <= rules.delay <= MAX_DELAY
    rules.allows(SITE + "2025/11/pont.html?a=1")
    for at in rules.sitemaps:
        with refusing():
            _check_link(str(parse_url(at, base=SITE)))


def links(data: bytes) -> None:
    """The links of a front page."""
    with apart():
        found = links_on(data, SITE)
        for at in (*found.api, *found.feeds):
            _check_link(at)


def body(data: bytes) -> None:
    """An answer's body, packed as its headers say: never more than the limit."""
    coding, content_type, wait, packed = fields_of(data, 4)
    headers = {"content-encoding": coding, "content-type": content_type}
    charset = Response(SITE, 200, b"", headers).charset
    assert charset is None or len(charset) <= 40
    assert retry_after(wait) >= 0
    with refusing():
        raw = packed.encode("utf-8", "surrogatepass")
        assert len(read_body(iter([raw, raw]), headers, 100_000, False, SITE)) <= 100_000
        for squeezed in (gzip.compress(raw), zlib.compress(raw)):
            assert read_body(iter([squeezed]), {"content-encoding": "gzip"}, 10**6, False, SITE) == raw


def markup(data: bytes) -> None:
    """A post's HTML, and its title."""
    with apart():
        assert "\n" not in plain(text_of(data))
        text_of_html(text_of(data)).encode("utf-8", "surrogatepass")


def address(data: bytes) -> None:
    """Wherever a host is called public, no way of reading it leads to this machine or its network."""
    url, base = fields_of(data, 2)
    try:
        parsed = parse_url(url, base=base or SITE)
    except BadInput:
        return
    assert parsed.scheme in ("http", "https")
    assert not parsed.userinfo
    host = parsed.raw_host.decode("ascii")
    _check_link(str(parsed))
    assert is_same_site(str(parsed), str(parsed)) or not host
    for found in _readings(host.strip("[]")):
        if is_public(found):
            assert not _is_inside(found), f"{found} is called public"
        assert not (is_public(found) and is_loopback(found))


def _readings(host: str) -> list[str]:
    """The addresses that a host may mean without asking any server: as a number, and as the system's own parser has it."""
    found = [host] if _is_address(host) else []
    with suppress(OSError, UnicodeError, ValueError):
        found += [str(each[4][0]) for each in socket.getaddrinfo(host, 80, flags=socket.AI_NUMERICHOST)]
    return [each for each in found if _is_address(each)]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


_INSIDE = [
    (0, 8), (10 << 24, 8), (127 << 24, 8), (169 << 24 | 254 << 16, 16), (172 << 24 | 16 << 16, 12), (192 << 24 | 168 << 16, 16),
    (100 << 24 | 64 << 16, 10), (224 << 24, 3),
]  # fmt: skip
"""IPv4 networks and the bits that tell them: this host, private, loopback, link-local, shared, multicast and above."""


def _is_inside(address: str) -> bool:
    """Told by the bits, without `ipaddress`'s opinion: of IPv4 wherever IPv6 carries it, mapped or behind a NAT64."""
    parsed, bits = ip_address(address), int(ip_address(address))
    if isinstance(parsed, IPv4Address):
        return any(bits >> (32 - length) == network >> (32 - length) for network, length in _INSIDE)
    if bits >> 32 in (0xFFFF, 0x64FF9B << 64):
        return _is_inside(str(IPv4Address(bits & 0xFFFFFFFF)))
    return bits >> 125 != 1 or bits >> 112 == 0x2002


def number(data: bytes) -> None:
    """The same of any IP address by its bits."""
    for size, kind in ((4, IPv4Address), (16, IPv6Address)):
        if len(data) >= size:
            found = str(kind(int.from_bytes(data[:size], "big")))
            assert not (is_public(found) and _is_inside(found)), f"{found} is called public"


def _check_link(url: str) -> None:
    assert not url or (url.startswith(("http://", "https://")) and url.isascii() and url.isprintable()), url


def _posts() -> list[bytes]:
    with WordPress(3) as press:
        return [press.answer("/wp-json/wp/v2/posts?per_page=2", {}).body]


class _Named:
    url = SITE.rstrip("/")


def _feeds() -> list[bytes]:
    entries = [(f"/{n}.html", f"Titre {n}", " ".join(paragraphs(n))[:900]) for n in range(2)]
    atom = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Le Fleuve</title><entry><id>1</id><title type="html">Le pont</title>'
        f'<link href="{SITE}1.html"/><updated>2025-03-01T08:00:00Z</updated><content type="xhtml">'
        f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{paragraphs(1)[0]}</p></div></content></entry></feed>'
    )
    return [rss(_Named, entries, whole=True).encode(), atom.encode()]  # type: ignore[arg-type]


def _sitemaps() -> list[bytes]:
    pages = [("/1.html", "2025-03-01"), ("/2.html", "")]
    made = [sitemap(_Named, pages), sitemap_index(_Named, ["/a.xml"])]  # type: ignore[arg-type]
    return [
        *(each.encode() for each in made),
        gzip.compress(made[0].encode()),
        b"https://a.example/1\nhttps://a.example/2\n",
    ]


_TAGS = (
    "<item>",
    "<entry>",
    "<title>",
    "<link>",
    "<guid>",
    "<content:encoded>",
    "<![CDATA[",
    "<pubDate>",
    "&amp;",
    "&#x1b;",
    "xml:base=",
)

TARGETS = {
    "feed": Target(feed, _feeds, _TAGS, 8_000),
    "sitemap": Target(site_map, _sitemaps, ("<url>", "<loc>", "<lastmod>", "<sitemapindex>", "<urlset>", "&a;", "<!ENTITY"), 6_000),
    "wordpress": Target(wordpress, _posts, ('"rendered":', '"id":', '"link":', '"modified":', "\\u001b", "\\ud800", "1e999"), 8_000),
    "robots": Target(
        robots, lambda: [b"User-agent: *\nDisallow: /prive*x$\nAllow: /\nCrawl-delay: 1\nSitemap: /sitemap.xml\nRequest-rate: 1/5\n"],
        ("User-agent: ", "Crawl-delay: ", "Request-rate: ", "Visit-time: ", "Sitemap: ", "*", "$", "%"), 4_000,
    ),
    "links": Target(links, lambda: [b'<link rel="alternate" type="application/rss+xml" href="/r"><title>A</title><base href="/x/">'],
        ("<link rel=", "href=", "https://api.w.org/", "type=application/rss+xml", *_WEB), 4_000),
    "body": Target(body, lambda: [b"gzip\0text/html; charset=utf-8\x00120\0Bonjour" * 2]),
    "markup": Target(markup, lambda: [f"<p>{paragraphs(1)[0]}</p><ul><li>Un</ul><h2>Titre</h2>".encode()],
        ("<p>", "<br>", "<li>", "<h2>", "<table>", "<a href=", "&#27;", "&nbsp;"), 6_000),
    "address": Target(address, lambda: [b"https://a.example/x?y#z\0", b"//b.example:8080/\0https://a.example/", b"http://[::1]/\0"],
        _WEB, 300),
    "number": Target(number, lambda: [bytes([10, 0, 0, 1]), bytes.fromhex("20010db8000000000000000000000001")], (), 16),
}  # fmt: skip
