"""The way to the network of the fetch stage: every connection goes to an address that was looked at.

A name is resolved here, once, and connected to by the very address that was found public, so that neither a
redirect nor a name server that answers differently the second time leads inside. TLS still asks for the name.
While a connection is open, each read looks whether anybody still wants it.
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence

import httpcore
import httpx

from reprise.domain.data.addresses import Network, is_allowed

SLICE_SECONDS = 0.5
"""The longest that a read waits before it looks whether it is still wanted."""
MOST_ADDRESSES = 4
"""Of one name, that are tried."""

Resolve = Callable[[str, int], Sequence[str]]
Look = Callable[[], float]
"""Seconds that are left. Raises when nobody wants it any more."""


class Inside(Exception):
    """A name leads to addresses that are not public only."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


def resolve(host: str, port: int) -> Sequence[str]:
    """Numeric addresses of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class GuardedTransport(httpx.HTTPTransport):
    """httpx's own, on connections that were looked at; proxies of the surroundings are not used."""

    def __init__(self, networks: Iterable[Network], look: Look, resolve: Resolve = resolve) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=4,
            network_backend=_Backend(tuple(networks), look, resolve),
        )


class _Backend(httpcore.NetworkBackend):
    def __init__(self, networks: tuple[Network, ...], look: Look, resolve: Resolve) -> None:
        self._networks = networks
        self._look = look
        self._resolve = resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        problem: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            limit = min(timeout or SLICE_SECONDS, self._look())
            try:
                stream = self._plain.connect_tcp(
                    address, port, timeout=limit, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
                continue
            return _Watched(stream, self._look)
        raise problem

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error
        allowed = [each for each in found if is_allowed(each, self._networks)]
        if found and not allowed:
            raise Inside(host)
        return allowed[:MOST_ADDRESSES]


class _Watched(httpcore.NetworkStream):
    """A stream whose reads end when nobody wants them, however slowly the other side speaks."""

    def __init__(self, stream: httpcore.NetworkStream, look: Look) -> None:
        self._stream = stream
        self._look = look

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = timeout if timeout is not None else SLICE_SECONDS
        while True:
            patience = min(SLICE_SECONDS, left, self._look())
            try:
                return self._stream.read(max_bytes, timeout=patience)
            except httpcore.ReadTimeout:
                left -= patience
                if left <= 0:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = self._look()
        self._stream.write(buffer, timeout=left if timeout is None else min(timeout, left))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._look()
        patience = left if timeout is None else min(timeout, left)
        return _Watched(self._stream.start_tls(ssl_context, server_hostname, patience), self._look)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
