"""A folder of this machine as a tar stream: links as links, modes kept, no devices or FIFOs."""

import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

TOP = "it"
"""What the thing itself is called in the stream, whatever its name is."""

COMPLETE = "complete"
"""The last entry: without it the stream broke off, which tar itself would not notice between two files."""

CHUNK = 1 << 18


class _Writer:
    """What tarfile writes to: passes on pieces of a size that is worth a message."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._kept = bytearray()

    def write(self, data: bytes) -> int:
        self._kept += data
        if len(self._kept) >= CHUNK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if self._kept:
            self._send(bytes(self._kept))
            self._kept.clear()


def pack(top: Path, send: Callable[[bytes], None]) -> None:
    """Raises OSError when it cannot be read, also when a file shrinks meanwhile, and what ``send`` raises."""
    writer = _Writer(send)
    with tarfile.open(
        fileobj=writer,  # type: ignore[call-overload]  # it writes and no more
        mode="w|",
        format=tarfile.PAX_FORMAT,
        bufsize=CHUNK,
    ) as stream:
        for path, name in _entries(top):
            entry = stream.gettarinfo(path, arcname=str(name))
            if entry is None or not (entry.isreg() or entry.isdir() or entry.issym() or entry.islnk()):
                continue
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            if entry.isreg():
                with path.open("rb") as file:
                    stream.addfile(entry, file)
            else:
                stream.addfile(entry)
        stream.addfile(tarfile.TarInfo(COMPLETE))
    writer.flush()


def _entries(top: Path) -> Iterator[tuple[Path, PurePosixPath]]:
    """Folders before what is in them; without recursion, because trees may be very deep."""
    waiting = [(top, PurePosixPath(TOP))]
    while waiting:
        path, name = waiting.pop()
        yield path, name
        if path.is_dir() and not path.is_symlink():
            inside = sorted(os.listdir(path), reverse=True)
            waiting.extend((path / one, name / one) for one in inside)
