"""One sync of one source: crawl it, add what is new to the archive, then record what was done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from kibaru.archive import Kibaru
from kibaru.errors import BadInput
from kibaru.sources import feeds, sitemaps, wordpress
from kibaru.sources.crawl import Checkpoint, Crawl, CrawlStep, ExpectedPages, ListedPage, Listing, is_known
from kibaru.sources.http.client import HttpClient, Unreachable
from kibaru.sources.http.responses import Validators
from kibaru.sources.pipeline import Pipeline
from kibaru.sources.registry import PageRecord, PageState, Source, SourceKind, Sources
from kibaru.sources.single_pages import ACCEPT, article_on
from kibaru.sources.sync_report import Change, Event, Summary
from kibaru.types import Article, Failure, Outcome

_CRAWLERS: dict[SourceKind, Crawl] = {"wordpress": wordpress.crawl, "feed": feeds.crawl, "sitemap": sitemaps.crawl}
_UNREACHABLE_IN_A_ROW = 5
"""Number of pages in a row that cannot be reached, after which the sync ends: the site is down."""


@dataclass(slots=True)
class SyncRun:
    """The work and the progress of one sync.

    Attributes:
        since: First day of publication wanted, as an ISO date.
        limit: Number of pages after which to end.
        report: Called with what became of each page.
        expect: Called with how many more pages are to come than were known of.
        summary: What the sync has done so far.
        is_cut_short: Whether the limit ended it.
        is_whole: Whether every page could be reached. If not, no checkpoint is set, so that the next sync lists the
            missed pages again.
    """

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
    _unreachable: int = 0
    _in_progress: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.summary = Summary(self.source)

    def preview(self) -> None:
        """Report what `fetch_changes` would do, without fetching pages that are only listed."""
        for step in self._steps():
            if isinstance(step, ListedPage):
                known = self.sources.page(self.source, step.key)
                change: Change = "failed" if step.why else "updated" if known and known.article else "added"
                self._report(Event(change, step.url, step.article.title if step.article else "", why=step.why))

    def fetch_changes(self) -> None:
        """Add the pages that the crawl lists; a step is recorded once all articles before it are safe.

        Raises:
            Unreachable, BadInput, Stopped: What ended the crawl, after the pages listed before were added.
        """
        waiting: deque[CrawlStep] = deque()
        with Pipeline(self.client, self._steps(), self._complete, self.kibaru.settings.host_concurrency) as steps:
            for outcome in self.kibaru.add(self._articles(steps, waiting)):
                self._record_progress(waiting)
                found = waiting.popleft()
                assert isinstance(found, ListedPage), "checkpoints were recorded"
                self._record(found, outcome)
                self._in_progress.discard((found.key, found.version))
            self._record_progress(waiting)
            if steps.error:
                raise steps.error

    def mark_deleted(self) -> None:
        """Mark the pages that the site has deleted. Their articles stay: an editor decides."""
        if self.source.kind == "wordpress":
            for key in list(wordpress.deleted_posts(self.client, self.sources, self.source)):
                if seen := self.sources.page(self.source, key):
                    self._mark_gone(seen)
        for seen in self.sources.unlisted_pages(self.source):
            if self.client.get(seen.url, known=seen.validators, accept=ACCEPT).is_gone:
                self._mark_gone(seen)
            else:
                self.sources.set_listing(self.source, "nowhere", [seen.key])

    def _steps(self) -> Iterator[CrawlStep]:
        """The steps of the crawl, up to the limit, without pages that are known or listed twice."""
        left = self.limit
        for step in _CRAWLERS[self.source.kind](self.client, self.sources, self.source, self.since):
            if isinstance(step, ListedPage):
                if (step.key, step.version) in self._in_progress or is_known(self.sources, self.source, step):
                    continue
                self._in_progress.add((step.key, step.version))
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
            response = self.client.get(found.url, known=known, accept=ACCEPT)
            self._unreachable = 0
            if response.is_unchanged:
                return replace(found, validators=known)
            if response.is_gone:
                return replace(found, why=f"the site has no such page ({response.status})", fetch_problem="gone")
            found = replace(found, validators=response.validators)
            article = article_on(response)
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

    def _articles(self, steps: Iterable[CrawlStep], waiting: deque[CrawlStep]) -> Iterator[Article | Failure]:
        """The articles among the steps, with a Failure for each page that gave none; `waiting` collects the steps."""
        for step in steps:
            if isinstance(step, ExpectedPages):
                self.expect(step.pages)
                continue
            waiting.append(step)
            if isinstance(step, ListedPage) and step.article:
                seen = self.sources.page(self.source, step.key)
                id = seen.article if seen and seen.article else step.article.id
                yield replace(step.article, id=id, outlet=step.article.outlet or self.source.title)
            elif isinstance(step, ListedPage):
                yield Failure(step.url, step.why)

    def _record_progress(self, waiting: deque[CrawlStep]) -> None:
        while waiting and not isinstance(waiting[0], ListedPage):
            step = waiting.popleft()
            if isinstance(step, Checkpoint) and self.is_whole:
                self.sources.set_checkpoint(self.source, step.name, step.value)
            elif isinstance(step, Listing) and self.is_whole:
                self.sources.set_listing(self.source, step.url, step.keys)

    def _record(self, found: ListedPage, outcome: Outcome | Failure) -> None:
        before = self.sources.page(self.source, found.key)
        article = before.article if before else None
        state: PageState = "gone" if found.fetch_problem == "gone" and article else "failed" if found.why else "kept"
        if isinstance(outcome, Outcome):
            article = outcome.article.id
            self._report(Event(outcome.change, found.url, outcome.article.title, article))
        elif not found.why and before:  # the page is as it was
            state = "kept" if before.state == "gone" else before.state
            found = replace(found, why=before.why)
        elif found.fetch_problem == "gone" and article:
            self._report(Event("gone", found.url, self._title(article), article))
        else:
            self._report(Event("failed", found.url, article=article, why=found.why))
        if found.fetch_problem == "unreachable":
            return
        seen = PageRecord(found.key, found.url, found.version, state, article, found.why, found.validators)
        self.sources.put_page(self.source, seen, found.listed)

    def _mark_gone(self, seen: PageRecord) -> None:
        self.sources.mark_gone(self.source, seen.key)
        self._report(Event("gone", seen.url, self._title(seen.article), seen.article))

    def _title(self, id: str | None) -> str:
        article = self.kibaru.store.article(id) if id else None
        return article.title if article else ""

    def _report(self, event: Event) -> None:
        self.summary.counts[event.change] = self.summary.counts.get(event.change, 0) + 1
        self.report(event)
