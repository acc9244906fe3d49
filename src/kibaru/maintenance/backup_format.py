"""The format of a backup: a line of JSON that says what it is, then the database, compressed by gzip.

`head -1 FILE` shows the line, `tail -n +2 FILE | gunzip` gives the database.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

FORMAT = 1
"""The version of the format."""

KIND = "kibaru-backup"
"""What the manifest says of the kind of file."""

COUNTED = ("articles", "vectors", "questions")
"""Tables whose rows the manifest counts."""

CHUNK = 1 << 20
"""Bytes read at once."""

GZIP = 31
"""What zlib calls the format of gzip."""


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """The first line of a backup.

    Attributes:
        kind: KIND.
        format: The version of the format.
        kibaru: The version of Kibaru that made it.
        schema: The layout of the database.
        made: When it was made (ISO date and time, UTC).
        model: The identity of the embedding model; empty for an archive without an index.
        articles: Articles in the database.
        vectors: Vectors in the database.
        questions: Questions in the database.
        size: Bytes of the database, uncompressed.
        sha256: The checksum of the database, uncompressed.
    """

    kind: str
    format: int
    kibaru: str
    schema: int
    made: str
    model: str
    articles: int
    vectors: int
    questions: int
    size: int
    sha256: str


def counts_of(database: Path) -> dict[str, int]:
    """How many rows each table in COUNTED has; 0 for a table that is not there."""
    with closing(sqlite3.connect(database)) as connection:
        tables = {name for (name,) in connection.execute("select name from sqlite_master")}
        query = "select count(*) from {}"
        return {
            table: connection.execute(query.format(table)).fetchone()[0] if table in tables else 0 for table in COUNTED
        }
