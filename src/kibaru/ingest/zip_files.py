"""Zip archives, as they are and inside office documents and books: opened within limits, never unpacked to disk."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, BinaryIO

from kibaru.errors import BadInput

MAX_MEMBERS = 20_000
"""Files in an archive: five times the archive of the site that Kibaru is meant for."""

MAX_EXPANDED = 1_000_000_000
"""Bytes that all files of an archive may have together."""

MAX_PACKAGE = 200_000_000
"""Bytes that the parts of one document or book may have together: they are held in memory."""

MAX_RATIO = 200
"""How many times its size a file may expand to. Deflate shrinks text to a third, tables of zeros to a fiftieth."""

_SMALL = 1_000_000  # bytes that any file may expand to, whatever the ratio
_DIRECTORY_ENTRY = b"PK\x01\x02"
_CHUNK = 1 << 20


def open_archive(stream: BinaryIO, max_expanded: int = MAX_EXPANDED) -> zipfile.ZipFile:
    """The archive in a seekable stream. Raises BadInput when it is damaged or beyond the limits.

    The sizes that are checked are those the archive states; `zipfile` reads no byte beyond them.
    """
    if _count(stream, _DIRECTORY_ENTRY) > 2 * MAX_MEMBERS:  # counted first: zipfile holds all entries in memory
        raise BadInput(f"it has more than {MAX_MEMBERS:,} files")
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise BadInput("it is damaged, or no zip archive") from error
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise BadInput(f"it has more than {MAX_MEMBERS:,} files")
    if sum(member.file_size for member in members) > max_expanded:
        raise BadInput(f"its files have more than {max_expanded // 1_000_000:,} MB together")
    return archive


def open_package(data: bytes) -> zipfile.ZipFile:
    """The archive that a document or book is, every part of it checked."""
    archive = open_archive(io.BytesIO(data), MAX_PACKAGE)
    for member in archive.infolist():
        check_member(member)
    return archive


def check_member(member: zipfile.ZipInfo) -> None:
    """Raises BadInput for a file that climbs out of its folder, is a link, needs a password, or expands too much."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[a-zA-Z]:", member.filename):
        raise BadInput("its name leads out of the archive")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise BadInput("it is a link to another file")
    if member.flag_bits & 1:
        raise BadInput("it needs a password; save a copy without one")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadInput("it is compressed in a way Kibaru does not read; pack it again as an ordinary zip")
    if member.file_size > max(_SMALL, MAX_RATIO * member.compress_size):
        raise BadInput(f"it expands to more than {MAX_RATIO} times its size")


def visible_files(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """The archive's files in order, without folders and hidden ones."""
    for member in archive.infolist():
        parts = PurePosixPath(member.filename).parts
        if parts and not member.is_dir() and not any(map(_is_hidden, parts)):
            yield member


def _is_hidden(part: str) -> bool:
    return part.startswith((".", "__MACOSX")) and not part.startswith("..")


def open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """A file of the archive as a stream. Raises BadInput as `check_member` does, and when it is damaged."""
    check_member(member)
    try:
        return archive.open(member)
    except DAMAGE_ERRORS as error:
        raise BadInput("it is damaged") from error


def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of one part of a package, b"" when it has none of that name."""
    try:
        return archive.read(name)
    except KeyError:
        return b""
    except DAMAGE_ERRORS as error:
        raise BadInput("it is damaged") from error


DAMAGE_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
"""What `zipfile` raises on reading damaged files."""


def _count(stream: BinaryIO, pattern: bytes) -> int:
    found, before = 0, b""
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        found += (before + chunk).count(pattern)
        before = chunk[-len(pattern) + 1 :]
    stream.seek(0)
    return found
