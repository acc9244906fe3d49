"""Commands about sites: `kibaru source` and `kibaru sync`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kibaru.cli.opening import open_archive
from kibaru.cli.options import day_of, json_option
from kibaru.errors import KibaruError
from kibaru.terminal import harmless, json_line, tell

if TYPE_CHECKING:
    from rich.progress import Progress

    from kibaru.archive import Kibaru
    from kibaru.settings import Settings
    from kibaru.sources.registry import Source, Sources
    from kibaru.sources.sync import Event, Summary

_KINDS = {"wordpress": "WordPress API", "feed": "feed", "sitemap": "sitemap"}


@contextmanager
def _open(settings: Settings, *, create: bool = False) -> Iterator[tuple[Kibaru, Sources]]:
    from kibaru.sources.registry import Sources
    from kibaru.storage.store import DATABASE

    with open_archive(settings, create=create) as kibaru, Sources(settings.index / DATABASE) as sources:
        yield kibaru, sources


@click.group()
def source() -> None:
    """Keep a list of sites whose articles 'kibaru sync' brings in."""


@source.command()
@click.argument("url")
@click.pass_obj
def add(settings: Settings, url: str) -> None:
    """Look for a WordPress API, sitemaps and feeds at URL, and keep the best as a source.

    Give the address of a feed or a sitemap to choose it yourself.
    """
    from kibaru.sources.discovery import discover
    from kibaru.sources.http.client import HttpClient

    with _open(settings, create=True) as (_, sources):
        with HttpClient(settings, robots=sources.cached_robots()) as client:
            offers = discover(client, url)
        best = offers[0]
        for offer in offers:
            sign = "*" if offer is best else " "
            tell(f"{sign} {_KINDS[offer.kind]:13}  {offer.about}  {offer.endpoint}")
        added = sources.add(url, best.kind, best.endpoint, best.title)
        sources.store_robots(client.fetched_robots)
    why = {
        "wordpress": "it has every post and says what changed",
        "sitemap": "it has the whole history",
        "feed": "it has the latest articles; nothing here tells of earlier ones with their dates",
    }[best.kind]
    tell(f"added      source {added.id}, {added.title}: the {_KINDS[best.kind]}, for {why}")
    tell(f"Run 'kibaru sync {added.id}' to bring in its articles.")
    if not settings.contact:
        tell("kibaru: set KIBARU_CONTACT, so that the site's people can reach you", err=True)


@source.command("list")
@json_option
@click.option("--failed", is_flag=True, help="Also list the pages that gave no article, and why.")
@click.option("--gone", is_flag=True, help="Also list the articles that are gone from their sites.")
@click.pass_obj
def list_(settings: Settings, as_json: bool, failed: bool, gone: bool) -> None:
    """List the sources with their counts of articles, last sync and problems."""
    with _open(settings) as (_, sources):
        for found in sources.all():
            counts = sources.counts(found)
            pages = [seen for state in ("failed", "gone") if {"failed": failed, "gone": gone}[state]
                     for seen in sources.pages_in_state(found, state)]  # fmt: skip
            if as_json:
                record = asdict(found) | asdict(counts) | ({"pages": [asdict(seen) for seen in pages]} if pages else {})
                tell(json_line(record))
                continue
            state = "paused" if found.paused else f"synced {found.synced[:16]}" if found.synced else "never synced"
            told = ", ".join(f"{count} {name}" for name, count in asdict(counts).items() if count or name == "kept")
            tell(f"{found.id}  {found.title}  {_KINDS[found.kind]}  {told}  {state}  {found.endpoint}")
            if found.problem:
                tell(f"   last time: {found.problem}")
            for seen in pages:
                tell(f"   {seen.state:6}  {seen.article or '-'}  {seen.url}  {seen.why}".rstrip())


@source.command()
@click.argument("name", metavar="SOURCE")
@click.pass_obj
def remove(settings: Settings, name: str) -> None:
    """Remove a source from the list; its articles stay."""
    with _open(settings) as (_, sources):
        found = sources.find(name)
        sources.remove(found)
    tell(f"removed    source {found.id}, {found.title}; its articles stay")


@source.command()
@click.argument("name", metavar="SOURCE")
@click.pass_obj
def pause(settings: Settings, name: str) -> None:
    """Leave a source out of 'kibaru sync' until it is resumed."""
    _set_paused(settings, name, True)


@source.command()
@click.argument("name", metavar="SOURCE")
@click.pass_obj
def resume(settings: Settings, name: str) -> None:
    """Take a paused source into 'kibaru sync' again."""
    _set_paused(settings, name, False)


def _set_paused(settings: Settings, name: str, paused: bool) -> None:
    with _open(settings) as (_, sources):
        found = sources.find(name)
        sources.pause(found, paused)
    tell(f"{'paused' if paused else 'resumed':9}  source {found.id}, {found.title}")


@click.command()
@click.argument("name", metavar="[SOURCE]", required=False)
@click.option("--since", help="Only articles published on this date or after, now and in later syncs.")
@click.option("--limit", type=click.IntRange(1), help="Fetch at most so many pages of a source; the next sync goes on.")
@click.option("--dry-run", is_flag=True, help="Only say what would be brought in.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs, an object a source.")
@click.pass_obj
def sync(
    settings: Settings, name: str | None, since: str | None, limit: int | None, dry_run: bool, as_json: bool
) -> None:
    """Bring in articles that are new or changed in the sources, and mark those that are gone from them.

    A sync may be stopped at any moment: the next one goes on from there.
    """
    from kibaru.sources.http.client import HttpClient
    from kibaru.sources.sync import sync as sync_source

    day = day_of(since)
    summaries = []
    with _open(settings) as (kibaru, sources):
        wanted = [sources.find(name)] if name is not None else [found for found in sources.all() if not found.paused]
        if not wanted:
            raise KibaruError("There is no source to sync: add one with 'kibaru source add URL', or resume one.")
        with HttpClient(settings, robots=sources.cached_robots()) as client, _bar() as bar:
            for found in wanted:
                display = _SyncDisplay(bar, found, quiet=as_json)
                try:
                    done = sync_source(
                        kibaru, sources, found, client,
                        since=day, limit=limit, dry_run=dry_run, report=display.report, expect=display.expect,
                    )  # fmt: skip
                except KeyboardInterrupt:
                    raise KibaruError("The sync was stopped: what came in is kept; run it again to go on.") from None
                summaries.append(done)
                display.end(done, dry_run)
    if any(summary.problem for summary in summaries):
        sys.exit(2)


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, disable=not sys.stderr.isatty(), redirect_stdout=sys.stdout.isatty()
    ) as bar:
        yield bar


class _SyncDisplay:
    """Shows the sync of one source: a bar on a terminal, a line for each page that brought a change, and a summary."""

    def __init__(self, bar: Progress, source: Source, *, quiet: bool) -> None:
        self._bar = bar
        self._quiet = quiet
        self._pages = 0
        self._task = bar.add_task(harmless(source.title), total=None)

    def expect(self, pages: int) -> None:
        self._pages += pages
        self._bar.update(self._task, total=self._pages)

    def report(self, event: Event) -> None:
        self._bar.advance(self._task)
        if self._quiet:
            return
        if event.change == "failed":
            tell(f"kibaru: {event.url}: {event.why}", err=True)
        elif event.change != "unchanged":
            tell(f"{event.change:9}  {event.article or '-'}  {event.title or event.url}")

    def end(self, summary: Summary, dry_run: bool) -> None:
        self._bar.stop_task(self._task)
        if self._quiet:
            counts = {change: summary.counts.get(change, 0) for change in ("added", "updated", "failed", "gone")}
            record = {"source": summary.source.id, "title": summary.source.title, "problem": summary.problem}
            tell(json_line(record | counts | {"dry_run": dry_run}))
        else:
            tell(f"{'would bring: ' if dry_run else ''}{summary}")
