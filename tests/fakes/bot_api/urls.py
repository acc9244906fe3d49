"""Which links Telegram takes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]")
_SCHEMES = {"http", "https", "ftp", "tg", "ton", "tonsite"}


def url_problem(url: str) -> str:
    """Why Telegram would refuse ``url``; empty when it would not."""
    if not url.strip():
        return "URL host is empty"
    if any(char.isspace() or ord(char) < 32 for char in url.strip()):
        return "Wrong HTTP URL"
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(?!\d)", url.strip())
    scheme = found.group(1).lower() if found else ""
    if scheme and scheme not in _SCHEMES:
        return "Unsupported URL protocol"
    if scheme in {"tg", "ton", "tonsite"}:
        return ""
    try:
        host = urlsplit(url.strip() if scheme else "http://" + url.strip()).hostname or ""
    except ValueError:
        return "Wrong HTTP URL"
    if not host:
        return "URL host is empty"
    return "" if _HOST.fullmatch(host) or ":" in host else "Wrong HTTP URL"
