"""A tar stream from a node as files here. What a job left there is not to be trusted: nothing lands outside.

Every folder that something is put into was made by us from the same stream: no link can lead anywhere.
"""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

from reprise.domain.errors import Refused

MAX_ENTRIES = 1_000_000
CHUNK = 1 << 20
KEPT_BITS = 0o777
"""No set-uid, whatever it was there."""


class _Reader(io.RawIOBase):
    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive

    def read(self, size: int = -1) -> bytes:
        return self._receive(size)


class _Place:
    """What a stream became so far."""

    def __init__(self, top: Path, *, limit: int, what: str) -> None:
        self._top = top
        self._limit = limit
        self._what = what
        self._bytes = self._entries = 0
        self._modes: dict[tuple[str, ...], int] = {}
        """Of folders, set at the end: a read-only one could not be filled."""

    def add(self, entry: tarfile.TarInfo, content: tarfile.TarFile) -> None:
        parts = _parts(entry.name)
        self._count(entry)
        if not (entry.isreg() or entry.isdir() or entry.issym()):
            return
        if parts and parts[:-1] not in self._modes:
            raise Refused(
                f"{self._what}: the stream has {entry.name!r} in a folder that it did not have before"
            )
        path = self._top.joinpath(*parts)
        try:
            self._make(path, parts, entry, content)
        except FileExistsError as error:
            raise Refused(f"{self._what}: the stream has {entry.name!r} twice") from error

    def finish(self) -> None:
        for parts, mode in reversed(self._modes.items()):
            os.chmod(self._top.joinpath(*parts), mode & KEPT_BITS | 0o700)

    def _make(
        self, path: Path, parts: tuple[str, ...], entry: tarfile.TarInfo, content: tarfile.TarFile
    ) -> None:
        if entry.isdir():
            path.mkdir(mode=0o700)
            self._modes[parts] = entry.mode
        elif entry.issym():
            path.symlink_to(entry.linkname)
        else:
            _write(path, entry, content)

    def _count(self, entry: tarfile.TarInfo) -> None:
        self._entries += 1
        self._bytes += entry.size if entry.isreg() else 0
        if self._bytes > self._limit:
            raise Refused(f"{self._what} has more than the {self._limit:,} bytes that may be copied")
        if self._entries > MAX_ENTRIES:
            raise Refused(f"{self._what} has more than the {MAX_ENTRIES:,} files that may be copied")


def unpack(receive: Callable[[int], bytes], top: Path, *, limit: int, what: str) -> None:
    """The stream's one top entry becomes ``top``, which must not exist. At most ``limit`` bytes of content.

    Raises Refused, naming ``what``, for more or for a stream that no honest tar writes; OSError; tarfile's
    errors when it breaks off; and what ``receive`` raises.
    """
    place = _Place(top, limit=limit, what=what)
    with tarfile.open(fileobj=_Reader(receive), mode="r|", bufsize=CHUNK, errors="surrogateescape") as stream:
        for entry in stream:
            place.add(entry, stream)
            vars(stream)["members"] = []  # it would remember all of them
    place.finish()


def _parts(name: str) -> tuple[str, ...]:
    """Below the top. Raises Refused for names that lead out."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts:
        raise Refused(f"the stream has an entry named {name!r}, which leads out of its folder")
    return tuple(parts[1:])


def _write(path: Path, entry: tarfile.TarInfo, content: tarfile.TarFile) -> None:
    source = content.extractfile(entry)
    if source is None:
        raise tarfile.ReadError(f"{entry.name!r} has no content")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "wb") as file:
        while piece := source.read(CHUNK):
            file.write(piece)
        file.flush()
        os.fchmod(file.fileno(), entry.mode & KEPT_BITS | 0o600)
        os.utime(file.fileno(), (entry.mtime, entry.mtime))
