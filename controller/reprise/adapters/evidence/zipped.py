"""A zip whose bytes depend on nothing but names and contents."""

import io
import zipfile
import zlib
from collections.abc import Mapping

from reprise.domain.errors import Refused

MAX_BYTES = 512 * 2**20
"""Of all files before compression: what verifying it may unpack."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX, _REGULAR_0644 = 3, 0o100644 << 16
_COMPRESSED = (".gz",)
_LEVEL = 9
_QUICKLY = 6
"""Logs are the most of it, and level 9 takes three times as long for a hundredth of their size."""


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Entries by name, dated 1980, mode 0644, without extra fields. Raises Refused when there is too much."""
    whole = sum(map(len, files.values()))
    if whole > MAX_BYTES:
        raise Refused(
            f"its files have {whole // 2**20} MiB together, and evidence may have {MAX_BYTES // 2**20}: "
            "write smaller metric files"
        )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", allowZip64=False) as archive:
        for name in sorted(files):
            archive.writestr(_entry(name), files[name], compresslevel=_LEVEL)
    return made.getvalue()


def gzipped(data: bytes) -> bytes:
    """No name and no time inside, unlike what `gzip` writes by itself."""
    packer = zlib.compressobj(_QUICKLY, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system, entry.external_attr = _UNIX, _REGULAR_0644
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(_COMPRESSED) else zipfile.ZIP_DEFLATED
    return entry
