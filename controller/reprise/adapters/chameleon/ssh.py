"""Connections over SSH, and the only place that knows asyncssh. Everything here runs in one event loop."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import asyncssh

from reprise.domain.errors import Refused, Retryable
from reprise.ports.nodes import Access, Address

CONNECT_SECONDS = 20.0
FAREWELL_SECONDS = 1.0
KEEPALIVE_SECONDS, KEEPALIVES = 10.0, 3
"""A connection that does not answer so many times in a row is given up."""
SESSIONS = 8
"""At once over one connection: sshd allows 10, and forwarded sockets are none."""
PAUSES = (0.05, 0.1, 0.2, 0.4)
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr")
"""The fastest first: images of gigabytes go through here."""

KINDS = {
    "ssh-ed25519": "ssh-ed25519",
    "ecdsa-sha2-nistp256": "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384": "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521": "ecdsa-sha2-nistp521",
    "rsa-sha2-512": "ssh-rsa",
    "rsa-sha2-256": "ssh-rsa",
}
"""How host keys sign, and what kind of key does; the best first."""

BROKEN = (OSError, asyncssh.Error)
"""What a connection raises when it is lost."""

Streams = tuple["asyncssh.SSHReader[bytes]", "asyncssh.SSHWriter[bytes]"]


@contextmanager
def told(where: str, doing: str) -> Iterator[None]:
    """Raises Retryable, in words, for what asyncssh, the system or a deadline say."""
    try:
        yield
    except TimeoutError as error:
        raise Retryable(f"{where}: {doing} took longer than it may") from error
    except BROKEN as error:
        raise Retryable(f"{where}: {doing} failed: {_words(error)}") from error


class Link:
    """One connection to a node, made again when it is asked for and lost."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._pinned, self._jump_pinned = access.host_key, access.jump_host_key
        self._making = asyncio.Lock()
        self._jump: asyncssh.SSHClientConnection | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sessions = asyncio.Semaphore(SESSIONS)
        self._closed = False

    @property
    def host_key(self) -> str:
        """What it showed at first contact."""
        if self._pinned is None:
            raise Retryable(f"{self._access.address.host}: there was no contact yet")
        return self._pinned

    @property
    def jump_host_key(self) -> str | None:
        return self._jump_pinned

    async def connected(self) -> asyncssh.SSHClientConnection:
        """Raises Refused or Retryable, after `CONNECT_SECONDS` at most."""
        async with self._making:
            if self._closed:
                raise Retryable(f"{self._access.address.host}: the connection was closed by us")
            if self._connection is not None and not self._connection.is_closed():
                return self._connection
            await self._end()
            return await self._make()

    async def start(self, command: str) -> "Process":
        """Close it. Raises Refused or Retryable."""
        await self._sessions.acquire()
        try:
            with told(self._access.address.host, "starting a program"):
                return Process(await self._started(command), self._sessions)
        except BaseException:
            self._sessions.release()
            raise

    async def dial(self, path: PurePosixPath) -> Streams:
        """A socket there. Raises Refused, Retryable or what is `BROKEN`."""
        connection = await self.connected()
        async with asyncio.timeout(CONNECT_SECONDS):
            return await connection.open_unix_connection(str(path), encoding=None)

    async def close(self) -> None:
        self._closed = True
        async with self._making:
            await self._end()

    async def _started(self, command: str) -> "asyncssh.SSHClientProcess[bytes]":
        """What was never begun there is begun again: sshd may still count a session that has ended, and a
        connection may not know yet that it is lost.
        """
        for seconds in PAUSES:
            try:
                return await (await self.connected()).create_process(command, encoding=None)
            except asyncssh.ChannelOpenError:
                await asyncio.sleep(seconds)
        return await (await self.connected()).create_process(command, encoding=None)

    async def _make(self) -> asyncssh.SSHClientConnection:
        key = _read_key(self._access.private_key)
        if self._access.jump is not None:
            other = self._access.jump_key
            jump_key = key if other is None else _read_key(other)
            self._jump, self._jump_pinned = await _connect(self._access.jump, jump_key, self._jump_pinned)
        self._connection, self._pinned = await _connect(
            self._access.address, key, self._pinned, through=self._jump
        )
        return self._connection

    async def _end(self) -> None:
        for connection in (self._connection, self._jump):
            if connection is not None:
                await _end(connection)
        self._connection = self._jump = None


async def _end(connection: asyncssh.SSHClientConnection) -> None:
    """One that nobody hears is not waited for."""
    connection.close()
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await connection.wait_closed()
    except BROKEN:
        connection.abort()


@dataclass(frozen=True, slots=True)
class Process:
    """A program on the node and its three streams."""

    inner: "asyncssh.SSHClientProcess[bytes]"
    sessions: asyncio.Semaphore

    async def send(self, data: bytes) -> None:
        """Raises BrokenPipeError when it does not read any more."""
        self.inner.stdin.write(data)
        await self.inner.stdin.drain()

    def send_end(self) -> None:
        with suppress(OSError):  # it ended before
            self.inner.stdin.write_eof()

    async def receive(self, size: int) -> bytes:
        """Up to so many bytes of its output, none at its end."""
        return await self.inner.stdout.read(size)

    async def output(self, *, keep: int) -> bytes:
        return await _kept(self.inner.stdout, keep)

    async def errors(self, *, keep: int) -> bytes:
        return await _kept(self.inner.stderr, keep)

    async def ended(self) -> int | None:
        """Its status, as shells say it; None when the connection was lost before."""
        await self.inner.wait_closed()
        code = self.inner.returncode
        return code if code is None or code >= 0 else 128 - code

    def close(self) -> None:
        """A program that runs still loses its streams."""
        self.inner.close()
        self.sessions.release()


async def _kept(stream: "asyncssh.SSHReader[bytes]", keep: int) -> bytes:
    """All is read, so that the program can go on."""
    kept = bytearray()
    while data := await stream.read(1 << 16):
        kept += data[: keep - len(kept)]
    return bytes(kept)


class _Watch(asyncssh.SSHClient):
    """Compares the host key with the pinned one; without one, the first is as good as any."""

    def __init__(self, pinned: str | None) -> None:
        self._pinned = pinned
        self.shown: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = _line(key)
        return self._pinned in (None, self.shown)


async def _connect(
    address: Address,
    key: asyncssh.SSHKey,
    pinned: str | None,
    *,
    through: asyncssh.SSHClientConnection | None = None,
) -> tuple[asyncssh.SSHClientConnection, str]:
    """And the host key that it showed. Raises Refused or Retryable."""
    watch = _Watch(pinned)
    where = f"{address.host}:{address.port}"
    try:
        with told(where, "connecting"):
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await asyncssh.connect(
                    address.host,
                    address.port,
                    username=address.user,
                    client_keys=[key],
                    client_factory=lambda: watch,
                    tunnel=through,
                    **_options(pinned),
                )
    except Retryable as error:
        raise _refusal(error, watch, address, pinned) or error from error.__cause__
    return connection, pinned or watch.shown or ""


def _options(pinned: str | None) -> dict[str, Any]:
    """Nothing of this machine's own SSH: no agent, no configuration, no known hosts."""
    return {
        "known_hosts": ([], [], []),
        "server_host_key_algs": _kinds(pinned),
        "config": None,
        "agent_path": None,
        "preferred_auth": "publickey",
        "gss_host": None,
        "encryption_algs": CIPHERS,
        "compression_algs": ("none",),
        "keepalive_interval": KEEPALIVE_SECONDS,
        "keepalive_count_max": KEEPALIVES,
    }


def _kinds(pinned: str | None) -> list[str]:
    """The pinned one's first: a machine shows its key of the first that it has."""
    kind = "" if pinned is None else pinned.split()[0]
    return sorted(KINDS, key=lambda name: KINDS[name] != kind)


def _refusal(error: Retryable, watch: _Watch, address: Address, pinned: str | None) -> Refused | None:
    where = f"{address.host}:{address.port}"
    match error.__cause__:
        case asyncssh.HostKeyNotVerifiable() if watch.shown is not None and pinned is not None:
            return Refused(
                f"{where} shows another host key than at first contact ({_fingerprint(watch.shown)}, not"
                f" {_fingerprint(pinned)}): it is another machine, or somebody is in between;"
                " nothing was sent to it"
            )
        case asyncssh.PermissionDenied():
            return Refused(
                f"{where} does not let our key in as `{address.user}`: it does not have our keypair (yet)"
            )
        case _:
            return None


def _read_key(path: Path) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(path)
    except (OSError, asyncssh.KeyImportError) as error:
        raise Refused(f"the private key {path} cannot be used: {error}") from error


def _line(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key().decode().split()[:2])


def _fingerprint(line: str) -> str:
    return asyncssh.import_public_key(line).get_fingerprint()


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error).strip() or type(error).__name__
