"""What a commit holds of its data: the file itself, a pointer to it, or nothing."""

import os
from dataclasses import dataclass
from pathlib import Path

from reprise.adapters.data.trouble import mismatch, missing
from reprise.domain.data.pointers import LFS_MOST_BYTES, Pointer, read_pointer
from reprise.domain.data.sources import (
    Elsewhere,
    Fetchable,
    Malformed,
    Object,
    Tracked,
    parse_source,
)
from reprise.domain.errors import UserError
from reprise.domain.paths import parts_inside
from reprise.domain.spec.model import DataFile
from reprise.jobs import confined


@dataclass(frozen=True, slots=True)
class Outside:
    """It has to be fetched."""

    file: DataFile
    source: Fetchable
    pointer: Pointer | None


def look(tree: Path, file: DataFile) -> Outside | None:
    """None for a file that the commit holds. Raises NotFetched for what can be had nowhere."""
    head = read(tree, file.path, LFS_MOST_BYTES + 1, whole=False)
    if head is None:
        return Outside(file, _named(tree, file), None)
    pointer = read_pointer(head)
    if pointer is None:
        if file.sha256 is None:
            raise missing(f"data file `{file.path}` is committed: add the `sha256` that it must have")
        return None
    if file.sha256 is not None and file.sha256 != pointer.sha256:
        raise mismatch(
            f"`{file.path}` is another file than it must be: its Git LFS pointer names sha256 "
            f"{pointer.sha256}, the spec {file.sha256}; commit the one that belongs to the published result"
        )
    source = parse_source(file.source) if file.source is not None else Object()
    return Outside(file, Object() if isinstance(source, Elsewhere | Malformed) else source, pointer)


def read(tree: Path, path: str, limit: int, *, whole: bool = True) -> bytes | None:
    """A committed file; None when there is none. Raises NotFetched when it leads out, or is too large."""
    try:
        descriptor = confined.open_regular(tree, parts_inside(path))
    except UserError as error:
        raise missing(f"data: {error}: correct `data.path`") from error
    if descriptor is None:
        return None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if whole and len(data) > limit:
        raise missing(f"`{path}` has more than {limit} bytes, which is no description of data")
    return data


def _named(tree: Path, file: DataFile) -> Fetchable:
    if file.source is None:
        beside = f"{file.path}.dvc"
        if read(tree, beside, LFS_MOST_BYTES, whole=False) is not None:
            return Tracked(beside)
        raise missing(
            f"data file `{file.path}` is not in this commit: commit it, add its `source` or correct "
            "`data.path`"
        )
    match parse_source(file.source):
        case Elsewhere(why):
            raise missing(f"data file `{file.path}` is not in this commit, and {why}")
        case Malformed(why):
            raise missing(f"data file `{file.path}`: its source {why}")
        case Object():
            raise missing(f"data file `{file.path}` is no Git LFS pointer in this commit: `git lfs track` it")
        case source:
            return source
