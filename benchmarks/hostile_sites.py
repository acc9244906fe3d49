"""Sync with sites that answer what they should not, and see that nothing crashes, hangs, or leaves the public internet.

    python benchmarks/hostile_sites.py --count 1000 --seed 1

Feeds, sitemaps, WordPress answers, robots.txt and front pages are made by hand to hurt (entities, bombs, depth, loops,
wrong types) and by damaging good ones at random. Each is served on loopback and brought in by the whole way: discovery
or sync, parsing apart, storing. It must end in a summary or in one line, in time; no name but the site's may be
connected to, and no file of this machine may show in what came in.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fakes.sites import Answer, Site, WordPress, page, paragraphs, rss, sitemap, sitemap_index

import prepared  # noqa: F401
from kibaru.archive import Kibaru
from kibaru.errors import KibaruError
from kibaru.settings import Settings
from kibaru.sources.discovery import discover
from kibaru.sources.http.client import HttpClient
from kibaru.sources.registry import SourceKind, Sources
from kibaru.sources.sync import sync
from kibaru.storage.store import DATABASE

LIMIT = 45.0
"""Seconds one input may take: what reading apart may (30 s), and the rest."""

_TOKENS: list[bytes] = [
    b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"<?xml", b"\0", b"\xff\xfe", b"&#0;", b"&#x110000;", b"&x;", b'"',
    b"\\u0000", b"\\ud800", b"{", b"[", b"null", b"1e999", b"-1", b"9" * 400, b"\x1f\x8b\x08", b"http://10.0.0.1/",
    b"http://[::1]/", b"javascript:", b"\r\n\r\n", b"</url>", b"<url>", b"<item>", b"%00", b"\xe2\x80\xae", b"A" * 5000,
]  # fmt: skip

_ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{10 * f"&{a};"}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
_FILE = '<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
_AWAY = '<!DOCTYPE x [<!ENTITY % d SYSTEM "http://10.0.0.1/d.dtd"> %d;]>'


@dataclass(frozen=True, slots=True)
class Hostile:
    """What a site answers, and at which of its doors."""

    name: str
    door: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def by_hand(site: Site) -> Iterator[Hostile]:
    """Inputs that are known to hurt readers of their kind."""
    for what, head in (("entities", _ENTITIES), ("a file", _FILE), ("a DTD elsewhere", _AWAY)):
        feed = rss(site, [("/a", "&j;", "&j; " * 300)], whole=True).replace("&amp;", "&").replace("<![CDATA[", "")
        yield Hostile(f"feed: {what}", "feed", feed.replace("]]>", "").replace("?><rss", f"?>{head}<rss").encode())
        urls = f"<?xml version='1.0'?>{head}<urlset><url><loc>{site.url}/&j;</loc></url></urlset>"
        yield Hostile(f"sitemap: {what}", "sitemap", urls.encode())
    deep = 100_000
    yield Hostile("feed: deep", "feed", b"<rss version='2.0'><channel>" + b"<item>" * deep)
    yield Hostile(
        "feed: deep HTML",
        "feed",
        rss(site, [("/a", "T", "<div>" * deep)], whole=True).replace("&lt;", "<").replace("&gt;", ">").encode(),
    )
    yield Hostile("feed: one long title", "feed", rss(site, [("/a", "T" * 3_000_000, "x" * 900)], whole=True).encode())
    yield Hostile(
        "feed: 20,000 entries", "feed", rss(site, [(f"/{n}", "T", "x") for n in range(20_000)], whole=False).encode()
    )
    yield Hostile("feed: open tags", "feed", b"<rss>" + b"<item><title>" * 50_000)
    yield Hostile("feed: attributes", "feed", b"<rss " + b"".join(b"a%d='1' " % n for n in range(100_000)) + b"/>")
    yield Hostile("sitemap: deep", "sitemap", b"<urlset>" + b"<url>" * deep)
    yield Hostile("sitemap: text in text", "sitemap", b"<urlset><url><loc>" + b"h" * 30_000_000)
    yield Hostile(
        "sitemap: 60,000 elsewhere",
        "sitemap",
        b"<urlset>" + b"<url><loc>http://10.0.0.1/</loc></url>" * 60_000 + b"</urlset>",
    )
    yield Hostile("sitemap: itself", "sitemap", sitemap_index(site, ["/sitemap", "/sitemap?1", "/sitemap"]).encode())
    yield Hostile("sitemap: bomb", "sitemap", gzip.compress(b"<urlset>" + bytes(200_000_000)))
    yield Hostile("sitemap: bomb of bombs", "sitemap", gzip.compress(gzip.compress(bytes(200_000_000))))
    yield Hostile(
        "sitemap: bomb on the way", "sitemap", gzip.compress(bytes(200_000_000)), (("Content-Encoding", "gzip"),)
    )
    yield Hostile("sitemap: empty members", "sitemap", gzip.compress(b"") * 100_000)
    yield Hostile("sitemap: UTF-16", "sitemap", sitemap(site, [("/a", "2025-01-01")]).encode("utf-16"))
    for name, value in _json_values():
        yield Hostile(f"wordpress: {name}", "wordpress", value)
    for name, robots in (
        ("long", b"Disallow: /" + b"a" * 2_000_000),
        ("many", b"User-agent: *\n" + b"Disallow: /*a*b*c*d*e*f*g*h*$\n" * 20_000),
        ("stars", b"User-agent: *\nDisallow: /" + b"*a" * 2_000 + b"$"),
        ("binary", bytes(range(256)) * 1_000),
        ("delay", b"User-agent: *\nCrawl-delay: 1e308\nCrawl-delay: nan\nCrawl-delay: -5"),
        ("sitemaps", b"Sitemap: http://10.0.0.1/s.xml\n" * 10_000),
        ("HTML", page("404", paragraphs(1)).encode()),
    ):
        yield Hostile(f"robots: {name}", "robots", robots)
    for name, link in (
        ("elsewhere", "<http://10.0.0.1/wp-json/>; rel=https://api.w.org/"),
        ("a file", "<file:///etc/>; rel=https://api.w.org/"),
        ("long", "<" + "a" * 60_000 + ">; rel=https://api.w.org/"),
    ):
        yield Hostile(f"front: {name}", "front", b"<p>x</p>", (("Link", link),))
    yield Hostile(
        "front: links", "front", b'<link rel=alternate type=application/rss+xml href="http://10.0.0.1/r">' * 5_000
    )
    yield Hostile("front: deep", "front", b"<div>" * deep)
    yield Hostile("front: nothing", "front", b"")


def _json_values() -> Iterator[tuple[str, bytes]]:
    post: dict[str, Any] = {
        "id": 1, "link": "http://127.0.0.1/a", "date": "2025-01-01T00:00:00", "modified": "2025-01-01T00:00:00",
        "title": {"rendered": "T"}, "content": {"rendered": "<p>Le pont est ouvert.</p>"},
    }  # fmt: skip
    yield "deep", b"[" * 200_000
    yield "deep objects", b'{"a":' * 200_000
    yield "an object", b'{"code": "x"}'
    yield "a number", b"1"
    yield "many digits", b'[{"id": ' + b"9" * 100_000 + b"}]"
    yield "not a number", b'[{"id": NaN}]'
    yield "HTML", b"<html>"
    yield "a mark", b"\xef\xbb\xbf" + json.dumps([post]).encode()
    values: list[Any] = [
        None, True, -1, 10**30, 1e308, "", "x", [], {}, [[]], {"rendered": None}, {"rendered": 5}, "\ud800", "\0",
        "0000-00-00T00:00:00", "9999-12-31T23:59:59", "0001-01-01T00:00:00", "99999-01-01", "javascript:alert(1)",
        "//10.0.0.1/", "http://[", "A" * 100_000, "<p>" * 50_000, "&#0;&#xD800;",
    ]  # fmt: skip
    for field in ("id", "link", "date", "modified", "modified_gmt", "title", "content", "_embedded", "yoast_head_json"):
        for value in values:
            yield f"{field} {str(value)[:20]!r}", json.dumps([post | {field: value}]).encode()
    yield "the same a hundred times", json.dumps([post] * 100).encode()
    yield "a hundred that never end", json.dumps([post | {"id": n} for n in range(100)]).encode()


def damaged(site: Site, press: WordPress, count: int, seed: int) -> Iterator[Hostile]:
    """Good answers with bytes changed, cut, doubled, moved, and tokens thrown in."""
    drawn = random.Random(seed)
    entries = [(f"/{n}.html", f"Titre {n}", " ".join(paragraphs(n))) for n in range(3)]
    posts = press.answer("/wp-json/wp/v2/posts?per_page=3", {}).body
    front = '<link rel="alternate" type="application/rss+xml" href="/r">' + page("Accueil", paragraphs(1))
    good = {
        "feed": [rss(site, entries, whole=True).encode(), _atom(site).encode()],
        "sitemap": [
            sitemap(site, [(f"/{n}.html", "2025-03-01") for n in range(4)]).encode(),
            sitemap_index(site, ["/a.xml", "/b.xml"]).encode(),
            gzip.compress(sitemap(site, [("/1.html", "")]).encode()),
        ],
        "wordpress": [posts.replace(press.url.encode(), site.url.encode())],
        "robots": [b"User-agent: *\nDisallow: /prive\nCrawl-delay: 1\nSitemap: /sitemap.xml\n"],
        "front": [front.encode()],
    }  # fmt: skip
    for number in range(count):
        door = ("feed", "sitemap", "wordpress", "feed", "sitemap", "wordpress", "robots", "front")[number % 8]
        data = bytearray(drawn.choice(good[door]))
        for _ in range(drawn.choice((1, 1, 2, 5, 30))):
            _damage(data, drawn)
        yield Hostile(f"{door}: damaged {seed}/{number}", door, bytes(data))


def _damage(data: bytearray, drawn: random.Random) -> None:
    at = drawn.randrange(len(data) + 1)
    end = min(len(data), at + drawn.choice((1, 4, 40, 400)))
    match drawn.randrange(6):
        case 0 if at < len(data):
            data[at] ^= 1 << drawn.randrange(8)
        case 1:
            del data[at:end]
        case 2:
            data[at:at] = data[at:end] * drawn.choice((1, 2, 50))
        case 3:
            data[at:at] = drawn.choice(_TOKENS)
        case 4:
            data[at:end] = bytes(drawn.randrange(256) for _ in range(end - at))
        case _ if drawn.random() < 0.3:
            del data[at:]


def _atom(site: Site) -> str:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Le Fleuve</title><entry><id>1</id><title type="html">Le pont'
        f'</title><link href="{site.url}/1.html"/><updated>2025-03-01T08:00:00Z</updated><content type="xhtml">'
        f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{paragraphs(1)[0]}</p></div></content></entry></feed>'
    )


@dataclass(slots=True)
class Trial:
    """An archive and a hostile site on loopback; names other than the site's lead to a private address."""

    kibaru: Kibaru
    sources: Sources
    site: Site

    def run(self, hostile: Hostile) -> tuple[str, float]:
        """How it ended, and after how many seconds. Raises whatever is no KibaruError."""
        self.site.pages.clear()
        self.site.pages[_DOORS[hostile.door]] = Answer(hostile.body, "text/xml", headers=dict(hostile.headers))
        if hostile.door == "wordpress":
            self.site.answer = self._any  # type: ignore[method-assign]
        else:
            self.site.__dict__.pop("answer", None)
        began = time.monotonic()
        with HttpClient(self.kibaru.settings, pause=lambda _: None, seconds=10, resolver=_resolver) as client:
            ended = self._brought(client, hostile)
        return ended, time.monotonic() - began

    def _any(self, path: str, _: dict[str, str]) -> Answer:
        return self.site.pages[_DOORS["wordpress"]] if "wp-json" in path else Answer(status=404)

    def _brought(self, client: HttpClient, hostile: Hostile) -> str:
        try:
            if hostile.door in ("robots", "front"):
                self.site.pages.setdefault("/", Answer(b"<p>Bonjour</p>"))
                return f"found to have a {discover(client, self.site.url)[0].kind}"
            kind: SourceKind = hostile.door  # type: ignore[assignment]
            source = self.sources.add(self.site.url, kind, self.site.url + _DOORS[hostile.door], "Le Fleuve")
            try:
                summary = sync(self.kibaru, self.sources, source, client, limit=20)
            finally:
                self.sources.remove(source)
            ended = "a problem told" if summary.problem else "brought in" if summary.counts else "nothing new"
            said = str(summary)
        except KibaruError as error:
            ended, said = "refused", str(error)
        assert "\n" not in said, f"{hostile.name}: {said}"
        return ended


_DOORS = {
    "feed": "/feed",
    "sitemap": "/sitemap",
    "wordpress": "/wp-json/wp/v2/posts",
    "robots": "/robots.txt",
    "front": "/",
}


def _resolver(host: str, _: int) -> Sequence[str]:
    return ["127.0.0.1"] if host == "127.0.0.1" else ["10.0.0.1"]


def trials(folder: Path, model: Path, count: int, seed: int) -> Iterator[tuple[Hostile, str, float]]:
    """Inputs made by hand, all of them when `count` allows, else some that are read quickly, and damaged ones."""
    settings = Settings(index=folder, model=str(model), host_delay=0)
    with (
        Site() as site,
        WordPress(3) as press,
        Kibaru(settings, create=True) as kibaru,
        Sources(folder / DATABASE) as sources,
    ):
        trial = Trial(kibaru, sources, site)
        made = list(by_hand(site))
        quick = [hostile for hostile in made if len(hostile.body) < 500_000]
        chosen = made if count >= len(made) else random.Random(seed).sample(quick, count // 2)
        for hostile in (*chosen, *damaged(site, press, count - len(chosen), seed)):
            yield hostile, *trial.run(hostile)
        leaked = [article for article in kibaru.store.articles() if "root:" in article.title + article.text]
        assert not leaked, f"/etc/passwd came in: {leaked[0].url}"


def main() -> None:
    os.environ["KIBARU_TEST_ALLOW_LOOPBACK"] = "1"
    from fakes.tiny_models import make_tiny_model

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    ends: Counter[str] = Counter()
    slowest = (0.0, "")
    with TemporaryDirectory(prefix="kibaru-hostile-") as name:
        model = make_tiny_model(Path(name) / "tiny", {})
        logging.disable()
        for hostile, ended, seconds in trials(Path(name) / "index", model, arguments.count, arguments.seed):
            ends[ended] += 1
            slowest = max(slowest, (seconds, hostile.name))
            if seconds > 5:
                print(f"{seconds:5.1f} s  {hostile.name}: {ended}")
            if seconds > LIMIT:
                raise SystemExit(f"{hostile.name} took {seconds:.0f} s")
    told = ", ".join(f"{count} {ended}" for ended, count in ends.most_common())
    print(
        f"{ends.total()} hostile inputs (seed {arguments.seed}): {told}; the slowest {slowest[0]:.1f} s ({slowest[1]})"
    )


if __name__ == "__main__":
    main()
