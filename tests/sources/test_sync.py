"""Sources and sync: what a site offers, what comes in, what changes, and what is left after a kill."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.sites import Answer, Site, WordPress, page, paragraphs, rss, sitemap, sitemap_index
from fakes.tiny_models import make_tiny_model

from kibaru.archive import Kibaru
from kibaru.errors import BadInput, NotFound
from kibaru.settings import Settings
from kibaru.sources.discovery import discover
from kibaru.sources.http.client import HttpClient
from kibaru.sources.markup import text_of_html
from kibaru.sources.registry import Source, Sources
from kibaru.sources.sitemaps import read_sitemap
from kibaru.sources.sync import Event, Summary, sync
from kibaru.sources.wordpress_posts import posts_in
from kibaru.storage.store import DATABASE
from kibaru.types import Article

LATE = datetime(2026, 3, 1, 9)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", {})


@dataclass
class Desk:
    """An archive, its sources, and what the last sync told."""

    kibaru: Kibaru
    sources: Sources
    events: list[Event] = field(default_factory=list)

    def add(self, url: str) -> Source:
        with self._client() as client:
            best = discover(client, url)[0]
            self.sources.store_robots(client.fetched_robots)
        return self.sources.add(url, best.kind, best.endpoint, best.title)

    def sync(self, source: Source, **options: Any) -> Summary:
        self.events.clear()
        with self._client() as client:
            return sync(self.kibaru, self.sources, source, client, report=self.events.append, **options)

    def _client(self) -> HttpClient:
        return HttpClient(self.kibaru.settings, pause=lambda _: None, seconds=5, robots=self.sources.cached_robots())

    @property
    def articles(self) -> dict[str, Article]:
        return {article.id: article for article in self.kibaru.store.articles()}

    @property
    def titles(self) -> list[str]:
        return sorted(article.title for article in self.articles.values())


@pytest.fixture(scope="module", autouse=True)
def loopback() -> Iterator[None]:
    """The sites of these tests are on loopback."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KIBARU_TEST_ALLOW_LOOPBACK", "1")
        yield


def settings(tiny: Path, folder: Path) -> Settings:
    return Settings(index=folder, model=str(tiny), host_delay=0)


@contextmanager
def desk_of(tiny: Path, folder: Path) -> Iterator[Desk]:
    with Kibaru(settings(tiny, folder), create=True) as kibaru, Sources(folder / DATABASE) as sources:
        yield Desk(kibaru, sources)


@pytest.fixture
def desk(tiny: Path, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(tiny, tmp_path / "index") as opened:
        yield opened


@pytest.fixture
def press() -> Iterator[WordPress]:
    with WordPress(130) as site:
        yield site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as served:
        yield served


def seen(desk: Desk, source: Source, key: str) -> Any:
    found = desk.sources.page(source, key)
    assert found
    return found


# WordPress


def test_five_thousand_posts_come_in_and_then_only_what_changed(desk: Desk) -> None:
    with WordPress(5_000, sentences=2) as site:
        source = desk.add(site.url)
        at = len(site.log)
        assert desk.sync(source).counts == {"added": 5_000}
        assert len(site.log) - at <= 54  # 50 answers of 100 posts, the last ones again, and the count
        at = len(site.log)
        assert desk.sync(source).counts == {}
        assert [request.status for request in site.log[at:]] == [304, 304]
        assert all(request.is_conditional for request in site.log[at:])
        site.publish(5_001, "Le bac de Farabougou a repris la traversée.", LATE)
        site.publish(17, "Le puits de Kourou est rouvert.", LATE)
        at = len(site.log)
        assert desk.sync(source).counts == {"updated": 1, "added": 1}
        assert len(site.log) - at <= 3
        assert len(desk.articles) == 5_001


def test_a_post_keeps_title_dates_author_and_address(desk: Desk, press: WordPress) -> None:
    time = datetime(2025, 5, 26, 18, 30)
    press.posts = {
        7: press.post(7, "L'eau revient à Kita &amp; Kayes", ["L'eau est revenue.", "Les femmes sourient."], time)
    }
    desk.sync(desk.add(press.url))
    (article,) = desk.articles.values()
    assert article.title == "L’eau revient à Kita & Kayes"
    assert article.text == "L'eau est revenue.\n\nLes femmes sourient."
    assert (article.published, article.author) == ("2025-05-26T18:30:00", "Awa Tembely")
    assert (article.url, article.outlet) == (f"{press.url}/2025/05/nouvelle-7/", "Le Fleuve & fils")


def test_a_changed_post_keeps_its_id_even_at_another_address(desk: Desk, press: WordPress) -> None:
    source = desk.add(press.url)
    desk.sync(source)
    before = seen(desk, source, "3")
    press.publish(3, "Le stade est fermé.", LATE)
    press.posts[3]["link"] = f"{press.url}/2026/03/le-stade/"
    desk.sync(source)
    after = seen(desk, source, "3")
    assert before.article == after.article
    article = desk.articles[after.article]
    assert (article.text, article.url) == ("Le stade est fermé.\n\nLa suite demain.", f"{press.url}/2026/03/le-stade/")
    assert desk.kibaru.store.editions(article.id)


def test_a_deleted_post_is_marked_and_its_article_stays(desk: Desk, press: WordPress) -> None:
    source = desk.add(press.url)
    desk.sync(source)
    del press.posts[40], press.posts[41]
    assert str(desk.sync(source)) == "Le Fleuve & fils: 2 gone"
    assert len(desk.articles) == 130
    assert [seen.key for seen in desk.sources.pages_in_state(source, "gone")] == ["40", "41"]
    assert desk.sync(source).counts == {}


def test_sites_that_hide_authors_limit_pages_or_are_old_come_in_whole(desk: Desk, press: WordPress) -> None:
    press.hides_authors, press.max_per_page, press.knows_modified_after = True, 25, False
    source = desk.add(press.url)
    assert desk.sync(source).counts == {"added": 130}
    press.publish(131, "La gare est ouverte.", LATE)
    press.publish(5, "Le lycée est ouvert.", LATE)
    at = len(press.log)
    assert desk.sync(source).counts == {"added": 1, "updated": 1}
    assert len(press.log) - at <= 5
    assert desk.sync(source).counts == {}


def test_posts_all_changed_in_one_second_come_in_once(desk: Desk, press: WordPress) -> None:
    for post in press.posts.values():
        post["modified"] = post["modified_gmt"] = "2024-01-01T00:00:00"
    source = desk.add(press.url)
    assert desk.sync(source).counts == {"added": 130}
    assert desk.sync(source).counts == {}


def test_posts_without_text_are_reported_once(desk: Desk, press: WordPress) -> None:
    press.posts[2]["content"] = {"rendered": "", "protected": True}
    press.posts[3]["content"] = {"rendered": "<script>1</script>"}
    press.posts[4]["link"] = "https://ailleurs.example/4"
    source = desk.add(press.url)
    assert desk.sync(source).counts == {"added": 127, "failed": 3}
    whys = {event.why for event in desk.events if event.change == "failed"}
    assert whys == {
        "it is protected by a password",
        "the post has no text",
        "it says that its address is on another site",
    }
    assert desk.sync(source).counts == {}


def test_limit_and_since_and_dry_run(desk: Desk, press: WordPress) -> None:
    source = desk.add(press.url)
    assert desk.sync(source, dry_run=True, limit=7).counts == {"added": 7}
    assert desk.articles == {}
    first = press.posts[100]["date"][:10]
    assert desk.sync(source, since=first, limit=10).counts == {"added": 10}
    assert desk.sync(source).counts == {"added": 21}  # the rest since then: what was asked for once goes on
    assert min(article.published or "" for article in desk.articles.values()) >= first
    assert desk.sync(source, since="1990-01-01").counts == {"added": 99}


# Feeds


def entries(*numbers: int) -> list[tuple[str, str, str]]:
    return [(f"/{n}.html", f"Titre de la nouvelle {n}", " ".join(paragraphs(n))) for n in numbers]


def test_a_feed_with_whole_texts_is_read_without_its_pages(desk: Desk, site: Site) -> None:
    site.put("/", '<head><link rel="alternate" type="application/rss+xml" href="/rss"></head><body>x</body>')
    site.put("/rss", rss(site, entries(1, 2, 3), whole=True), "application/rss+xml")
    source = desk.add(site.url)
    assert (source.kind, source.title) == ("feed", "Le Fleuve")
    at = len(site.log)
    assert desk.sync(source).counts == {"added": 3}
    assert desk.sync(source).counts == {}
    assert [(request.path, request.status) for request in site.log[at:]] == [("/rss", 200), ("/rss", 304)]
    site.put("/rss", rss(site, entries(2, 3, 4), whole=True), "application/rss+xml")
    assert desk.sync(source).counts == {"added": 1}
    assert len(desk.articles) == 4


def test_a_feed_of_summaries_has_its_pages_fetched(desk: Desk, site: Site) -> None:
    for path, title, _ in entries(1, 2):
        site.put(path, page(title, paragraphs(int(path[1]))))
    site.put("/feed/", rss(site, entries(1, 2), whole=False), "application/rss+xml")
    source = desk.add(f"{site.url}/feed/")
    assert desk.sync(source).counts == {"added": 2}
    assert desk.titles == ["Titre de la nouvelle 1", "Titre de la nouvelle 2"]
    assert {article.text for article in desk.articles.values()} == {"\n\n".join(paragraphs(n)) for n in (1, 2)}
    at = len(site.log)
    assert desk.sync(source).counts == {}
    assert [request.is_conditional for request in site.log[at:]] == [True]


def test_a_feed_that_is_no_xml_and_in_an_old_encoding_is_read(desk: Desk, site: Site) -> None:
    text = rss(site, entries(1), whole=True).replace("Titre", "Été & R&D").replace("</channel>", "")
    site.put("/rss.xml", text.encode("cp1252", "replace"), "text/xml; charset=windows-1252")
    assert desk.sync(desk.add(f"{site.url}/rss.xml")).counts == {"added": 1}
    assert desk.titles == ["Été & R&D de la nouvelle 1"]


# Sitemaps


def put_sitemaps(site: Site) -> None:
    for number in range(1, 5):
        site.put(f"/a{number}", page(f"Titre de la nouvelle {number}", paragraphs(number)))
    site.put("/robots.txt", f"User-agent: *\nDisallow: /prive\nSitemap: {site.url}/index.xml\n", "text/plain")
    index = sitemap_index(site, ["/post-sitemap.xml", "/news.xml.gz", "/category-sitemap.xml"])
    site.put("/index.xml", index, "text/xml")
    posts = sitemap(site, [("/a1", "2025-03-01"), ("/a2", "2025-03-02"), ("/prive", "")])
    site.put("/post-sitemap.xml", posts, "text/xml")
    site.put("/news.xml.gz", gzip.compress(sitemap(site, [("/a3", "2025-03-03")]).encode()), "application/gzip")


def test_an_index_of_sitemaps_is_walked_through(desk: Desk, site: Site) -> None:
    site.put("/", "<p>Bienvenue</p>")
    put_sitemaps(site)
    source = desk.add(site.url)
    assert source.kind == "sitemap"
    assert desk.sync(source).counts == {"added": 3, "failed": 1}
    assert "/category-sitemap.xml" not in site.asked()
    assert "/prive" not in site.asked()
    at = len(site.log)
    assert desk.sync(source).counts == {}
    assert [request.status for request in site.log[at:]] == [304, 304, 304]


def test_pages_that_changed_came_or_went_are_noticed(desk: Desk, site: Site) -> None:
    put_sitemaps(site)
    source = desk.add(f"{site.url}/index.xml")
    desk.sync(source)
    site.put("/a1", page("Titre corrigé", paragraphs(9)))
    del site.pages["/a2"]
    site.put("/post-sitemap.xml", sitemap(site, [("/a1", "2025-04-01"), ("/a4", "2025-04-02")]), "text/xml")
    assert desk.sync(source).counts == {"updated": 1, "added": 1, "gone": 1}
    assert "Titre corrigé" in desk.titles
    assert [seen.url for seen in desk.sources.pages_in_state(source, "gone")] == [f"{site.url}/a2"]
    site.put("/a2", page("De retour", paragraphs(2)))
    pages = [("/a1", "2025-04-01"), ("/a2", "2025-03-02"), ("/a4", "2025-04-02")]
    site.put("/post-sitemap.xml", sitemap(site, pages), "text/xml")
    assert desk.sync(source).counts == {"updated": 1}
    assert desk.sources.pages_in_state(source, "gone") == []


def test_a_page_only_touched_is_asked_for_conditionally(desk: Desk, site: Site) -> None:
    put_sitemaps(site)
    source = desk.add(f"{site.url}/index.xml")
    desk.sync(source)
    site.put("/post-sitemap.xml", sitemap(site, [("/a1", "2025-05-01"), ("/a2", "2025-03-02")]), "text/xml")
    at = len(site.log)
    assert desk.sync(source).counts == {}
    assert [request.status for request in site.log[at:] if request.path == "/a1"] == [304]


def test_pages_that_cannot_be_reached_are_tried_again_next_time(desk: Desk, site: Site) -> None:
    put_sitemaps(site)
    good, site.pages["/a1"] = site.pages["/a1"], Answer(status=500)
    source = desk.add(f"{site.url}/index.xml")
    assert desk.sync(source).counts == {"added": 2, "failed": 2}
    site.pages["/a1"] = good
    assert desk.sync(source).counts == {"added": 1}
    assert desk.sync(source).counts == {}


def test_a_site_that_stops_answering_is_left_alone_and_said(desk: Desk, site: Site) -> None:
    pages = [(f"/b{number}", "2025-03-01") for number in range(40)]
    site.put("/sitemap.xml", sitemap(site, pages), "text/xml")
    for path, _ in pages[2:]:
        site.pages[path] = Answer(status=503)
    for path, _ in pages[:2]:
        site.put(path, page(f"Titre {path}", paragraphs(int(path[2:]))))
    source = desk.add(f"{site.url}/sitemap.xml")
    summary = desk.sync(source)
    assert summary.counts["added"] == 2
    assert "503" in str(summary.problem)
    assert len(site.log) < 60
    assert desk.sources.find("1").problem == summary.problem


def test_a_page_may_not_pass_for_one_of_another_site(desk: Desk, site: Site) -> None:
    site.put("/a", page("Titre volé", paragraphs(1), canonical="https://grand-journal.ml/a"))
    site.put("/sitemap.xml", sitemap(site, [("/a", "2025-03-01")]), "text/xml")
    desk.sync(desk.add(f"{site.url}/sitemap.xml"))
    assert [article.url for article in desk.articles.values()] == [f"{site.url}/a"]


# Sources


def test_a_site_that_offers_nothing_is_refused_in_one_line(desk: Desk, site: Site) -> None:
    site.put("/", "<p>Bienvenue</p>")
    with pytest.raises(BadInput, match="offers no WordPress API"):
        desk.add(site.url)


@pytest.mark.parametrize("kind", ["sitemap", "feed"])
def test_a_source_that_is_gone_from_its_site_says_what_to_do(desk: Desk, site: Site, kind: str) -> None:
    site.put("/sitemap.xml", sitemap(site, [("/a", "2025-03-01")]), "text/xml")
    site.put("/feed.xml", rss(site, entries(1), whole=True), "application/rss+xml")
    path = "/sitemap.xml" if kind == "sitemap" else "/feed.xml"
    source = desk.add(f"{site.url}{path}")
    del site.pages[path]
    assert f"has no {kind}" in str(desk.sync(source).problem)
    assert "add the site anew" in desk.sources.find("1").problem


def test_a_wordpress_whose_api_is_gone_says_what_to_do(desk: Desk, press: WordPress) -> None:
    source = desk.add(press.url)
    press.answer = lambda path, headers: Answer(b"<h1>404</h1>", status=404)
    assert "has no WordPress API any more" in str(desk.sync(source).problem)


@pytest.mark.parametrize(
    "data",
    [b"\x1f\x8bdamaged", gzip.compress(b"\n" * 60_000_000), b"Bonjour", b"<html/>", b"<", b"", b"\x00<a>"],
    ids=["no gzip", "bomb", "text", "page", "cut", "empty", "binary"],
)
def test_what_is_no_sitemap_is_one_line(data: bytes) -> None:
    with pytest.raises(BadInput, match="sitemap"):
        read_sitemap(data)


def test_a_sitemap_that_breaks_off_lists_what_came_before() -> None:
    begun = b"<urlset><url><loc>https://a.example/1</loc></url><url><loc>https"
    assert [listed.url for listed in read_sitemap(begun).pages] == ["https://a.example/1"]


@pytest.mark.parametrize("data", [b"", b"{}", b"[", b"[" * 100_000, b"\xff"])
def test_what_is_no_list_of_posts_is_one_line(data: bytes) -> None:
    with pytest.raises(BadInput, match="no list of posts"):
        posts_in(data)


def test_sources_are_found_paused_and_removed(desk: Desk, press: WordPress) -> None:
    source = desk.add(press.url)
    with pytest.raises(BadInput, match="source 1 already"):
        desk.add(press.url)
    desk.sync(source)
    desk.sources.pause(source, True)
    assert desk.sources.find("Le Fleuve & fils").paused
    assert desk.sources.find(press.url).id == source.id
    desk.sources.remove(source)
    with pytest.raises(NotFound):
        desk.sources.find("1")
    assert len(desk.articles) == 130


# Kills


def started(tiny: Path, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "KIBARU_INDEX": str(folder),
        "KIBARU_MODEL": str(tiny),
        "KIBARU_TEST_ALLOW_LOOPBACK": "1",
        "KIBARU_HOST_DELAY": "0",
    }
    command = [sys.executable, "-u", "-m", "kibaru", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def contents(desk: Desk) -> list[str]:
    """All that an archive holds of articles and their earlier texts, and what its sources have seen."""
    desk.kibaru.check()
    (source,) = desk.sources.all()
    articles = (f"{article} {desk.kibaru.store.editions(article.id)}" for article in desk.articles.values())
    return sorted(articles) + [str(seen) for seen in desk.sources.pages_in_state(source, "kept")]


def test_a_killed_sync_run_again_ends_as_an_undisturbed_one(desk: Desk, tiny: Path, tmp_path: Path) -> None:
    with WordPress(900) as site:
        desk.sync(desk.add(site.url))
        with desk_of(tiny, tmp_path / "killed") as killed:
            source = killed.add(site.url)
        for how, lines in ((signal.SIGKILL, 1), (signal.SIGINT, 250)):  # the first batch is just safe; in the second
            process = started(tiny, tmp_path / "killed", "sync")
            assert process.stdout
            for _ in range(lines):
                process.stdout.readline()
            process.send_signal(how)
            _, err = process.communicate(timeout=60)
            assert process.returncode == (-signal.SIGKILL if how == signal.SIGKILL else 2)
        assert err == "kibaru: The sync was stopped: what came in is kept; run it again to go on.\n"
        with desk_of(tiny, tmp_path / "killed") as killed:
            assert 0 < len(killed.articles) < 900
            killed.sync(source)
            assert contents(killed) == contents(desk)
            at = len(site.log)
            assert killed.sync(source).counts == {}
        assert all(request.is_conditional for request in site.log[at:])


def test_text_of_a_post_that_stands_beside_its_paragraphs_is_kept() -> None:
    html = "Le bac de Wabaria repart.<p>Il fait six traversées.</p>Le billet coûte 250 F.<h6>Et après</h6><p>Fin.</p>"
    assert text_of_html(html) == (
        "Le bac de Wabaria repart.\n\nIl fait six traversées.\n\nLe billet coûte 250 F.\n\n## Et après\n\nFin."
    )
