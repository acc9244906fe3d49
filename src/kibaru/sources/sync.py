"""Keep the archive in step with its sources: `sync` for one source, `sync_all` for all of them.

A sync crawls the source for new and changed pages. `pipeline` fetches ahead while the calling thread embeds and stores.
What was done, and how far the crawl came, is recorded only once the articles are safe on disk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from filelock import FileLock, Timeout

from kibaru.archive import Kibaru
from kibaru.errors import BadInput
from kibaru.sources.http.client import HttpClient, Stopped, Unreachable
from kibaru.sources.registry import Source, Sources
from kibaru.sources.sync_report import Event, Summary
from kibaru.sources.sync_run import SyncRun
from kibaru.storage.store import DATABASE

__all__ = ["Event", "Summary", "sync", "sync_all"]

log = logging.getLogger(__name__)


def sync_all(kibaru: Kibaru, *, pause: Callable[[float], object] | None = None) -> Iterator[Summary]:
    """Sync every source that is not paused.

    Args:
        pause: Waits so many seconds; see `HttpClient`.

    Returns:
        One summary a source, as each sync ends.
    """
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
    """Add what is new or changed in a source to the archive, and mark the pages that its site has deleted.

    It may be killed at any moment: the next sync goes on from there.

    Args:
        since: ISO date; what was published before is left out, in later syncs too.
        limit: Number of pages after which to end.
        dry_run: Only report what would be fetched.
        report: Called with what became of each page.
        expect: Called with how many more pages are to come than were known of.

    Returns:
        The counts, and what ended the sync early; only errors of the archive itself are raised.
    """
    before = sources.checkpoint(source, "since")
    run = SyncRun(kibaru, sources, source, client, since or before or None, limit, report, expect)
    try:
        with FileLock(kibaru.folder / f"sync-{source.id}.lock", timeout=0, mode=0o600):
            if dry_run:
                run.preview()
            else:
                if (run.since or "") != before:
                    sources.restart(source, run.since or "")
                run.fetch_changes()
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
