"""Unpacks what an Engine tells of a stranger's folder, and never leaves the folder that it is given.

Links stay links and are never followed: every entry lies in a folder that was made here, by this archive.
"""

import os
import tarfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol, cast

from reprise.domain.errors import Refused, Retryable
from reprise.domain.paths import MAX_PARTS

PIECE = 1 << 20
END = bytes(2 * tarfile.BLOCKSIZE)
MAX_NAMES = 2_000_000
DEEPEST = MAX_PARTS + 2
"""What lies deeper is left out: whoever collects looks no further."""


class TooMuch(Refused):
    """More than may be fetched; the end of a sentence about the job that wrote it."""


class Readable(Protocol):
    def read(self, count: int, /) -> bytes: ...


@dataclass(slots=True)
class _State:
    into: Path
    left: int
    folders: set[str] = field(default_factory=set)
    """Made here, by their names in the archive."""
    names: int = 0


def unpack(archive: Readable, into: Path, *, limit: int) -> None:
    """The archive's only top entry becomes ``into``, which must not exist; its folder does.

    Everything gets our owner, who may read it all. Raises TooMuch when it holds more than ``limit`` bytes,
    Refused when it holds what no folder can; Retryable when it broke off; OSError when it cannot be written.
    """
    state = _State(into, limit)
    source = _Whole(archive)
    whole = cast(IO[bytes], source)  # it is only read, from its start to its end
    try:
        with tarfile.open(fileobj=whole, mode="r|", errorlevel=2) as opened:
            for entry in opened:
                _take(opened, entry, state)
                opened.members.clear()  # type: ignore[attr-defined]  # it keeps each, and there may be millions
    except tarfile.TarError as error:
        raise Retryable(f"what came for {into.name} is no whole archive ({error})") from error
    if not source.ended():  # `tarfile` takes what breaks off between two files for the end
        raise Retryable(f"what came for {into.name} is no whole archive (it broke off)")


def _take(opened: tarfile.TarFile, entry: tarfile.TarInfo, state: _State) -> None:
    state.names += 1
    if state.names > MAX_NAMES:
        raise TooMuch(f"left more than the {MAX_NAMES:,} files that are fetched")
    if len(_key(entry.name).split("/")) > DEEPEST:
        return
    target = _target(entry.name, state)
    if entry.isdir():
        target.mkdir(mode=0o700)
        target.chmod(entry.mode & 0o777 | 0o700)
        state.folders.add(_key(entry.name))
        return
    if entry.issym():
        target.symlink_to(entry.linkname)
    elif entry.islnk():
        with suppress(FileNotFoundError):  # of something that was left out
            os.link(_target(entry.linkname, state), target, follow_symlinks=False)
    elif entry.isfile():
        _write(opened, entry, target, state)
    elif entry.isfifo():
        os.mkfifo(target, 0o600)  # whoever looks for a file of that name is told what it is


def _target(name: str, state: _State) -> Path:
    parts = _key(name).split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise Refused(f"`{name}` is no name in a folder")
    if len(parts) > 1 and "/".join(parts[:-1]) not in state.folders:
        raise Refused(f"`{name}` lies in no folder")
    return state.into.joinpath(*parts[1:])


def _key(name: str) -> str:
    return name.rstrip("/")


def _write(opened: tarfile.TarFile, entry: tarfile.TarInfo, target: Path, state: _State) -> None:
    state.left -= entry.size
    if state.left < 0:
        raise TooMuch("left more than the bytes that may be fetched")
    source = opened.extractfile(entry)
    if source is None:
        raise Refused(f"`{entry.name}` is no file after all")
    with source, target.open("xb", buffering=0) as written:
        while piece := source.read(PIECE):
            written.write(piece)
    target.chmod(entry.mode & 0o777 | 0o600)
    with suppress(OverflowError):  # a time that this machine has no number for
        os.utime(target, (entry.mtime, entry.mtime))


class _Whole:
    """Reads as much as it is asked for, which `tarfile` counts on, and knows how it ended."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._last = b""

    def read(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count and (piece := self._source.read(count - len(found))):
            found += piece
        self._last = (self._last + bytes(found[-len(END) :]))[-len(END) :]
        return bytes(found)

    def ended(self) -> bool:
        """Whether nothing is left, and the end is one of an archive."""
        while self.read(PIECE):
            continue
        return self._last == END
