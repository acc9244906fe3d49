"""Web addresses: their canonical form, and a key that all addresses of one page share."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from kibaru.errors import BadInput
from kibaru.text.cleaning import UNWANTED

_TRACKING = re.compile(
    r"(?:utm|mtm|pk|at|ns)_|(?:xtor|fbclid|gclid|gclsrc|dclid|msclkid|yclid|twclid|igshid|mc_[ce]id|_g[al])$", re.I
)
"""Tracking parameters: of Google, Matomo, AT Internet (BBC, French sites), Facebook, Microsoft, Yandex, X, Instagram,
Mailchimp. `cid` and `uid` are not among them, since older sites identify articles by these."""

_VARIANT_HOST = re.compile(r"^(?:www\d?|m|mobile|amp)\.(?=[^.]+\.)")
_AMP_PATH = re.compile(r"/amp/?$|^/amp(?=/)|\.amp(?=(\.html?)?$)")
_AMP_PARAMETER = re.compile(r"amp$|outputtype$", re.I)


def canonical_url(url: str) -> str:
    """The canonical form of a web address, which is shown to readers.

    The host is in lower case; default port, fragment and tracking parameters are left out. Control characters are
    removed, other invisible ones (zero width, direction) percent-encoded.

    Raises:
        BadInput: `url` is no web address.
    """
    url = "".join(each if each.isprintable() or each.isspace() else quote(each) for each in UNWANTED.sub("", url))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or any(map(str.isspace, url)):
        raise BadInput(f"{url[:80]!r} is no web address (https://…)")
    default = {"http": 80, "https": 443}[parts.scheme.lower()]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    host += f":{port}" if port and port != default else ""
    kept = [pair for pair in parts.query.split("&") if not _TRACKING.match(unquote(pair.partition("=")[0]))]
    return urlunsplit((parts.scheme.lower(), host, parts.path or "/", "&".join(kept), ""))


def url_key(url: str) -> str:
    """A key that all addresses of one page share.

    http and https, with or without `www.`, a trailing slash or AMP, and with parameters in any order, give one key.

    Args:
        url: A canonical address.
    """
    parts = urlsplit(url)
    host = _VARIANT_HOST.sub("", parts.netloc)
    path = _AMP_PATH.sub("", re.sub(r"/{2,}", "/", parts.path)).rstrip("/")
    query = sorted(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _AMP_PARAMETER.match(pair[0]))
    return host + quote(unquote(path), safe="/") + (f"?{urlencode(query)}" if query else "")
