"""Sockets of this machine that lead to ones on a node, over whatever connection there is at the moment."""

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path, PurePosixPath
from typing import Protocol

import structlog

from reprise.removal import remove_tree

CHUNK = 1 << 16

log = structlog.get_logger()


class Reader(Protocol):
    async def read(self, n: int) -> bytes: ...


class Writer(Protocol):
    def write(self, data: bytes) -> None: ...
    def write_eof(self) -> None: ...
    def close(self) -> None: ...
    async def drain(self) -> None: ...
    async def wait_closed(self) -> None: ...


Dial = Callable[[PurePosixPath], Awaitable[tuple[Reader, Writer]]]
"""Opens the socket on the node."""


class Sockets:
    """Lives in one event loop. A path on the node has one socket here until `close`."""

    def __init__(self, dial: Dial, *, broken: tuple[type[Exception], ...]) -> None:
        """``broken``: what ``dial`` and its streams raise when the connection is lost or refused."""
        self._dial = dial
        self._broken = broken
        self._folder: Path | None = None
        self._servers: dict[PurePosixPath, tuple[Path, asyncio.Server]] = {}
        self._busy: set[asyncio.Task[None]] = set()

    async def lead_to(self, remote: PurePosixPath) -> Path:
        """Only our user may use it. Raises OSError."""
        if remote not in self._servers:
            if self._folder is None:  # short, because a socket's path has at most 107 characters
                self._folder = Path(tempfile.mkdtemp(prefix="reprise-"))
            path = self._folder / str(len(self._servers))
            server = await asyncio.start_unix_server(lambda r, w: self._begin(remote, r, w), path)
            self._servers[remote] = path, server
        return self._servers[remote][0]

    async def close(self) -> None:
        for _, server in self._servers.values():
            server.close()
        for task in list(self._busy):
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        await asyncio.sleep(0)
        self._servers.clear()
        if self._folder is not None:
            await asyncio.to_thread(remove_tree, self._folder)
            self._folder = None

    def _begin(self, remote: PurePosixPath, reader: Reader, writer: Writer) -> None:
        task = asyncio.create_task(self._serve(remote, reader, writer))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        task.add_done_callback(lambda done: writer.close())  # also when it was cancelled before it began

    async def _serve(self, remote: PurePosixPath, reader: Reader, writer: Writer) -> None:
        try:
            await self._join(remote, reader, writer)
        except self._broken as error:
            log.info("a socket of a node was lost", socket=str(remote), error=str(error))
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _join(self, remote: PurePosixPath, reader: Reader, writer: Writer) -> None:
        far_reader, far_writer = await self._dial(remote)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, far_writer))
                both.create_task(self._pump(far_reader, writer))
        except* self._broken as group:
            raise group.exceptions[0] from None
        finally:
            far_writer.close()

    async def _pump(self, source: Reader, target: Writer) -> None:
        """Until its end, which is passed on: the other direction may go on, as Docker's streams do."""
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
        with contextlib.suppress(*self._broken):
            target.write_eof()
