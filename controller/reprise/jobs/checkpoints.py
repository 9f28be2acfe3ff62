"""Copies of the folder that a job can go on from, taken while it runs and put into the next attempt's tree.

A copy is whole or not there: it is written beside and renamed. What is in a file that the job is just
writing is the job's business, which writes it elsewhere and renames it. Results folders hold the copies,
so they outlive the machine. Called by the backends' runners and by `copying`.
"""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from reprise.domain.paths import parts_inside
from reprise.domain.run import Resumed
from reprise.domain.spec.model import Checkpoint
from reprise.jobs import collect, confined, layout
from reprise.jobs.checkpoint_folder import Bounds, Parts, Place, Seen, find, linked, look, require_room
from reprise.ports import Earlier, JobRequest
from reprise.removal import remove_tree

FOLDER = "checkpoints"
"""In a trial's results folder: one numbered folder, the last whole copy."""
FILES = "files"
TAKEN = "taken.json"
NEW = "new"
MAX_TAKEN_BYTES = 1 << 16
_RESUMED = TypeAdapter(Resumed)


class _Taken(BaseModel):
    """What is known of a copy, beside its files."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    in_output: bool
    """Whether the folder was found in the output folder, and not in workdir."""
    state: str
    """Digest of names, sizes and times, to see whether anything changed since."""
    files: int = Field(ge=0)
    links: dict[str, str] = {}
    """path → the name beside it that it stands for"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole copy."""

    folder: Path
    at: datetime
    in_output: bool
    state: str
    links: dict[str, str]


def take(job: JobRequest, rule: Checkpoint, *, bounds: Bounds, now: datetime) -> None:
    """Copy the folder into the results folder if it is there and changed since the last copy.

    Raises UserError when it cannot be taken whole, OSError when the copy cannot be written; the copy
    before stays then. Only one process takes copies of a trial at a time.
    """
    place = find(job, rule.path)
    if place is None:
        return
    seen = look(place, bounds)
    before = last(job.results)
    if not seen.files or (before is not None and before.state == seen.state):
        return
    require_room(job.results, seen.bytes)
    copies = job.results / FOLDER
    new = copies / NEW
    remove_tree(new)
    try:
        _copy(place, seen, new / FILES, bounds)
        told = _Taken(
            at=now, in_output=place.in_output, state=seen.state, files=len(seen.files), links=seen.links
        )
        (new / TAKEN).write_text(told.model_dump_json())
        _sync(new)
        older = _numbers(copies)
        new.rename(copies / str(max(older, default=0) + 1))
    finally:
        remove_tree(new)
    for number in older:
        remove_tree(copies / str(number))


def last(results: Path) -> Kept | None:
    """The last whole copy; one that cannot be read counts as none."""
    copies = results / FOLDER
    found = (_kept(copies / str(number)) for number in sorted(_numbers(copies), reverse=True))
    return next(filter(None, found), None)


def forget(results: Path) -> None:
    """Remove the copies of an attempt. None there is fine."""
    remove_tree(results / FOLDER)


# --- in the next attempt ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LaidOut:
    folder: Path
    """The checkpoint's folder on the machine."""
    resumed: Resumed


def lay_out(job: JobRequest) -> LaidOut | None:
    """Put the last whole copy of the earlier attempts where the job left it; None when there is none.

    First everything that the repository commits there is removed: it would pass for a checkpoint of the
    job's own. Called before the job starts, with fresh places. Raises OSError when there is no room, then
    nothing of it stays.
    """
    rule = job.spec.checkpoint
    if rule is None:
        return None
    start = (*parts_inside(job.spec.run.workdir), *parts_inside(rule.path))
    clear(job.tree, start)
    kept, attempt = _newest(job.earlier)
    if kept is None:
        return None
    output = job.folder / layout.OUTPUT
    place = Place(output, parts_inside(rule.path), True) if kept.in_output else Place(job.tree, start, False)
    if linked(place):
        return None
    folder = place.root.joinpath(*place.start)
    shutil.copytree(kept.folder / FILES, folder, dirs_exist_ok=True)
    for path, beside in kept.links.items():
        folder.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
        folder.joinpath(path).symlink_to(beside)
    return LaidOut(folder, Resumed(attempt, kept.at))


def keep_resumed(results: Path, laid: LaidOut | None) -> None:
    """Note in the results folder what the job goes on from, for its end."""
    path = results / layout.RESUMED
    if laid is None:
        path.unlink(missing_ok=True)
        return
    new = path.with_name(path.name + ".new")
    new.write_bytes(_RESUMED.dump_json(laid.resumed))
    new.replace(path)


def resumed(results: Path) -> Resumed | None:
    try:
        return _RESUMED.validate_json((results / layout.RESUMED).read_bytes())
    except FileNotFoundError:
        return None


def clear(tree: Path, start: Parts) -> None:
    """Remove all files and links of this folder of a tree that nobody changes meanwhile; folders stay.

    A folder that is reached through a link only is not a checkpoint's, and stays as it is.
    """
    if linked(Place(tree, start, False)):
        return
    for folder, below, names in os.walk(tree.joinpath(*start)):
        links = [name for name in below if os.path.islink(os.path.join(folder, name))]
        for name in (*names, *links):
            os.unlink(os.path.join(folder, name))


def _newest(earlier: tuple[Earlier, ...]) -> tuple[Kept | None, int]:
    for each in earlier:
        kept = last(each.results)
        if kept is not None:
            return kept, each.attempt
    return None, 0


# --- files ---------------------------------------------------------------------------------------


def _copy(place: Place, seen: Seen, into: Path, bounds: Bounds) -> None:
    """With their times: many programs take the newest. One that vanished meanwhile was a temporary file."""
    into.mkdir(parents=True)
    left = bounds.bytes
    for parts in seen.files:
        below = parts[len(place.start) :]
        descriptor = confined.open_regular(place.root, parts)
        if descriptor is None:
            continue
        changed = os.fstat(descriptor)
        target = into.joinpath(*below)
        left -= collect.copy(descriptor, target, "/".join(below), left, durable=True)[0]
        os.utime(target, ns=(changed.st_atime_ns, changed.st_mtime_ns))


def _kept(folder: Path) -> Kept | None:
    try:
        with (folder / TAKEN).open("rb") as file:
            told = _Taken.model_validate_json(file.read(MAX_TAKEN_BYTES))
    except (OSError, ValidationError):
        return None
    return Kept(folder, told.at.astimezone(UTC), told.in_output, told.state, told.links)


def _numbers(copies: Path) -> list[int]:
    try:
        return [int(name) for name in os.listdir(copies) if name.isdigit()]
    except FileNotFoundError:
        return []


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
