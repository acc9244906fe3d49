"""The sources of an archive, and what was seen of each, so that a sync brings only what is new.

These tables live in the archive's database beside the articles, on a connection of their own, and are made when first
used. A line is written here only after its article is safe: what a crash loses is fetched again, and found unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from kibaru.errors import BadInput, NotFound
from kibaru.sources.http.responses import Validators
from kibaru.storage.side_tables import SideTables

_ROBOTS_KEPT = timedelta(hours=24)
"""How long a robots.txt is relied on; RFC 9309 allows a day."""

SourceKind = Literal["wordpress", "feed", "sitemap"]
PageState = Literal["kept", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class Source:
    """A site that is kept in step: `url` as an editor gave it, `endpoint` what is asked for news."""

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
    """What was made of one page or post of a source: the `version` the site gave it then, and why it failed."""

    key: str
    url: str
    version: str
    state: PageState
    article: str | None
    why: str
    validators: Validators


@dataclass(frozen=True, slots=True)
class Counts:
    """How many articles a source has brought, how many of its pages gave none, and how many are gone from the site."""

    kept: int
    failed: int
    gone: int


class Sources:
    """The sources of one archive; its methods may be called from any thread, one at a time goes in."""

    def __init__(self, path: Path) -> None:
        """Open the tables in the archive's database, which exists. Raises KibaruError."""
        self._tables = SideTables(path, _TABLES)

    def close(self) -> None:
        self._tables.close()

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Sources

    def add(self, url: str, kind: SourceKind, endpoint: str, title: str) -> Source:
        """Keep a new source. Raises BadInput when its endpoint is one already."""
        if same := self._sources("endpoint = ?", endpoint):
            raise BadInput(f"{endpoint} is source {same[0].id} already: run 'kibaru sync {same[0].id}'.")
        query = "insert into sources (url, kind, endpoint, title, added) values (?, ?, ?, ?, ?)"
        cursor = self._tables.run(query, [url, kind, endpoint, title, _now()])
        return self._sources("id = ?", cursor.lastrowid)[0]

    def all(self) -> list[Source]:
        return self._sources("true")

    def find(self, name: str) -> Source:
        """The source of this number, address or title. Raises NotFound, or BadInput when several go by it."""
        if not name:  # as of a variable that is not set; it is in every address
            raise BadInput("The name of the source is empty: use a number of 'kibaru source list'.")
        condition = "cast(id as text) = :name or :name in (url, endpoint, title)"
        found = self._sources(condition, name) or self._sources("instr(url, :name)", name)
        if len(found) > 1:
            raise BadInput(f"{name} is {len(found)} sources: use a number of 'kibaru source list'.")
        if not found:
            raise NotFound(f"There is no source {name}: 'kibaru source list' shows those there are.")
        return found[0]

    def remove(self, source: Source) -> None:
        """Forget a source and what was seen of it; its articles stay."""
        with self._tables.together():
            for table in ("seen", "marks"):
                self._tables.run(f"delete from {table} where source = ?", [source.id])
            self._tables.run("delete from sources where id = ?", [source.id])

    def pause(self, source: Source, paused: bool) -> None:
        self._tables.run("update sources set paused = ? where id = ?", [paused, source.id])

    def finish(self, source: Source, problem: str | None) -> None:
        """Note that a sync has ended, and what ended it before its time."""
        self._tables.run("update sources set synced = ?, problem = ? where id = ?", [_now(), problem, source.id])

    def counts(self, source: Source) -> Counts:
        query = "select state, count(*) from seen where source = ? group by state"
        found = dict(self._tables.rows(query, [source.id]))
        return Counts(*(found.get(state, 0) for state in ("kept", "failed", "gone")))

    # What was seen

    def page(self, source: Source, key: str) -> PageRecord | None:
        return next(iter(self._seen("key = ?", source, key)), None)

    def pages_in_state(self, source: Source, state: PageState) -> list[PageRecord]:
        """The pages of a source in this state, in the order of their keys."""
        return self._seen("state = ? order by key", source, state)

    def put_page(self, source: Source, seen: PageRecord, listed: str = "") -> None:
        """Keep what was made of a page, in place of what was known; `listed` is where the site lists it."""
        columns = "source, key, url, version, state, article, why, etag, last_modified, listed"
        row = [source.id, seen.key, seen.url, seen.version, seen.state, seen.article, seen.why]
        row += [seen.validators.etag, seen.validators.last_modified, listed]
        self._tables.run(f"insert or replace into seen ({columns}) values ({', '.join('?' * len(row))})", row)

    def mark_gone(self, source: Source, key: str) -> None:
        self._tables.run("update seen set state = 'gone' where source = ? and key = ?", [source.id, key])

    def set_listing(self, source: Source, listed: str, keys: Iterable[str]) -> None:
        """Note that the list at `listed` now has these pages and no others."""
        with self._tables.together():
            clear = "update seen set listed = null where source = ? and listed = ?"
            self._tables.run(clear, [source.id, listed])
            query = "update seen set listed = ? where source = ? and key = ?"
            self._tables.run_many(query, ([listed, source.id, key] for key in keys))

    def unlisted_pages(self, source: Source) -> list[PageRecord]:
        """Pages that no list has any more, and that were not asked for since."""
        return self._seen("listed is null and state != 'gone' order by key", source)

    # Where a sync goes on

    def checkpoint(self, source: Source, name: str) -> str:
        """What was noted under `name` when a sync came past; empty when nothing was."""
        rows = self._tables.rows("select value from marks where source = ? and name = ?", [source.id, name])
        return str(rows[0][0]) if rows else ""

    def set_checkpoint(self, source: Source, name: str, value: str) -> None:
        self._tables.run(
            "insert or replace into marks (source, name, value) values (?, ?, ?)", [source.id, name, value]
        )

    def restart(self, source: Source, since: str) -> None:
        """Look through a source from its beginning, for what was published on the day `since` or after.

        What came in is known, what gave no article is tried again: it may have been too old.
        """
        with self._tables.together():
            self._tables.run("delete from marks where source = ?", [source.id])
            self._tables.run("delete from seen where source = ? and state = 'failed' and article is null", [source.id])
            self._tables.run("insert into marks (source, name, value) values (?, 'since', ?)", [source.id, since])

    # Robots

    def cached_robots(self) -> dict[str, bytes]:
        """The robots.txt asked for less than a day ago, by origin."""
        since = (datetime.now(UTC) - _ROBOTS_KEPT).isoformat(timespec="seconds")
        return dict(self._tables.rows("select origin, body from robots where asked >= ?", [since]))

    def store_robots(self, asked: Mapping[str, bytes]) -> None:
        with self._tables.together():
            rows = [(origin, _now(), body) for origin, body in asked.items()]
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


_TABLES = """
create table if not exists sources (
    id integer primary key autoincrement, url text not null, kind text not null, endpoint text not null,
    title text not null, paused integer not null default 0, added text not null, synced text, problem text
);
create table if not exists seen (
    source integer not null, key text not null, url text not null, version text not null, state text not null,
    article text, why text not null, etag text not null, last_modified text not null, listed text,
    primary key (source, key)
) without rowid;
create index if not exists seen_listed on seen (source, listed);
create table if not exists marks (
    source integer not null, name text not null, value text not null, primary key (source, name)
) without rowid;
create table if not exists robots (origin text primary key, asked text not null, body blob not null) without rowid;
"""
