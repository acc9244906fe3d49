"""Read articles from files, folders, archives and standard input, each by the parser of its kind."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath
from typing import IO, Any, BinaryIO, cast

from kibaru.errors import BadInput
from kibaru.ingest.documents import DOCUMENTS, parse_document
from kibaru.ingest.encodings import decode
from kibaru.ingest.formats import (
    MAX_RECORD,
    article_from_markdown,
    article_from_record,
    article_from_text,
    records_from_csv,
    records_from_json_lines,
)
from kibaru.ingest.sandbox import run_sandboxed
from kibaru.ingest.zip_files import DAMAGE_ERRORS, open_archive, open_member, visible_files
from kibaru.types import Article, Failure, printable

MAX_FILE = 20_000_000
"""Bytes of a file that is one article. Files of many articles (`.jsonl`, `.csv` in UTF-8) are read as a stream."""

_ONE_ARTICLE: dict[str, Callable[[str], Article]] = {
    ".txt": article_from_text,
    ".md": article_from_markdown,
    ".markdown": article_from_markdown,
}
_MANY_ARTICLES: dict[str, Callable[[Iterable[str]], Iterator[tuple[int, Any]]]] = {
    ".jsonl": records_from_json_lines,
    ".ndjson": records_from_json_lines,
    ".csv": records_from_csv,
}
MAX_DOCUMENT = 100_000_000
"""Bytes of a PDF, office document, book or e-mail, with its pictures and attachments."""

_ARCHIVE = ".zip"
_MAX_NESTING = 2  # an archive in an archive, an e-mail's attachments in an archive
_HEAD = 1 << 16
_LONGEST_LINE = 4 * MAX_RECORD  # UTF-8 takes up to four bytes a character
SUFFIXES = (*_ONE_ARTICLE, *_MANY_ARTICLES, *DOCUMENTS, _ARCHIVE)


def read_articles(paths: Iterable[str | Path]) -> Iterator[Article | Failure]:
    """Read the articles in files, folders and standard input.

    Args:
        paths: Files, folders (their files in the order of their names, without hidden ones), and `-` for standard
            input.

    Returns:
        The articles, with a Failure in the place of what cannot be read. Nothing is raised.
    """
    for path in paths:
        if str(path) == "-":
            yield from _read_standard_input()
        elif Path(path).is_dir():
            files = [file for file in _files_below(Path(path)) if file.suffix.lower() in SUFFIXES]
            if not files:
                yield Failure(str(path), f"there is no article in this folder ({', '.join(SUFFIXES)})")
            for file in files:
                yield from _read_file(file)
        else:
            yield from _read_file(Path(path))


def read_bytes(name: str, data: bytes) -> Iterator[Article | Failure]:
    """Read the articles in bytes.

    Args:
        name: A file name; its suffix decides on the parser.
        data: What the file holds.

    Returns:
        As `read_articles`.
    """
    yield from _read_stream(name, _suffix(name), io.BytesIO(data))


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def _read_file(path: Path) -> Iterator[Article | Failure]:
    try:
        if not path.is_file():
            why = "there is no such file or folder" if not path.exists() else "it is no ordinary file"
            yield Failure(str(path), why)
            return
        with path.open("rb") as stream:
            yield from _read_stream(str(path), path.suffix.lower(), stream)
    except OSError as error:
        yield Failure(str(path), f"it cannot be read ({error.strerror or error})")


def _read_standard_input() -> Iterator[Article | Failure]:
    data = sys.stdin.buffer.read(MAX_FILE + 1)
    suffix = ".jsonl" if data.lstrip()[:1] == b"{" else ".md" if data.startswith(b"---\n") else ".txt"
    yield from _read_stream("standard input", suffix, io.BytesIO(data))


def _read_stream(where: str, suffix: str, stream: BinaryIO, nesting: int = 0) -> Iterator[Article | Failure]:
    """The articles of one input; `nesting` counts the archives and e-mails around it."""
    try:
        if suffix in _MANY_ARTICLES:
            for line, record in _MANY_ARTICLES[suffix](_lines(stream)):
                yield _article_or_failure(f"{where}, line {line}", record)
        elif suffix in _ONE_ARTICLE:
            yield _ONE_ARTICLE[suffix](decode(_whole(stream, MAX_FILE)))
        elif suffix in DOCUMENTS:
            contents = run_sandboxed(parse_document, suffix, _whole(stream, MAX_DOCUMENT))
            yield from contents.articles
            for name, data in contents.attachments:
                if _suffix(name) in SUFFIXES:
                    yield from _read_part(where, name, io.BytesIO(data), nesting)
        elif suffix == _ARCHIVE:
            yield from _read_archive(where, stream, nesting)
        else:
            raise BadInput(f"files of this kind are not read; Kibaru reads {', '.join(SUFFIXES)}")
    except BadInput as error:
        yield Failure(where, str(error))
    except DAMAGE_ERRORS as error:  # a damaged file in an archive: `zipfile` says so while it is read
        if isinstance(error, OSError) and error.errno:
            raise
        yield Failure(where, "it is damaged")


def _read_archive(where: str, stream: BinaryIO, nesting: int) -> Iterator[Article | Failure]:
    """The articles in the files of an archive; files of other kinds are left out, as in a folder."""
    found = False
    with open_archive(stream) as archive:
        for member in visible_files(archive):
            if _suffix(member.filename) not in SUFFIXES:
                continue
            found = True
            try:
                with open_member(archive, member) as part:
                    yield from _read_part(where, member.filename, part, nesting)
            except BadInput as error:
                yield Failure(_inside(where, member.filename), str(error))
    if not found:
        raise BadInput(f"there is no article in this archive ({', '.join(SUFFIXES)})")


def _read_part(where: str, name: str, stream: IO[bytes], nesting: int) -> Iterator[Article | Failure]:
    inside, suffix = _inside(where, name), _suffix(name)
    if nesting >= _MAX_NESTING or (nesting and suffix == _ARCHIVE):
        yield Failure(inside, "it lies in an archive that lies in another; unpack the outer one first")
    elif suffix == _ARCHIVE:
        yield from _read_stream(inside, suffix, io.BytesIO(_whole(stream, MAX_DOCUMENT)), nesting + 1)
    else:
        yield from _read_stream(inside, suffix, cast(BinaryIO, stream), nesting + 1)


def _inside(where: str, name: str) -> str:
    """Where a part of an archive is, for messages."""
    return f"{where}, {printable(name)[-200:]}"


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()


def _whole(stream: IO[bytes], limit: int) -> bytes:
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise BadInput(f"it is larger than the {limit // 1_000_000} MB a file of its kind may have")
    if not data.strip():
        raise BadInput("it is empty")
    return data


def _article_or_failure(where: str, record: Any) -> Article | Failure:
    if isinstance(record, BadInput):
        return Failure(where, str(record))
    try:
        return article_from_record(record)
    except BadInput as error:
        return Failure(where, str(error))


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Decoded lines of a stream, each as UTF-8 or else in the old encoding that fits best.

    UTF-16, which cannot be split into lines before decoding, is read whole. A line longer than a record may be is cut,
    and its parser rejects it. Raises BadInput for binary data.
    """
    head = stream.read(_HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield from io.StringIO(decode(head + stream.read(MAX_FILE)))
        return
    if not head.strip():
        raise BadInput("it is empty")
    if b"\0" in head:
        raise BadInput("it is not text but binary data")
    stream.seek(0)
    first = True
    while raw := stream.readline(_LONGEST_LINE):
        if len(raw) == _LONGEST_LINE:
            while (rest := stream.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                continue
        try:
            yield raw.decode("utf-8-sig" if first else "utf-8")
        except UnicodeDecodeError:
            yield decode(raw)
        first = False
