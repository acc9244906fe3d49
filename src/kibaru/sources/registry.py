"""The sources of an archive and the pages known of each, so that a sync fetches only what is new.

These tables are in the archive's database, on a connection of their own, and are created when first used. A page is
recorded only after its article is safe: what a crash loses is fetched again, and found unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from kibaru.errors import BadInput, NotFound
from kibaru.sources.http.responses import Validators
from kibaru.sources.schema import TABLES
from kibaru.storage.side_tables import SideTables

_ROBOTS_KEPT = timedelta(hours=24)
"""How long a robots.txt is cached; RFC 9309 allows a day."""

SourceKind = Literal["wordpress", "feed", "sitemap"]
PageState = Literal["kept", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class Source:
    """A site that the archive follows.

    Attributes:
        url: The address that an editor gave.
        endpoint: The API, feed or sitemap that is asked for news.
        synced: When the last sync ended, in UTC; None before the first.
        problem: What ended the last sync early.
    """

    id: int
    url: str
    kind: SourceKind
    endpoint: str
    title: str
    paused: bool
    synced: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What the last sync made of one page or post of a source.

    Attributes:
        key: Identifies the page within the source.
        version: The version that the site gave it then.
        article: The id of its article.
        why: Why it gave no article, empty when it gave one.
        validators: What makes the next request for it conditional.
    """

    key: str
    url: str
    version: str
    state: PageState
    article: str | None
    why: str
    validators: Validators


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pages of a source gave an article, how many gave none, and how many the site has deleted."""

    kept: int
    failed: int
    gone: int


class Sources:
    """The sources of one archive. Its methods may be called from any thread; a lock lets one in at a time."""

    def __init__(self, path: Path) -> None:
        """Open the tables.

        Args:
            path: The archive's database, which must exist.

        Raises:
            KibaruError: The database cannot be opened.
        """
        self._tables = SideTables(path, TABLES)

    def close(self) -> None:
        """Close the connection."""
        self._tables.close()

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Sources

    def add(self, url: str, kind: SourceKind, endpoint: str, title: str) -> Source:
        """Store a new source.

        Raises:
            BadInput: A source has this endpoint already.
        """
        if same := self._sources("endpoint = ?", endpoint):
            raise BadInput(f"{endpoint} is source {same[0].id} already: run 'kibaru sync {same[0].id}'.")
        query = "insert into sources (url, kind, endpoint, title, added) values (?, ?, ?, ?, ?)"
        cursor = self._tables.run(query, [url, kind, endpoint, title, _now()])
        return self._sources("id = ?", cursor.lastrowid)[0]

    def all(self) -> list[Source]:
        """All sources, ordered by number."""
        return self._sources("true")

    def find(self, name: str) -> Source:
        """The source with this number, address or title.

        Args:
            name: Number, URL, endpoint, title, or part of the URL.

        Raises:
            NotFound: No source goes by it.
            BadInput: Several sources go by it, or it is empty.
        """
        if not name:  # an unset shell variable; the empty string is part of every address
            raise BadInput("The name of the source is empty: use a number of 'kibaru source list'.")
        condition = "cast(id as text) = :name or :name in (url, endpoint, title)"
        found = self._sources(condition, name) or self._sources("instr(url, :name)", name)
        if len(found) > 1:
            raise BadInput(f"{name} is {len(found)} sources: use a number of 'kibaru source list'.")
        if not found:
            raise NotFound(f"There is no source {name}: 'kibaru source list' shows those there are.")
        return found[0]

    def remove(self, source: Source) -> None:
        """Delete a source and the records of its pages; its articles stay."""
        with self._tables.together():
            for table in ("seen", "marks"):
                self._tables.run(f"delete from {table} where source = ?", [source.id])
            self._tables.run("delete from sources where id = ?", [source.id])

    def pause(self, source: Source, paused: bool) -> None:
        """Leave a source out of `sync_all`, or take it in again."""
        self._tables.run("update sources set paused = ? where id = ?", [paused, source.id])

    def finish(self, source: Source, problem: str | None) -> None:
        """Record that a sync has ended, and what ended it early (None when nothing did)."""
        self._tables.run("update sources set synced = ?, problem = ? where id = ?", [_now(), problem, source.id])

    def counts(self, source: Source) -> Counts:
        """How many pages of a source are in each state."""
        query = "select state, count(*) from seen where source = ? group by state"
        found = dict(self._tables.rows(query, [source.id]))
        return Counts(*(found.get(state, 0) for state in ("kept", "failed", "gone")))

    # Pages

    def page(self, source: Source, key: str) -> PageRecord | None:
        """The record of a page, None when it is not known."""
        return next(iter(self._seen("key = ?", source, key)), None)

    def pages_in_state(self, source: Source, state: PageState) -> list[PageRecord]:
        """The pages of a source in this state, ordered by key."""
        return self._seen("state = ? order by key", source, state)

    def put_page(self, source: Source, seen: PageRecord, listed: str = "") -> None:
        """Store the record of a page, in place of an earlier one; `listed` is the URL of the list it is on."""
        columns = "source, key, url, version, state, article, why, etag, last_modified, listed"
        row = [source.id, seen.key, seen.url, seen.version, seen.state, seen.article, seen.why]
        row += [seen.validators.etag, seen.validators.last_modified, listed]
        self._tables.run(f"insert or replace into seen ({columns}) values ({', '.join('?' * len(row))})", row)

    def mark_gone(self, source: Source, key: str) -> None:
        """Record that the site has deleted a page."""
        self._tables.run("update seen set state = 'gone' where source = ? and key = ?", [source.id, key])

    def set_listing(self, source: Source, listed: str, keys: Iterable[str]) -> None:
        """Record that the list at `listed` now has the pages with these keys and no others."""
        with self._tables.together():
            clear = "update seen set listed = null where source = ? and listed = ?"
            self._tables.run(clear, [source.id, listed])
            query = "update seen set listed = ? where source = ? and key = ?"
            self._tables.run_many(query, ([listed, source.id, key] for key in keys))

    def unlisted_pages(self, source: Source) -> list[PageRecord]:
        """Pages that no list has any more, and that are not known to be deleted."""
        return self._seen("listed is null and state != 'gone' order by key", source)

    # Checkpoints: where the next sync goes on

    def checkpoint(self, source: Source, name: str) -> str:
        """The value that a sync stored under `name`; empty when there is none."""
        rows = self._tables.rows("select value from marks where source = ? and name = ?", [source.id, name])
        return str(rows[0][0]) if rows else ""

    def set_checkpoint(self, source: Source, name: str, value: str) -> None:
        """Store a value for the next sync under `name`."""
        self._tables.run(
            "insert or replace into marks (source, name, value) values (?, ?, ?)", [source.id, name, value]
        )

    def restart(self, source: Source, since: str) -> None:
        """Have the next sync crawl a source from the beginning, for what was published on the day `since` or after.

        Pages with articles stay known; pages without are tried again, since they may have been too old.
        """
        with self._tables.together():
            self._tables.run("delete from marks where source = ?", [source.id])
            self._tables.run("delete from seen where source = ? and state = 'failed' and article is null", [source.id])
            self._tables.run("insert into marks (source, name, value) values (?, 'since', ?)", [source.id, since])

    # Robots

    def cached_robots(self) -> dict[str, bytes]:
        """The text of each robots.txt fetched less than a day ago, by origin."""
        since = (datetime.now(UTC) - _ROBOTS_KEPT).isoformat(timespec="seconds")
        return dict(self._tables.rows("select origin, body from robots where asked >= ?", [since]))

    def store_robots(self, fetched: Mapping[str, bytes]) -> None:
        """Cache the texts of robots.txt files, by origin."""
        with self._tables.together():
            rows = [(origin, _now(), body) for origin, body in fetched.items()]
            self._tables.run_many("insert or replace into robots (origin, asked, body) values (?, ?, ?)", rows)

    def _sources(self, condition: str, name: object = None) -> list[Source]:
        columns = "id, url, kind, endpoint, title, paused, synced, problem"
        query = f"select {columns} from sources where {condition.replace('?', ':name')} order by id"
        rows = self._tables.rows(query, {"name": name})
        return [
            Source(id, url, kind, endpoint, title, bool(paused), synced, problem)
            for id, url, kind, endpoint, title, paused, synced, problem in rows
        ]

    def _seen(self, condition: str, source: Source, *parameters: object) -> list[PageRecord]:
        columns = "key, url, version, state, article, why, etag, last_modified"
        query = f"select {columns} from seen where source = ? and {condition}"
        rows = self._tables.rows(query, [source.id, *parameters])
        return [
            PageRecord(key, url, version, state, article, why, Validators(etag, last_modified))
            for key, url, version, state, article, why, etag, last_modified in rows
        ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
