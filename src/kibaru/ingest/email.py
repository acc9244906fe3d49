"""Parse e-mails (.eml) with their attachments, and web pages saved in their format (.mhtml)."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import parseaddr
from itertools import islice
from typing import Any

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.ingest.encodings import decode
from kibaru.ingest.html.tree import parse_html, text_blocks
from kibaru.types import Article

MAX_PARTS = 200
"""Number of parts of a message that are read."""

_MAX_HEAD = 128_000  # bytes: a thousand addressees take 40,000
_QUOTED = re.compile(r"^\s*>.*\n?", re.M)
_SIGNATURE = re.compile(r"^-- ?$.*", re.M | re.S)
_REPLY_OR_FORWARD = re.compile(r"^\s*(?:(?:re|fwd?|tr|rv|enc)\s*:\s*)+", re.I)


def article_and_attachments(data: bytes) -> tuple[Article | None, list[tuple[str, bytes]]]:
    """Parse an e-mail.

    The body is the plain text, or the HTML where that has much more text. Quoted replies and signatures are left out.

    Returns:
        The message as an article, None when it has no body; and the attached files as (name, bytes).

    Raises:
        BadInput: It is no e-mail, too large, or has neither body nor attachments.
    """
    message = _parsed(data)
    if not message.keys() or not isinstance(message, EmailMessage):
        raise BadInput("it is no e-mail")
    files, plain, html = list[tuple[str, bytes]](), "", list[str]()
    for part in islice(message.walk(), MAX_PARTS):
        if part.is_multipart():
            continue
        name = _header(part.get_filename)
        if name:
            files.append((name, _bytes(part)))
        elif part.get_content_type() == "text/html" and not html:
            html = _html_blocks(_bytes(part), part)
        elif part.get_content_maintype() == "text" and not plain:
            plain = _text(part)
    plain = _SIGNATURE.sub("", _QUOTED.sub("", plain)).strip()
    text = "\n\n".join(html) if len("".join(html)) > 1.5 * len(plain) else plain
    if not text.strip():
        if not files:
            raise BadInput("the message is empty")
        return None, files
    name, address = parseaddr(_header(lambda: str(message["From"] or "")))
    sent = _header(lambda: message["Date"].datetime) if message["Date"] else None
    article = make_article(
        title=_REPLY_OR_FORWARD.sub("", _header(lambda: str(message["Subject"] or ""))),
        text=text,
        author=name or address,
        published=sent.isoformat() if isinstance(sent, datetime) else "",
    )
    return article, files


def article_from_mhtml(data: bytes) -> Article:
    """Parse a web page that a browser saved as one file.

    Raises:
        BadInput: There is no page in it, or no article on the page.
    """
    from kibaru.ingest.html.extraction import article_from_html

    message = _parsed(data)
    for part in islice(message.walk(), MAX_PARTS):
        if part.get_content_type() == "text/html":
            url = _header(lambda: str(message["Snapshot-Content-Location"] or part["Content-Location"] or ""))  # noqa: B023
            return article_from_html(
                _bytes(part), url if re.match(r"https?://", url) else "", part.get_content_charset()
            )
    raise BadInput("there is no page in it")


def _parsed(data: bytes) -> Message:
    """The parsed message; BadInput when its headers or parts are too many to be parsed quickly."""
    head = min((at for at in (data.find(b"\n\n"), data.find(b"\r\n\r\n")) if at >= 0), default=len(data))
    if head > _MAX_HEAD:
        raise BadInput(f"its headers have more than {_MAX_HEAD // 1000} KB")
    if data.lower().count(b"\ncontent-type:") > 10 * MAX_PARTS:
        raise BadInput(f"it has more than {10 * MAX_PARTS:,} parts")
    return message_from_bytes(data, policy=policy.default)


def _html_blocks(data: bytes, part: Message) -> list[str]:
    with contextlib.suppress(BadInput):
        return text_blocks(parse_html(data, part.get_content_charset()))
    return []


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: Message) -> str:
    data = _bytes(part)
    with contextlib.suppress(LookupError, ValueError):
        return data.decode(part.get_content_charset() or "utf-8")
    with contextlib.suppress(BadInput):
        return decode(data)
    return ""


def _header(read: Any) -> Any:
    """The value of a header, "" for a damaged one: the standard library raises errors of all kinds then."""
    with contextlib.suppress(Exception):
        return read() or ""
    return ""
