"""SHA256SUMS and the data manifest: lines that `sha256sum --check` reads, or nearly."""

import hashlib
from collections.abc import Iterable, Mapping

from reprise.domain.errors import Refused
from reprise.domain.spec.model import DataFile


def sums(files: Mapping[str, bytes]) -> bytes:
    """Raises Refused for a name that does not fit on a line."""
    return "".join(
        f"{hashlib.sha256(files[name]).hexdigest()}  {_on_a_line(name)}\n" for name in sorted(files)
    ).encode()


def data_manifest(data: Iterable[DataFile], sizes: Mapping[str, int]) -> bytes:
    """``sha256  size  path`` of the data that the declaration names; ``-`` for a size that is not known."""
    lines = (f"{each.sha256}  {sizes.get(each.path, '-')}  {_on_a_line(each.path)}\n" for each in data)
    return "".join(sorted(lines)).encode()


def _on_a_line(name: str) -> str:
    if not name.isprintable() or "\\" in name:
        raise Refused(f"the file name {name!a} has characters that a list of digests cannot hold: rename it")
    return name
