"""The ports Nodes and Node over SSH, for callers in any thread."""

import asyncio
import math
import secrets
import tarfile
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from reprise.adapters.chameleon import remote
from reprise.adapters.chameleon.copying import Copying, ReadsNoMore
from reprise.adapters.chameleon.loop import Loop
from reprise.adapters.chameleon.packing import pack
from reprise.adapters.chameleon.sockets import Sockets
from reprise.adapters.chameleon.ssh import BROKEN, CONNECT_SECONDS, Link, Process, told
from reprise.adapters.chameleon.unpacking import unpack
from reprise.domain.errors import RepriseError, Retryable
from reprise.ports.nodes import Access, Said
from reprise.removal import remove_tree

T = TypeVar("T")

CLOSING_SECONDS = 10.0
KEPT_BYTES = 1 << 20


class SshNodes:
    """Close it when no node of it is used any more."""

    def __init__(self) -> None:
        self._loop = Loop()
        self._open: set[SshNode] = set()

    def reachable(self, access: Access, *, timeout: float) -> str | None:
        try:
            self._connect(access, timeout).close()
        except RepriseError as error:
            return str(error)
        return None

    def connect(self, access: Access) -> "SshNode":
        return self._connect(access, 2 * CONNECT_SECONDS)

    def close(self) -> None:
        """All of its nodes too."""
        for node in list(self._open):
            node.close()
        self._loop.close()

    def _connect(self, access: Access, timeout: float) -> "SshNode":
        node = SshNode(self._loop, access, closed=self._open.discard)
        self._open.add(node)
        try:
            node.open(timeout)
        except BaseException:
            node.close()
            raise
        return node


class SshNode:
    def __init__(self, loop: Loop, access: Access, *, closed: Callable[["SshNode"], None]) -> None:
        """``closed``: who wants to know that."""
        self._loop = loop
        self._closed = closed
        self._link = Link(access)
        self._where = access.address.host
        self._sockets = Sockets(self._link.dial, broken=(*BROKEN, RepriseError))

    def open(self, timeout: float) -> None:
        self._do(self._link.connected, doing="connecting", timeout=timeout)

    @property
    def host_key(self) -> str:
        return self._link.host_key

    @property
    def jump_host_key(self) -> str | None:
        """What the jump host showed, one line; None without one."""
        return self._link.jump_host_key

    def run(
        self,
        argv: tuple[str, ...],
        *,
        timeout: float,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
    ) -> Said:
        command, first = remote.command(argv, variables or {}, seconds=math.ceil(timeout) + 2)
        return self._do(
            lambda: self._run(command, first + stdin), doing=f"running {argv[0]}", timeout=timeout
        )

    def put(self, local: Path, remote_path: PurePosixPath, *, timeout: float) -> None:
        doing = f"copying {local.name} to {remote_path}"
        command = remote.put(remote_path, token=secrets.token_hex(4))
        with self._copying(command, doing, timeout) as there:
            try:
                pack(local, there.send)
            except ReadsNoMore:
                pass  # its status says why
            except OSError as error:
                raise Retryable(f"{local} could not be read to be copied: {error}") from error
            if (code := there.end()) != 0:
                raise self._failed(doing, code, there.complaint)

    def get(self, remote_path: PurePosixPath, local: Path, *, timeout: float, limit: int) -> None:
        """What was at ``local`` is replaced when all is here, and stays when there is nothing there."""
        doing = f"copying {remote_path}"
        incoming = local.with_name(f".incoming-{secrets.token_hex(4)}")
        what = f"{remote_path} on {self._where}"
        try:
            local.parent.mkdir(parents=True, exist_ok=True)
            with self._copying(remote.get(remote_path), doing, timeout) as there:
                whole = _unpacked(there, incoming, limit=limit, what=what)
                code = there.end()
            if code == remote.ABSENT:
                return
            if not whole or code not in remote.COPIED:
                raise self._failed(doing, code, there.complaint)
            remove_tree(local)
            incoming.rename(local)
        except OSError as error:
            raise Retryable(f"{local} could not be written: {error}") from error
        finally:
            remove_tree(incoming)

    def socket(self, remote_path: PurePosixPath) -> Path:
        return self._do(
            lambda: self._sockets.lead_to(remote_path),
            doing=f"leading to {remote_path}",
            timeout=CONNECT_SECONDS,
        )

    def close(self) -> None:
        with suppress(TimeoutError, Retryable):  # Retryable: all connections were closed before
            self._loop.do(self._close(), timeout=CLOSING_SECONDS)
        self._closed(self)

    # --- in the event loop --------------------------------------------------------------------------

    async def _run(self, command: str, stdin: bytes) -> Said:
        process = await self._link.start(command)
        try:
            out, err, _ = await asyncio.gather(
                process.output(keep=KEPT_BYTES), process.errors(keep=KEPT_BYTES), _feed(process, stdin)
            )
            code = await process.ended()
        finally:
            process.close()
        if code is None:
            raise Retryable(f"{self._where}: the connection was lost while a program ran")
        return Said(code, out.decode(errors="replace"), err.decode(errors="replace"))

    def _copying(self, command: str, doing: str, timeout: float) -> Copying:
        return Copying(self._do, lambda: self._link.start(command), doing=doing, timeout=timeout)

    def _failed(self, doing: str, code: int | None, complaint: str) -> Retryable:
        why = "the connection was lost" if code is None else complaint or f"status {code}"
        return Retryable(f"{self._where}: {doing} failed: {why}")

    async def _close(self) -> None:
        await self._sockets.close()
        await self._link.close()

    def _do(self, work: Callable[[], Coroutine[Any, Any, T]], *, doing: str, timeout: float) -> T:
        with told(self._where, doing):
            return self._loop.do(work(), timeout=max(0.0, timeout))


async def _feed(process: Process, data: bytes) -> None:
    """It may end without reading all of it."""
    with suppress(BrokenPipeError):
        await process.send(data)
    process.send_end()


def _unpacked(there: Copying, incoming: Path, *, limit: int, what: str) -> bool:
    """Whether there was a whole stream; where there is nothing, there is none."""
    try:
        unpack(there.receive, incoming, limit=limit, what=what)
    except tarfile.ReadError:
        return False
    return True
