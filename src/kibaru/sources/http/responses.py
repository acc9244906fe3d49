"""HTTP responses: their headers, their bodies decompressed within a limit, and validators for the next request."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from kibaru.errors import BadInput

GONE = frozenset({404, 410})
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Validators:
    """The ETag and Last-Modified of a response, which make the next request for its URL conditional."""

    etag: str = ""
    last_modified: str = ""


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True)
class Response:
    """What a server sent.

    Attributes:
        url: Its address after redirects.
        status: HTTP status: 200, 304, 404 or 410, and redirects inside the client.
        body: The decompressed body, empty for any status but 200.
        headers: By their names in lower case.
    """

    url: str
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def is_unchanged(self) -> bool:
        return self.status == HTTPStatus.NOT_MODIFIED

    @property
    def is_gone(self) -> bool:
        return self.status in GONE

    @property
    def validators(self) -> Validators:
        return Validators(self.headers.get("etag", "")[:500], self.headers.get("last-modified", "")[:100])

    @property
    def charset(self) -> str | None:
        """The encoding that the site declared."""
        _, _, declared = self.headers.get("content-type", "").lower().partition("charset=")
        return declared.split(";")[0].strip(" \"'")[:40] or None


def read_body(chunks: Iterator[bytes], headers: dict[str, str], limit: int, truncate: bool, shown: str) -> bytes:
    """Decompress a body as it arrives.

    Args:
        chunks: The body as sent.
        headers: The response's headers.
        limit: Bytes that the decompressed body may have.
        truncate: Cut a larger body at the limit instead of raising.
        shown: The URL for messages.

    Raises:
        BadInput: The body is too large, damaged, or compressed in a way that was not asked for.
    """
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise BadInput(f"{shown} comes in {coding[:20]!r}, which was not asked for")
    body = bytearray()
    try:
        for part in chunks if coding in ("", "identity") else decompress(chunks, limit + 1):
            body += part
            if len(body) > limit:
                break
    except zlib.error:
        raise BadInput(f"{shown} is damaged: it cannot be unpacked") from None
    if len(body) > limit and not truncate:
        raise BadInput(f"{shown} is larger than {limit // 1_000_000} MB")
    return bytes(body[:limit])


def decompress(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Decompress gzip or zlib data piece by piece, about `limit` bytes at most.

    Raises:
        zlib.error: The data is damaged.
    """
    unpacker, room = zlib.decompressobj(zlib.MAX_WBITS | 32), limit
    for chunk in _in_small(chunks):
        waiting = chunk
        while waiting and room > 0:
            if unpacker.eof:  # another member follows, or zeros as padding
                if not waiting.strip(b"\0"):
                    break
                unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
            part = unpacker.decompress(waiting, min(room, _CHUNK))
            room -= len(part)
            yield part
            waiting = unpacker.unconsumed_tail or unpacker.unused_data
        if room <= 0:
            return


def _in_small(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks cut small: zlib copies the rest of a chunk after each gzip member, which is slow for large chunks."""
    for chunk in chunks:
        yield from (chunk[at : at + _CHUNK] for at in range(0, len(chunk), _CHUNK))


def retry_after(written: str) -> float:
    """Seconds to wait that a Retry-After header asks for, as a number or a date; 0 for anything else."""
    if written.strip().isdecimal():
        return float(written.strip()[:9])
    try:
        return max(0.0, (parsedate_to_datetime(written) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def decode_header(header: bytes) -> str:
    """The text of a header: UTF-8 (some Location headers), else Latin-1."""
    try:
        return header.decode()
    except UnicodeDecodeError:
        return header.decode("latin-1")
