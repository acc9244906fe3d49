"""Connections for httpcore that reach only public addresses and end at a deadline.

A host is resolved once, every address found is checked, and the connection goes to one of those addresses. So a name
server that answers differently the next time (DNS rebinding) changes nothing. TLS still verifies the host's name.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from typing import Any, TypeVar

import httpcore

from kibaru.errors import BadInput
from kibaru.sources.http.addresses import Resolver, is_loopback, is_public

_CONNECT_SECONDS = 10.0

T = TypeVar("T")


class ForbiddenAddress(BadInput):
    """The address is not one of the public internet."""


class Deadline(threading.local):
    """When the current request of this thread must be over: all its reads and writes together."""

    ends = float("inf")

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give a request so many seconds from now, until the block ends."""
        self.ends = time.monotonic() + seconds
        try:
            yield
        finally:
            self.ends = float("inf")

    def left(self, timeout: float | None) -> float:
        """Seconds that one operation may take.

        Args:
            timeout: The operation's own limit in seconds, None for none.

        Raises:
            httpcore.ReadTimeout: The deadline has passed.
        """
        left = self.ends - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("deadline")
        return min(left, timeout if timeout is not None else left)


def loopback_allowed() -> bool:
    """Whether this machine's own addresses may be reached too, as tests need whose sites are on loopback."""
    return os.environ.get("KIBARU_TEST_ALLOW_LOOPBACK") == "1"


class PublicNetworkBackend(httpcore.NetworkBackend):
    """Resolves a host, checks all of its addresses, and connects to one of them."""

    def __init__(self, resolver: Resolver, deadline: Deadline, *, allow_loopback: bool) -> None:
        """Connect within a deadline.

        Args:
            allow_loopback: Whether this machine's own addresses may be reached, for tests.
        """
        self._resolver = resolver
        self._deadline = deadline
        self._allow_loopback = allow_loopback
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the deadline counts
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a host, as httpcore asks.

        Raises:
            ForbiddenAddress: One of the host's addresses is not public.
            httpcore.ConnectError: No address of the host can be reached.
        """
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._public_addresses(host, port):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self._deadline.left(_CONNECT_SECONDS), socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
            else:
                return _Stream(stream, self._deadline)
        raise error

    def _public_addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, all of them checked."""
        try:
            addresses = _in_time(self._deadline.left(_CONNECT_SECONDS), lambda: self._resolver(host, port))
        except (OSError, UnicodeError):
            raise httpcore.ConnectError(f"there is no host {host}") from None
        for address in addresses:
            if not (is_public(address) or (self._allow_loopback and is_loopback(address))):
                raise ForbiddenAddress(
                    f"{host} leads to {address}, which is not on the public internet: it is not fetched"
                )
        return addresses


class _Stream(httpcore.NetworkStream):
    """A connection whose operations keep to the deadline of the request."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _in_time(seconds: float, call: Callable[[], T]) -> T:
    """The result of a call that knows no timeout, such as the system's resolver; httpcore.ConnectTimeout if late."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except Exception as error:  # raised again in the waiting thread
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.result(seconds)
    except FutureTimeout:
        raise httpcore.ConnectTimeout("the name is not resolved in time") from None
