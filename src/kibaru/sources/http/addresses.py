"""Parse URLs and IP addresses, and decide which may be reached: only those of the public internet."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import httpx

from kibaru.errors import BadInput

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port to the IP addresses of the host. Raises OSError when there are none."""

MAX_URL = 4_000
"""Characters. Servers and caches give up between 4,000 and 8,000."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_REFUSED = [
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's platform, reachable from every machine there
        "192.0.0.0/24",  # of protocols; Oracle's metadata
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # Teredo and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4, which carries an IPv4 address and has been given up (RFC 7526)
        "3fff::/20",
    )
]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    Private, loopback, link-local (where clouds serve their metadata), shared, multicast, reserved and documentation
    addresses do not, nor does an IPv6 address that is translated to such an IPv4 address.

    Args:
        address: An IPv4 or IPv6 address; anything else is not public.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    inner = _embedded(parsed)
    if inner is not None:
        return is_public(str(inner))
    if isinstance(parsed, IPv6Address) and (parsed.scope_id or parsed not in _GLOBAL_UNICAST):
        return False
    return (
        parsed.is_global
        and not (parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified or parsed.is_loopback)
        and not any(parsed.version == network.version and parsed in network for network in _REFUSED)
    )


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own: 127.0.0.0/8 or ::1."""
    parsed = ip_address(address)
    inner = _embedded(parsed)
    return (inner or parsed).is_loopback


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 address: mapped, or for the NAT64 of an IPv6-only network."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host, as the system's resolver finds them.

    The resolver also accepts octal, hexadecimal and integer spellings of addresses.

    Raises:
        OSError: There are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def parse_url(url: str, base: str = "") -> httpx.URL:
    """Parse an http or https URL and drop its fragment.

    Args:
        url: The URL, relative to `base` or absolute.
        base: The address of the page it is on.

    Raises:
        BadInput: It is no such URL, or has what is only written to mislead: a user name before the host, a backslash,
            spaces or control characters.
    """
    url = url.strip()
    if len(url) > MAX_URL or re.search(r"[\s\\\x00-\x1f\x7f]", url):
        raise BadInput(f"{url[:80]!r} is no web address (https://…)")
    try:
        parsed = httpx.URL(base).join(url) if base else httpx.URL(url)
        host, scheme = parsed.raw_host.decode("ascii"), parsed.scheme
        _ = parsed.host  # fails where it is no name in any script
        port = parsed.port
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
        raise BadInput(f"{url[:80]!r} is no web address (https://…)") from None
    if scheme not in ("http", "https"):
        raise BadInput(f"{url[:80]!r} is not on the web: only http and https are fetched")
    if not host.rstrip(".") or parsed.userinfo or not (port is None or 0 < port < 65536):
        raise BadInput(f"{url[:80]!r} is no web address (https://…)")
    return parsed.copy_with(fragment=None)


def is_same_site(url: str, other: str) -> bool:
    """Whether two URLs have the same host, or hosts under one registered domain."""
    try:
        return _owner(urlsplit(url).netloc) == _owner(urlsplit(other).netloc)
    except ValueError:
        return False


@lru_cache(maxsize=1_000)
def _owner(netloc: str) -> str | object:
    from tld import get_fld

    try:
        host = parse_url(f"http://{netloc}/").host.removeprefix("www.")
    except BadInput:
        return object()  # equal to no other
    return str(get_fld(f"https://{host}", fail_silently=True) or host)
