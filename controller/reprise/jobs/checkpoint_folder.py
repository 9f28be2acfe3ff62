"""The folder that a job keeps its checkpoints in, looked at from outside while the job changes it.

The tree is a stranger's, so nothing is followed out of it: see `confined`. Called by `checkpoints`.
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reprise.domain.errors import UserError
from reprise.domain.paths import MAX_PARTS, parts_inside
from reprise.jobs import collect, confined, layout
from reprise.ports import JobRequest

Parts = tuple[str, ...]
KEPT_FREE = 2 << 30
"""Bytes; a runner ends a job that leaves less than half of that."""
LINK = confined.kind(stat.S_IFLNK)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a checkpoint is kept; one that is larger is not kept at all."""

    files: int = 10_000
    bytes: int = 50_000_000_000
    names: int = 20_000
    """That are looked at, folders included."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the folder is, on the machine: a folder that must not be left, and the parts from it."""

    root: Path
    start: Parts
    in_output: bool


@dataclass(slots=True)
class Seen:
    files: list[Parts] = field(default_factory=list)
    """From the root, in order."""
    links: dict[str, str] = field(default_factory=dict)
    """path from the folder → the name beside it that it stands for"""
    bytes: int = 0
    state: str = ""
    """Digest of everything that would differ if something changed."""


def find(job: JobRequest, path: str) -> Place | None:
    """In workdir, else in the output folder; None where it is in neither.

    Raises UserError when it is reached through a symbolic link only.
    """
    parts = parts_inside(path)
    for place in (
        Place(job.tree, (*parts_inside(job.spec.run.workdir), *parts), False),
        Place(job.folder / layout.OUTPUT, parts, True),
    ):
        if not confined.is_real_folder(place.root) or not confined.is_folder(place.root, place.start):
            continue
        link = confined.first_link(place.root, place.start)
        if link is not None:
            raise UserError(f"`{path}` leads through the symbolic link `{link}`: make it a folder of its own")
        return place
    return None


def linked(place: Place) -> bool:
    """Whether a part of the way is a link, or no folder at all. Of a tree that nobody changes meanwhile."""
    here = place.root
    for part in place.start:
        here = here / part
        if here.is_symlink() or (here.exists() and not here.is_dir()):
            return True
    return False


def look(place: Place, bounds: Bounds) -> Seen:
    """Everything in it. Raises UserError when that is too much, or something that cannot be kept."""
    seen, digest = Seen(), hashlib.sha256()
    for parts, size, kind in sorted(_walk(place, bounds)):
        what = str(_changed_at(place.root, parts))
        if kind == LINK:
            what = _beside(place.root, parts)
            seen.links["/".join(parts[len(place.start) :])] = what
        else:
            seen.files.append(parts)
            seen.bytes += size
        digest.update(f"{parts} {size} {what}\n".encode())
    if len(seen.files) > bounds.files or seen.bytes > bounds.bytes:
        raise UserError(
            f"it holds {len(seen.files):,} files and {seen.bytes:,} bytes; "
            f"at most {bounds.files:,} files and {bounds.bytes:,} bytes are kept"
        )
    seen.state = digest.hexdigest()
    return seen


def require_room(folder: Path, needed: int) -> None:
    """Raises UserError where a copy of so many bytes would take the room that trials need."""
    free = shutil.disk_usage(folder).free
    if needed > free - min(KEPT_FREE, free // 2):
        raise UserError(f"it holds {needed:,} bytes, for which the controller's disk has no room")


def _walk(place: Place, bounds: Bounds) -> Iterator[tuple[Parts, int, str]]:
    """Parts, size and kind of each file and link."""
    pending, names = [place.start], 0
    refused = collect.Collected()
    while pending:
        folder = pending.pop()
        for name, size, kind in collect.entries(place.root, folder, refused):
            names += 1
            parts = (*folder, name)
            if names > bounds.names:
                raise UserError(f"it holds more than {bounds.names:,} names")
            if kind == collect.FOLDER and len(parts) < MAX_PARTS:
                pending.append(parts)
            elif kind in (collect.REGULAR, LINK):
                yield parts, size, kind
            else:
                raise UserError(f"`{'/'.join(parts)}` is {kind}, not a regular file")
    for sentence in refused.refused.values():
        raise UserError(sentence)


def _changed_at(root: Path, parts: Parts) -> int:
    """In nanoseconds; 0 when it is gone."""
    try:
        with confined.located(root, parts, follow_last=False) as place:
            return (
                0 if place is None else os.stat(place[1], dir_fd=place[0], follow_symlinks=False).st_mtime_ns
            )
    except FileNotFoundError:
        return 0


def _beside(root: Path, parts: Parts) -> str:
    """The name that a link stands for. Raises UserError when it is not one in the link's own folder."""
    shown = "/".join(parts)
    try:
        with confined.located(root, parts, follow_last=False) as place:
            target = "" if place is None else os.readlink(place[1], dir_fd=place[0])
    except OSError as error:
        raise UserError(f"the symbolic link `{shown}` cannot be read: {error.strerror}") from error
    if "/" in target or target in ("", ".", ".."):
        raise UserError(f"the symbolic link `{shown}` leads out of its folder, so it is not kept")
    return target
