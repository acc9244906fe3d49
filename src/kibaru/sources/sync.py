"""Keeping the archive in step with its sources: `sync` is the way in.

A walk through the source comes past what is new; `pipeline` fetches ahead while this thread embeds and stores. What was
seen, and how far the walk came, is noted once the articles are safe.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from filelock import FileLock, Timeout

from kibaru.archive import Kibaru
from kibaru.errors import BadInput
from kibaru.sources import feeds, sitemaps, wordpress
from kibaru.sources.crawl import Checkpoint, Crawl, CrawlStep, ExpectedPages, ListedPage, Listing, is_known
from kibaru.sources.http.client import HttpClient, Stopped, Unreachable
from kibaru.sources.http.responses import Validators
from kibaru.sources.pipeline import Pipeline
from kibaru.sources.registry import PageRecord, PageState, Source, SourceKind, Sources
from kibaru.sources.single_pages import ACCEPT, article_on
from kibaru.storage.store import DATABASE
from kibaru.types import Article, Failure, Outcome

log = logging.getLogger(__name__)

_CRAWLERS: dict[SourceKind, Crawl] = {"wordpress": wordpress.crawl, "feed": feeds.crawl, "sitemap": sitemaps.crawl}
_UNREACHABLE_IN_A_ROW = 5
"""Pages that cannot be reached one after the other, from which a site is left alone until the next sync."""

Change = Literal["added", "updated", "unchanged", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class Event:
    """What became of one page of a source; `why` where it failed, `article` the id where there is one."""

    change: Change
    url: str
    title: str = ""
    article: str | None = None
    why: str = ""


@dataclass(slots=True)
class Summary:
    """What a sync brought from one source; `problem` is what ended it before its time."""

    source: Source
    counts: dict[Change, int] = field(default_factory=dict)
    problem: str | None = None

    def __str__(self) -> str:
        """One line, such as "Le Journal: 12 added, 3 updated, 1 gone"."""
        counts = ", ".join(
            f"{count} {change}" for change, count in self.counts.items() if count and change != "unchanged"
        )
        return f"{self.source.title}: {counts or 'nothing new'}" + (f"; {self.problem}" if self.problem else "")


def sync_all(kibaru: Kibaru, *, pause: Callable[[float], object] | None = None) -> Iterator[Summary]:
    """Bring what is new in every source that is not paused; `pause` as in HttpClient."""
    with (
        Sources(kibaru.folder / DATABASE) as sources,
        HttpClient(kibaru.settings, pause=pause, robots=sources.cached_robots()) as client,
    ):
        for source in sources.all():
            if not source.paused:
                yield sync(kibaru, sources, source, client)


def sync(
    kibaru: Kibaru,
    sources: Sources,
    source: Source,
    client: HttpClient,
    *,
    since: str | None = None,
    limit: int | None = None,
    dry_run: bool = False,
    report: Callable[[Event], None] = lambda _: None,
    expect: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Bring what is new or changed in a source, and mark what is gone from it.

    `since` (an ISO date) leaves out what was published before, now and in later syncs; `limit` ends after so many
    pages; `dry_run` only tells what would be fetched. `report` is called with what became of each page, `expect` with
    how many more pages are to come than were known of. May be killed at any moment: the next sync goes on from there.
    What ends it early is in the summary; only errors of the archive itself are raised.
    """
    before = sources.checkpoint(source, "since")
    run = _Run(kibaru, sources, source, client, since or before or None, limit, report, expect)
    try:
        with FileLock(kibaru.folder / f"sync-{source.id}.lock", timeout=0, mode=0o600):
            if dry_run:
                run.look()
            else:
                if (run.since or "") != before:
                    sources.restart(source, run.since or "")
                run.bring()
                if run.is_whole and not run.is_cut_short:
                    run.mark_deleted()
    except Timeout:
        run.summary.problem = "another process is bringing it in"
        return run.summary
    except (Unreachable, BadInput, Stopped) as error:
        run.summary.problem = str(error)
        log.warning("%s: %s", source.title, error)
    sources.store_robots(client.fetched_robots)
    if not dry_run:
        sources.finish(source, run.summary.problem)
    return run.summary


@dataclass(slots=True)
class _Run:
    """One sync of one source."""

    kibaru: Kibaru
    sources: Sources
    source: Source
    client: HttpClient
    since: str | None
    limit: int | None
    report: Callable[[Event], None]
    expect: Callable[[int], None]
    summary: Summary = field(init=False)
    is_cut_short: bool = False
    is_whole: bool = True
    """Whether every page was reached: else marks are not noted, so that the next sync comes past it again."""

    _unreachable: int = 0
    _on_the_way: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.summary = Summary(self.source)

    def look(self) -> None:
        """Report what a sync would do."""
        for step in self._steps():
            if isinstance(step, ListedPage):
                known = self.sources.page(self.source, step.key)
                change: Change = "failed" if step.why else "updated" if known and known.article else "added"
                self._tell(Event(change, step.url, step.article.title if step.article else "", why=step.why))

    def bring(self) -> None:
        """Add what the walk comes past; each step is noted once all articles before it are safe."""
        passing: deque[CrawlStep] = deque()
        with Pipeline(self.client, self._steps(), self._complete, self.kibaru.settings.host_concurrency) as steps:
            for outcome in self.kibaru.add(self._articles(steps, passing)):
                self._note_marks(passing)
                found = passing.popleft()
                assert isinstance(found, ListedPage), "marks were noted"
                self._note(found, outcome)
                self._on_the_way.discard((found.key, found.version))
            self._note_marks(passing)
            if steps.error:
                raise steps.error

    def mark_deleted(self) -> None:
        """Checkpoint the pages that the site has no more. Their articles stay: an editor decides."""
        if self.source.kind == "wordpress":
            for key in list(wordpress.deleted_posts(self.client, self.sources, self.source)):
                if seen := self.sources.page(self.source, key):
                    self._gone(seen)
        for seen in self.sources.unlisted_pages(self.source):
            if self.client.get(seen.url, known=seen.validators, accept=ACCEPT).is_gone:
                self._gone(seen)
            else:
                self.sources.set_listing(self.source, "nowhere", [seen.key])

    def _steps(self) -> Iterator[CrawlStep]:
        """The walk, up to the limit, without what it came past before and is on its way."""
        left = self.limit
        for step in _CRAWLERS[self.source.kind](self.client, self.sources, self.source, self.since):
            if isinstance(step, ListedPage):
                if (step.key, step.version) in self._on_the_way or is_known(self.sources, self.source, step):
                    continue
                self._on_the_way.add((step.key, step.version))
            if isinstance(step, ListedPage) and left is not None:
                if left == 0:
                    self.is_cut_short = True
                    return
                left -= 1
            yield step

    def _complete(self, found: ListedPage) -> ListedPage:
        """The page's article, or why there is none. Raises Unreachable when one page after the other is."""
        seen = self.sources.page(self.source, found.key)
        known = seen.validators if seen and seen.state != "gone" else Validators()
        try:
            page = self.client.get(found.url, known=known, accept=ACCEPT)
            self._unreachable = 0
            if page.is_unchanged:
                return replace(found, validators=known)
            if page.is_gone:
                return replace(found, why=f"the site has no such page ({page.status})", fetch_problem="gone")
            found = replace(found, validators=page.validators)
            article = article_on(page)
        except Unreachable as error:
            self._unreachable += 1
            if self._unreachable >= _UNREACHABLE_IN_A_ROW:
                raise
            self.is_whole = False
            return replace(found, why=str(error), fetch_problem="unreachable")
        except BadInput as error:
            return replace(found, why=str(error))
        if self.since and article.published and article.published < self.since:
            return replace(found, why=f"it was published before {self.since}")
        return replace(found, article=article)

    def _articles(self, steps: Iterable[CrawlStep], passing: deque[CrawlStep]) -> Iterator[Article | Failure]:
        """What is added of the steps, which pass on beside: a Failure in the place of what is no article."""
        for step in steps:
            if isinstance(step, ExpectedPages):
                self.expect(step.pages)
                continue
            passing.append(step)
            if isinstance(step, ListedPage) and step.article:
                seen = self.sources.page(self.source, step.key)
                id = seen.article if seen and seen.article else step.article.id
                yield replace(step.article, id=id, outlet=step.article.outlet or self.source.title)
            elif isinstance(step, ListedPage):
                yield Failure(step.url, step.why)

    def _note_marks(self, passing: deque[CrawlStep]) -> None:
        while passing and not isinstance(passing[0], ListedPage):
            step = passing.popleft()
            if isinstance(step, Checkpoint) and self.is_whole:
                self.sources.set_checkpoint(self.source, step.name, step.value)
            elif isinstance(step, Listing) and self.is_whole:
                self.sources.set_listing(self.source, step.url, step.keys)

    def _note(self, found: ListedPage, outcome: Outcome | Failure) -> None:
        before = self.sources.page(self.source, found.key)
        article = before.article if before else None
        state: PageState = "gone" if found.fetch_problem == "gone" and article else "failed" if found.why else "kept"
        if isinstance(outcome, Outcome):
            article = outcome.article.id
            self._tell(Event(outcome.change, found.url, outcome.article.title, article))
        elif not found.why and before:  # the page is as it was
            state = "kept" if before.state == "gone" else before.state
            found = replace(found, why=before.why)
        elif found.fetch_problem == "gone" and article:
            self._tell(Event("gone", found.url, self._title(article), article))
        else:
            self._tell(Event("failed", found.url, article=article, why=found.why))
        if found.fetch_problem == "unreachable":
            return
        seen = PageRecord(found.key, found.url, found.version, state, article, found.why, found.validators)
        self.sources.put_page(self.source, seen, found.listed)

    def _gone(self, seen: PageRecord) -> None:
        self.sources.mark_gone(self.source, seen.key)
        self._tell(Event("gone", seen.url, self._title(seen.article), seen.article))

    def _title(self, id: str | None) -> str:
        article = self.kibaru.store.article(id) if id else None
        return article.title if article else ""

    def _tell(self, event: Event) -> None:
        self.summary.counts[event.change] = self.summary.counts.get(event.change, 0) + 1
        self.report(event)
