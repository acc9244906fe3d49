"""Read zip archives, and office documents and books, which are such archives: within limits, never to disk."""

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
"""Files in an archive, several times what a newsroom has."""

MAX_EXPANDED = 1_000_000_000
"""Bytes of all files of an archive together, decompressed."""

MAX_PACKAGE = 200_000_000
"""Bytes of all parts of a document or book together, decompressed: they are held in memory."""

MAX_RATIO = 200
"""How many times its compressed size a file may have; honest tables of zeros reach fifty."""

_SMALL = 1_000_000  # bytes that any file may expand to, whatever the ratio
_DIRECTORY_ENTRY = b"PK\x01\x02"
_CHUNK = 1 << 20


def open_archive(stream: BinaryIO, max_expanded: int = MAX_EXPANDED) -> zipfile.ZipFile:
    """Open the archive in a seekable stream.

    The sizes checked are those that the archive states; `zipfile` reads no byte beyond them.

    Args:
        max_expanded: Bytes that all files together may have.

    Raises:
        BadInput: It is damaged, or beyond the limits.
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
    """Open a document or book that is a zip archive, and check each of its parts.

    Raises:
        BadInput: It is damaged, beyond the limits, or a part is refused by `check_member`.
    """
    archive = open_archive(io.BytesIO(data), MAX_PACKAGE)
    for member in archive.infolist():
        check_member(member)
    return archive


def check_member(member: zipfile.ZipInfo) -> None:
    """Check a file of an archive before it is read.

    Raises:
        BadInput: Its name leads out of the archive, it is a link, needs a password, or expands too much.
    """
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
    """The files of an archive in its order, without folders and hidden files."""
    for member in archive.infolist():
        parts = PurePosixPath(member.filename).parts
        if parts and not member.is_dir() and not any(map(_is_hidden, parts)):
            yield member


def _is_hidden(part: str) -> bool:
    return part.startswith((".", "__MACOSX")) and not part.startswith("..")


def open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """Open a file of an archive as a stream.

    Raises:
        BadInput: `check_member` refuses it, or it is damaged.
    """
    check_member(member)
    try:
        return archive.open(member)
    except DAMAGE_ERRORS as error:
        raise BadInput("it is damaged") from error


def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of one part of a document, b"" when it has no such part.

    Raises:
        BadInput: The part is damaged.
    """
    try:
        return archive.read(name)
    except KeyError:
        return b""
    except DAMAGE_ERRORS as error:
        raise BadInput("it is damaged") from error


DAMAGE_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
"""Errors that `zipfile` raises for damaged files."""


def _count(stream: BinaryIO, pattern: bytes) -> int:
    found, before = 0, b""
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        found += (before + chunk).count(pattern)
        before = chunk[-len(pattern) + 1 :]
    stream.seek(0)
    return found
