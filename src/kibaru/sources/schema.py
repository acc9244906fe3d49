"""The tables of sources and their pages, in the archive's database beside the articles."""

TABLES = """
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
"""Statements that create the tables where they are missing."""
