"""The zip of an evidence package, read the hard way: whatever two programs could read differently is refused.

Reprise writes zips of one form only: entries side by side in the order of their names, no comment, no extra
field, one date, one mode. So nothing here is interpreted: each header is made again from name, size and
digest and has to be the same bytes, and between the entries there is nothing. That bounds what a stranger's
file can do, and finds a change in any byte that a usual reader would never look at.
"""

import stat
import struct
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reprise.domain.errors import NotAuthentic
from reprise.domain.metric_file import shorten
from reprise.domain.paths import MAX_PARTS

MAX_TOTAL = 512 * 2**20
"""Bytes of all files together; what sealing allows too."""
MAX_ONE = 65 * 2**20
"""Bytes of one file, which is in memory as a whole while it is looked at."""
MAX_ENTRIES = 20_000
MAX_NAME = 1_000
"""Bytes."""
MAX_BYTES = MAX_TOTAL + MAX_ENTRIES * (2 * MAX_NAME + 200)
"""Of the whole zip."""
MAX_DEPTH = MAX_PARTS + 8
"""Folders; the repository's own and those of the package around them."""
STORED, DEFLATED = 0, 8

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_UNIX_2_0, _NEEDS_2_0 = 3 << 8 | 20, 20
_UTF8, _ENCRYPTED = 0x800, 0x1
_DATE_1980, _TIME_0 = 1 << 5 | 1, 0
_REGULAR_0644 = (stat.S_IFREG | 0o644) << 16
_MOST_DEFLATED = 1032
"""One byte of deflate never becomes more than so many."""


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    method: int
    crc: int
    packed: int
    """Bytes in the zip."""
    size: int
    """Bytes of the file."""
    start: int
    """Of its bytes, from the beginning of the zip."""


@dataclass(frozen=True, slots=True)
class Package(Mapping[str, bytes]):
    """Name → bytes; a file is unpacked when it is asked for, so that few are in memory at a time."""

    data: memoryview
    entries: dict[str, Entry]

    def __getitem__(self, name: str) -> bytes:
        """Raises NotAuthentic when its bytes are not those that its header announces."""
        return _unpacked(self.data, self.entries[name])

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


def read_zip(data: memoryview) -> Package:
    """The files of a package, none unpacked yet. Raises NotAuthentic, naming the entry that is wrong."""
    count, begin = _end(data)
    entries: dict[str, Entry] = {}
    start, central, before = 0, begin, ""
    for _ in range(count):
        entry, central = _entry(data, central, start)
        _require_order(before, entry.name)
        entries[entry.name], before = entry, entry.name
        start = entry.start + entry.packed
    if start != begin or central != len(data) - _END.size:
        raise NotAuthentic("the zip has bytes that belong to no file")
    _require_bounded(entries)
    _require_distinct(entries)
    return Package(data, entries)


def packed_otherwise(package: Package) -> str | None:
    """The first file that this machine's zlib would compress to other bytes; None when there is none."""
    for entry in package.entries.values():
        if entry.method == DEFLATED:
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            made = packer.compress(package[entry.name]) + packer.flush()
            if made != package.data[entry.start : entry.start + entry.packed]:
                return entry.name
    return None


def _end(data: memoryview) -> tuple[int, int]:
    """How many entries there are, and where their list begins."""
    if len(data) > MAX_BYTES:
        raise NotAuthentic(f"the zip has more than {MAX_BYTES // 2**20} MiB")
    if len(data) < _END.size:
        raise NotAuthentic("it is not a zip")
    magic, disk, first, here, count, size, begin, comment = _END.unpack(data[-_END.size :])
    if magic != b"PK\x05\x06":
        raise NotAuthentic("it is not a zip, is cut short, or something was put behind its end")
    if comment or disk or first or here != count:
        raise NotAuthentic("the zip has a comment or is one part of several")
    if count > MAX_ENTRIES:
        raise NotAuthentic(f"the zip has {count} entries, and evidence has at most {MAX_ENTRIES}")
    if begin + size + _END.size != len(data):
        raise NotAuthentic("the zip has bytes that belong to no file")
    return count, begin


def _entry(data: memoryview, at: int, start: int) -> tuple[Entry, int]:
    """The entry that is listed at ``at`` and has its bytes at ``start``, and where the next one is listed."""
    if at + _CENTRAL.size > len(data) - _END.size:
        raise NotAuthentic("the zip lists fewer entries than it announces")
    fields = _CENTRAL.unpack(data[at : at + _CENTRAL.size])
    magic, _, _, flags, method, _, _, crc, packed, size, length, extra, comment, _, _, attributes, _ = fields
    name = _name(bytes(data[at + _CENTRAL.size : at + _CENTRAL.size + length]))
    if magic != b"PK\x01\x02":
        raise NotAuthentic("the zip's list of entries is broken")
    if extra or comment:
        raise NotAuthentic(f"{name} carries an extra field or a comment")
    _require_plain(name, flags, method, attributes)
    listed = _central(name, method, crc, packed, size, start)
    if listed != data[at : at + len(listed)]:
        raise NotAuthentic(f"the list of entries tells of {name} what Reprise does not write")
    header = _local(name, method, crc, packed, size)
    if header != data[start : start + len(header)]:
        raise NotAuthentic(f"the header of {name} is not what the list of entries says")
    return Entry(name, method, crc, packed, size, start + len(header)), at + len(listed)


def _name(raw: bytes) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise NotAuthentic(f"an entry has the name {shorten(repr(raw)[1:])}, which is not UTF-8") from None
    shown = shorten(name)
    if len(raw) > MAX_NAME:
        raise NotAuthentic(f"{shown} is a name of {len(raw)} bytes")
    if name.endswith("/"):
        raise NotAuthentic(f"{shown} is a folder: evidence holds files only")
    if name.startswith("/") or name[1:2] == ":":
        raise NotAuthentic(f"{shown} is an absolute name")
    if not name.isprintable() or "\\" in name:
        raise NotAuthentic(f"{shown} is a name with characters that no file of evidence has")
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise NotAuthentic(f"{shown or 'an entry without a name'} leads out of the package")
    if len(parts) > MAX_DEPTH:
        raise NotAuthentic(f"{shown} is more than {MAX_DEPTH} folders deep")
    return name


def _require_plain(name: str, flags: int, method: int, attributes: int) -> None:
    if flags & _ENCRYPTED:
        raise NotAuthentic(f"{name} is encrypted")
    kind = stat.S_IFMT(attributes >> 16)
    if kind == stat.S_IFLNK:
        raise NotAuthentic(f"{name} is a symbolic link: evidence holds files only")
    if kind != stat.S_IFREG:
        raise NotAuthentic(f"the attributes of {name} are not those that Reprise writes")
    if method not in (STORED, DEFLATED):
        raise NotAuthentic(f"{name} is compressed by method {method}, which Reprise does not use")


def _central(name: str, method: int, crc: int, packed: int, size: int, start: int) -> bytes:
    """What the list has of such an entry."""
    raw, flags = _encoded(name)
    head = (b"PK\x01\x02", _UNIX_2_0, _NEEDS_2_0, flags, method, _TIME_0, _DATE_1980)
    return _CENTRAL.pack(*head, crc, packed, size, len(raw), 0, 0, 0, 0, _REGULAR_0644, start) + raw


def _local(name: str, method: int, crc: int, packed: int, size: int) -> bytes:
    """What stands before the bytes of such an entry."""
    raw, flags = _encoded(name)
    head = (b"PK\x03\x04", _NEEDS_2_0, flags, method, _TIME_0, _DATE_1980)
    return _LOCAL.pack(*head, crc, packed, size, len(raw), 0) + raw


def _encoded(name: str) -> tuple[bytes, int]:
    return name.encode(), 0 if name.isascii() else _UTF8


def _require_order(before: str, name: str) -> None:
    if name == before:
        raise NotAuthentic(f"{name} is there twice")
    if name < before:
        raise NotAuthentic(f"{name} stands behind {before}: the entries are not in the order of their names")


def _require_bounded(entries: Mapping[str, Entry]) -> None:
    total = 0
    for entry in entries.values():
        total += entry.size
        if entry.size > MAX_ONE:
            raise NotAuthentic(f"{entry.name} has more than {MAX_ONE // 2**20} MiB")
        if total > MAX_TOTAL:
            raise NotAuthentic(f"with {entry.name} there are more than {MAX_TOTAL // 2**20} MiB of files")
        if entry.method == STORED and entry.size != entry.packed:
            raise NotAuthentic(f"{entry.name} has another size than the zip has bytes of it")
        if entry.size > max(entry.packed, 1) * _MOST_DEFLATED:
            raise NotAuthentic(f"{entry.name} claims {entry.size} bytes out of {entry.packed}: a zip bomb")


def _require_distinct(entries: Mapping[str, Entry]) -> None:
    """Two names that some disk takes for one would be unpacked over each other."""
    seen: dict[str, str] = {}
    for name in entries:
        twin = seen.setdefault(_folded(name), name)
        if twin != name:
            raise NotAuthentic(f"{name} and {twin} are one name where case or accents do not count")
    for folded, name in seen.items():
        for end in (i for i, character in enumerate(folded) if character == "/"):
            if folded[:end] in seen:
                raise NotAuthentic(f"{seen[folded[:end]]} is a file and, by {name}, a folder")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _unpacked(data: memoryview, entry: Entry) -> bytes:
    packed = data[entry.start : entry.start + entry.packed]
    found = bytes(packed) if entry.method == STORED else _inflated(packed, entry)
    if len(found) != entry.size or zlib.crc32(found) != entry.crc:
        raise NotAuthentic(f"{entry.name} was changed: its bytes do not have the checksum in the zip")
    return found


def _inflated(packed: memoryview, entry: Entry) -> bytes:
    unpacker = zlib.decompressobj(-15)
    try:
        found = unpacker.decompress(packed, entry.size + 1)
    except zlib.error:
        raise NotAuthentic(f"{entry.name} was changed: it cannot be unpacked") from None
    if not unpacker.eof or unpacker.unconsumed_tail or unpacker.unused_data:
        raise NotAuthentic(f"{entry.name} was changed: it unpacks to more or less than the zip says")
    return found
