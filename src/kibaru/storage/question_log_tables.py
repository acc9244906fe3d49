"""The tables of the journal, which live in the archive's database beside those of the articles."""

TABLES = """
create table if not exists inbox (id integer primary key, received text not null, payload text);
create index if not exists inbox_unsettled on inbox (id) where payload is not null;
create table if not exists questions (
    id integer primary key autoincrement, asked text not null, question text not null, understood text not null,
    language text, answered integer not null, confidence real not null, helpful integer,
    replies text not null default '[]', reader text not null, conversation text, message text not null
);
create index if not exists questions_reader on questions (reader);
create index if not exists questions_conversation on questions (conversation);
create index if not exists questions_message on questions (message);
create table if not exists preferences (reader text primary key, language text not null) without rowid;
create table if not exists reader_keys (made text primary key, key blob not null) without rowid;
create table if not exists audit (
    id integer primary key autoincrement, at text not null, who text not null, action text not null,
    article text not null, title text not null, before text
);
create table if not exists drafts (id integer primary key autoincrement, made text not null, articles text not null);
"""
