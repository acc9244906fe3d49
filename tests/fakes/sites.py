"""News sites on loopback, with a log of what they were asked: of fixed pages, and one like WordPress."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

WORDS = """
le la les un une des du au aux et ou mais donc car dans sur sous avec sans pour par depuis vers chez entre maire
commune région fleuve pont marché récolte coton mil riz maïs pluie crue sécheresse école élève maître lycée santé
centre village quartier route bac camion bus gare port douane budget impôt vote élection conseil préfet ministre
association coopérative femmes jeunes éleveurs pêcheurs paysans commerçants transporteurs prix francs sac tonne
kilo litre puits forage eau barrage énergie panneau solaire réseau coupure délestage hôpital vaccin paludisme
match équipe but tournoi stade entraîneur joueuse festival musique balafon kora danse masque théâtre film
annonce ouvre ferme construit répare distribue reçoit demande promet espère regrette rappelle explique souligne
hier lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril juin juillet août septembre
""".split()  # noqa: SIM905


@dataclass(frozen=True)
class Request:
    """A line of a site's log."""

    path: str
    headers: dict[str, str]
    status: int

    @property
    def is_conditional(self) -> bool:
        return "if-none-match" in self.headers or "if-modified-since" in self.headers


@dataclass
class Answer:
    """What a path of a site answers; `raw` writes to the connection instead."""

    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    validated: bool = True
    raw: Callable[[Any], None] | None = None


class Site:
    """A server of fixed pages on loopback: `pages` maps paths to answers; what is not there is 404."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Answer] = {}
        self.log: list[Request] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Any:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, path: str, text: str | bytes, kind: str = "text/html; charset=utf-8", **others: Any) -> None:
        self.pages[path] = Answer(text.encode() if isinstance(text, str) else text, kind, **others)

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        return self.pages.get(path) or Answer(b"<h1>404</h1>", status=404, validated=False)

    def asked(self, since: int = 0) -> list[str]:
        return [request.path for request in self.log[since:]]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = site.answer(self.path, headers)
                if answer.raw:
                    site.log.append(Request(self.path, headers, 0))
                    self.close_connection = True
                    answer.raw(self)
                    return
                etag = f'"{hashlib.md5(answer.body).hexdigest()}"'
                status = answer.status
                if answer.validated and status == 200 and headers.get("if-none-match") == etag:
                    status = 304
                site.log.append(Request(self.path, headers, status))
                self.send_response(status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.validated:
                    self.send_header("ETag", etag)
                if status != 304:
                    self.send_header("Content-Type", answer.kind)
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError):  # whoever asked has gone
                    super().handle()

        return Handler


def prose(drawn: random.Random, sentences: int) -> list[str]:
    """Sentences of random words: no two texts tell the same."""
    return [" ".join(drawn.choices(WORDS, k=drawn.randint(8, 16))).capitalize() + "." for _ in range(sentences)]


def page(title: str, paragraphs: Iterable[str], canonical: str = "", published: str = "2025-03-01") -> str:
    """A page of news as a simple theme makes it."""
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    link = f'<link rel="canonical" href="{canonical}">' if canonical else ""
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{escape(title)} | Le Fleuve</title>{link}'
        f'<meta property="og:site_name" content="Le Fleuve"><meta property="og:type" content="article">'
        f'<meta property="article:published_time" content="{published}T08:00:00+00:00"></head><body>'
        f'<nav><a href="/">Accueil</a> <a href="/politique">Politique</a></nav><article><h1>{escape(title)}</h1>{body}'
        "</article><footer>Tous droits réservés</footer></body></html>"
    )


def paragraphs(seed: int, count: int = 4) -> list[str]:
    drawn = random.Random(seed)
    return [" ".join(prose(drawn, 4)) for _ in range(count)]


class WordPress(Site):
    """A site whose REST API answers about posts as WordPress 6 does; the switches are what sites have different."""

    def __init__(self, count: int, *, seed: int = 1, sentences: int = 4) -> None:
        super().__init__()
        self.max_per_page = 100
        self.knows_modified_after = True
        self.hides_authors = False
        drawn = random.Random(seed)
        start = datetime(2015, 1, 1, 6)
        self.posts = {}
        for id in range(1, count + 1):
            time = start + timedelta(hours=17 * id)
            self.posts[id] = self.post(
                id, f"Nouvelle {id} : " + " ".join(prose(drawn, 1)), prose(drawn, sentences), time
            )

    def post(self, id: int, title: str, sentences: list[str], time: datetime) -> dict[str, Any]:
        half = len(sentences) // 2
        html = "".join(f"\n<p>{escape(' '.join(part))}</p>\n" for part in (sentences[:half], sentences[half:]) if part)
        return {
            "id": id,
            "link": f"{self.url}/{time:%Y/%m}/nouvelle-{id}/",
            "date": time.isoformat(),
            "modified": time.isoformat(),
            "modified_gmt": time.isoformat(),
            "title": {"rendered": title.replace("'", "&rsquo;")},
            "content": {"rendered": html, "protected": False},
            "_embedded": {"author": [{"id": 1, "name": "Awa Tembely"}]},
        }

    def publish(self, id: int, text: str, time: datetime) -> None:
        """Publish a post, or change it."""
        before = self.posts.get(id)
        self.posts[id] = self.post(id, f"Nouvelle {id}", [text, "La suite demain."], time)
        if before:
            self.posts[id] |= {"link": before["link"], "date": before["date"]}

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        split = urlsplit(path)
        if split.path == "/":
            link = f'<link rel="https://api.w.org/" href="{self.url}/wp-json/">'
            return Answer(f"<html><head><title>Le Fleuve</title>{link}</head><body>Bienvenue</body></html>".encode())
        if split.path == "/wp-json/":
            return _json({"name": "Le Fleuve &amp; fils"})
        if split.path == "/wp-json/wp/v2/posts":
            return self._posts(dict(parse_qsl(split.query)))
        return super().answer(path, headers)

    def _posts(self, asked: dict[str, str]) -> Answer:
        per_page, number = int(asked.get("per_page", "10")), int(asked.get("page", "1"))
        if not 1 <= per_page <= self.max_per_page:
            return _json({"code": "rest_invalid_param", "data": {"status": 400}}, 400)
        posts = list(self.posts.values())
        if "modified_after" in asked and self.knows_modified_after:
            posts = [post for post in posts if post["modified"] > asked["modified_after"]]
        if "after" in asked:
            posts = [post for post in posts if post["date"] > asked["after"]]
        key = asked.get("orderby", "date")
        posts.sort(key=lambda post: (post[key], post["id"]), reverse=asked.get("order", "desc") == "desc")
        pages = -(-len(posts) // per_page)
        if number > max(1, pages):
            return _json({"code": "rest_post_invalid_page_number", "data": {"status": 400}}, 400)
        totals = {"X-WP-Total": str(len(posts)), "X-WP-TotalPages": str(pages)}
        wanted = {name.partition(".")[0] for name in asked["_fields"].split(",")} if "_fields" in asked else None
        shown = [
            {name: value for name, value in post.items() if wanted is None or name in wanted}
            for post in posts[(number - 1) * per_page : number * per_page]
        ]
        if self.hides_authors:
            hidden = {"author": [{"code": "rest_user_invalid_id", "message": "Invalid user ID."}]}
            shown = [post | {"_embedded": hidden} for post in shown]
        return _json(shown, headers=totals)


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(json.dumps(value).encode(), "application/json; charset=UTF-8", status, headers or {})


def rss(site: Site, entries: Iterable[tuple[str, str, str]], *, whole: bool, title: str = "Le Fleuve") -> str:
    """A feed of (path, title, text) with the texts whole, or only their first words."""
    items = "".join(
        f"<item><title>{escape(name)}</title><link>{site.url}{path}</link><guid>{site.url}{path}</guid>"
        f"<pubDate>Sat, 01 Mar 2025 08:00:00 GMT</pubDate><description>{escape(text[:60])}…</description>"
        + (f"<content:encoded><![CDATA[<p>{escape(text)}</p>]]></content:encoded>" if whole else "")
        + "</item>"
        for path, name, text in entries
    )
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{title}</title><link>{site.url}/</link>{items}</channel></rss>"
    )


def sitemap(site: Site, pages: Iterable[tuple[str, str]]) -> str:
    """A sitemap of (path, lastmod)."""
    urls = "".join(
        f"<url><loc>{site.url}{path}</loc>" + (f"<lastmod>{day}</lastmod>" if day else "") + "</url>"
        for path, day in pages
    )
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'


def sitemap_index(site: Site, paths: Iterable[str]) -> str:
    inner = "".join(f"<sitemap><loc>{site.url}{path}</loc></sitemap>" for path in paths)
    return (
        f'<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</sitemapindex>'
    )
