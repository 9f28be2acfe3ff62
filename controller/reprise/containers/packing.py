"""Files of this machine as one tar archive, piece by piece: what an Engine elsewhere unpacks.

Owners are those that the archive is told, not those of this machine; links stay links. Nobody changes the
files meanwhile.
"""

import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PIECE = 1 << 20
BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a whole folder."""

    source: Path
    name: PurePosixPath
    """In the archive, relative."""
    uid: int = 0
    gid: int = 0
    readable: bool = False
    """For everybody, whatever it is here."""


def packed(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Raises OSError when something cannot be read. `END` belongs behind everything."""
    for entry in entries:
        yield from _tree(entry)


def empty_file(name: PurePosixPath) -> bytes:
    return _header(tarfile.TarInfo(str(name)))


def _tree(entry: Entry) -> Iterator[bytes]:
    """Without recursion: a stranger's tree may be deep."""
    pending = [(entry.source, entry.name)]
    while pending:
        source, name = pending.pop()
        seen = source.lstat()
        yield from _one(source, name, seen, entry)
        if stat.S_ISDIR(seen.st_mode):
            with os.scandir(source) as inner:
                pending.extend((Path(each.path), name / each.name) for each in inner)


def _one(source: Path, name: PurePosixPath, seen: os.stat_result, entry: Entry) -> Iterator[bytes]:
    info = tarfile.TarInfo(str(name))
    readable = (0o555 if stat.S_ISDIR(seen.st_mode) else 0o444) if entry.readable else 0
    info.mode, info.uid, info.gid = stat.S_IMODE(seen.st_mode) | readable, entry.uid, entry.gid
    info.mtime = int(seen.st_mtime)
    if stat.S_ISDIR(seen.st_mode):
        info.type = tarfile.DIRTYPE
        yield _header(info)
    elif stat.S_ISLNK(seen.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink(source)
        yield _header(info)
    elif stat.S_ISREG(seen.st_mode):
        info.size = seen.st_size
        yield _header(info)
        yield from _content(source, seen.st_size)


def _content(source: Path, size: int) -> Iterator[bytes]:
    """Exactly so many bytes, because the header said so."""
    left = size
    with source.open("rb", buffering=0) as opened:
        while left > 0:
            piece = opened.read(min(PIECE, left))
            if not piece:
                raise OSError(f"{source} became shorter while it was sent")
            left -= len(piece)
            yield piece
    yield _padding(size)


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)
