"""SHA256SUMS and the data manifest: lines that `sha256sum --check` reads, or nearly."""

import hashlib
from collections.abc import Iterable, Mapping

from reprise.domain.errors import Refused
from reprise.domain.fetched import FetchedFile
from reprise.domain.spec.model import DataFile


def sums(files: Mapping[str, bytes]) -> bytes:
    """Raises Refused for a name that does not fit on a line."""
    return "".join(
        f"{hashlib.sha256(files[name]).hexdigest()}  {_on_a_line(name)}\n" for name in sorted(files)
    ).encode()


def data_manifest(
    data: Iterable[DataFile], sizes: Mapping[str, int], fetched: Iterable[FetchedFile] = ()
) -> bytes:
    """``sha256  size  path`` of the data that the declaration names; ``-`` for what is not known.

    Behind a file that the commit does not hold stand, between tabs, its source, its revision and its licence.
    Of one that lay in the cache the source says that it was not asked.
    """
    came = {each.path: each for each in fetched}
    lines = (_data_line(each, sizes.get(each.path), came.get(each.path)) for each in data)
    return "".join(sorted(lines)).encode()


def _data_line(file: DataFile, size: int | None, fetched: FetchedFile | None) -> str:
    sha256 = fetched.sha256 if fetched is not None else file.sha256
    line = f"{sha256 or '-'}  {'-' if size is None else size}  {_on_a_line(file.path)}"
    if fetched is None:
        return f"{line}\n"
    source = (
        f"{fetched.source} (not asked: from the cache, by its sha256)" if fetched.cached else fetched.source
    )
    further = (source, fetched.revision, file.licence)
    return "\t".join([line, *(" ".join((each or "-").split()) for each in further)]) + "\n"


def _on_a_line(name: str) -> str:
    if not name.isprintable() or "\\" in name:
        raise Refused(f"the file name {name!a} has characters that a list of digests cannot hold: rename it")
    return name
