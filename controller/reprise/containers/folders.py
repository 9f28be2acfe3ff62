"""A trial's folder on this machine: what its container mounts of it, and what the container never sees."""

import json
import os
import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reprise.containers import inside
from reprise.containers.ending import Marks
from reprise.containers.log import ERRORS
from reprise.containers.wish import Mount
from reprise.domain import environment, system_metrics
from reprise.domain.errors import UserError
from reprise.domain.paths import parts_inside
from reprise.domain.run import Reason
from reprise.domain.spec.model import DataFile
from reprise.jobs import confined, keeping, layout, prepare
from reprise.jobs.outcome import Facts
from reprise.ports import Failed, JobRequest
from reprise.removal import remove_tree
from reprise_runner.capture import MACHINE

FIRST_UID = 64501
"""Of the throw-away users, one per slot; others than the process backend's, whose jobs could reach ours."""
TRIAL = "trial"
"""Mounted as the runner's own folder; the job could write there too."""
BROUGHT_OUT = (system_metrics.NAME, MACHINE, environment.NVIDIA_SMI)
"""What the runner leaves for the record, where its readers look for it."""

FULL = ("disk_full", "disk_taken")
"""Outcomes that are told apart by who wrote so much."""

STOPPED = "stopped"
LATE = "late"
DISK = "disk"
IDLE = "idle"
GIVEN = "given.json"
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Given:
    """What a trial's container was given, kept for its end."""

    about: dict[str, Any]
    memory_bytes: int
    disk_free: int
    """When it started."""
    mounted: dict[str, int] = field(default_factory=dict)
    """Path of fetched data → inode of what it is mounted over, which nobody can remove; or `BROUGHT`."""


BROUGHT = 0
"""What it is mounted over is a copy on another machine: when that comes back it still has to be empty."""

GIVEN_TYPE = TypeAdapter(Given)


def mounts(job: JobRequest, runner: Path) -> tuple[Mount, ...]:
    folder = job.folder
    return (
        Mount(runner, inside.RUNNER),
        Mount(folder / TRIAL, inside.TRIAL, writable=True),
        Mount(job.tree, inside.TREE, writable=True),
        Mount(folder / layout.HOME, inside.PLACES.home, writable=True),
        Mount(folder / layout.OUTPUT, inside.PLACES.output, writable=True),
        Mount(folder / layout.TEMPORARY, inside.PLACES.temporary, writable=True),
        Mount(folder / layout.INSIDE, inside.INSIDE, writable=True),
        Mount(folder / layout.HOOK, inside.HOOK),
        *(Mount(Path(file.location), inside.TREE / file.path) for file in job.data),
    )


def seen(job: JobRequest, folder: Path) -> Path:
    """What the job calls a folder of its tree or of its output."""
    for place, name in ((job.tree, inside.TREE), (job.folder / layout.OUTPUT, inside.PLACES.output)):
        if folder.is_relative_to(place):
            return name / folder.relative_to(place)
    raise ValueError(f"{folder} is in no folder of the job")


def user(job: JobRequest, *, rootless: bool) -> str:
    """``uid:gid``. In a rootless Engine root is the user who runs it, and nobody else could write here."""
    if rootless:
        return "0:0"
    if os.geteuid() != 0:
        return f"{os.geteuid()}:{os.getegid()}"
    uid = FIRST_UID + layout.slot(job.folder.parent.parent)
    return f"{uid}:{uid}"


def user_words(slot: int, *, rootless: bool) -> str:
    """What `user` is, for people."""
    if rootless:
        return "not root (rootless Engine)"
    if os.geteuid() != 0:
        return "not root (the controller's own user)"
    return f"not root (throw-away uid {FIRST_UID + slot})"


def lay_out(job: JobRequest, written: dict[str, object], given: Given, *, ours: bool) -> None:
    """``job.json`` twice: for the runner, and where the job cannot change it.

    ``ours``: whether the Engine mounts these very folders.
    """
    remove_tree(job.folder / TRIAL)
    (job.folder / TRIAL).mkdir(mode=0o700)
    for place in (job.folder, job.folder / TRIAL):
        keeping.write_text(place / layout.JOB, json.dumps(written))
    mounted = {
        file.path: _mount_point(job.tree, file.path, folder=Path(file.location).is_dir()) for file in job.data
    }
    given = replace(given, mounted=mounted if ours else dict.fromkeys(mounted, BROUGHT))
    keeping.write_text(job.folder / GIVEN, json.dumps(asdict(given)))


def hand_over(job: JobRequest, user: str) -> None:
    """The job's user owns what the job may write, where the controller may give it away."""
    uid, _, gid = user.partition(":")
    if os.geteuid() != 0 or int(uid) == 0:
        return
    for place in (job.tree, *(job.folder / name for name in (TRIAL, *layout.WRITABLE))):
        _chown(place, int(uid), int(gid))


def check_data(job: JobRequest) -> Failed | None:
    """Committed data by its digest; fetched data is mounted, so nothing may be in the way."""
    for file in job.data:
        try:
            link = confined.first_link(job.tree, parts_inside(file.path))
        except UserError as error:
            return Failed(Reason.DATA_MISSING, f"data: {error}: correct `data.path`")
        if link is not None:
            return Failed(
                Reason.DATA_MISSING,
                f"data: `{file.path}` leads through the symbolic link `{link}`: correct `data.path`",
            )
        if (job.tree / file.path).is_dir() and not Path(file.location).is_dir():
            return Failed(
                Reason.DATA_MISSING, f"data: `{file.path}` is a folder of the commit: correct `data.path`"
            )
    return prepare.check_data(job.tree, committed(job))


def committed(job: JobRequest) -> tuple[DataFile, ...]:
    """Declared data that is in the commit: a job can change it. What was fetched is mounted read-only."""
    fetched = {file.path for file in job.data}
    return tuple(file for file in prepare.inputs(job) if file.path not in fetched)


def moved(job: JobRequest, given: Given) -> dict[str, str]:
    """After a trial: path → sentence for fetched data in whose place the job put something else.

    The data itself cannot be written, but a folder above it can be renamed, and takes the mount with it.
    """
    return {
        path: prepare.changed_input(path)
        for path, inode in given.mounted.items()
        if not _is(job.tree, path, inode)
    }


# --- what we did, and what was said -----------------------------------------------------------------


def mark(folder: Path, name: str, text: str = "") -> None:
    (folder / f"{name}.mark").write_text(text)


def marks(folder: Path) -> Marks:
    return Marks(
        stopped=(folder / f"{STOPPED}.mark").exists(),
        late=(folder / f"{LATE}.mark").exists(),
        disk=_text(folder / f"{DISK}.mark"),
        idle=_text(folder / f"{IDLE}.mark"),
    )


def complaint(folder: Path) -> str:
    """The last line that the runner wrote to its standard error."""
    lines = _text(folder / ERRORS).strip().splitlines()
    return lines[-1][-200:] if lines else ""


def read_given(folder: Path) -> Given:
    try:
        return GIVEN_TYPE.validate_json((folder / GIVEN).read_bytes())
    except (FileNotFoundError, ValidationError):
        return Given({}, 0, 0)


def bring_out(folder: Path) -> None:
    """Renamed, never opened: a link stays one, and whoever reads it refuses it."""
    for name in BROUGHT_OUT:
        try:
            (folder / TRIAL / name).replace(folder / name)
        except FileNotFoundError:
            continue


def whose_disk(facts: Facts, *, own: int, taken: int) -> Facts:
    """Whether a full disk is the job's doing: the runner sees only its own folder, we see all of them.

    ``own``: bytes that the trial takes, ``taken``: that anybody took since it started.
    """
    mine = own >= MEGABYTE and own * 2 >= taken
    return facts.model_copy(update={"outcome": "disk_full" if mine else "disk_taken"})


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _mount_point(tree: Path, path: str, *, folder: bool) -> int:
    """The inode of something to mount over. No part of the path is a link: `check_data` looked."""
    target = tree.joinpath(*parts_inside(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    if folder:
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    return target.lstat().st_ino


def _is(tree: Path, path: str, inode: int) -> bool:
    """Whether this is what the path still names, by no link that the job put on the way."""
    try:
        with confined.located(tree, parts_inside(path), follow_last=False) as place:
            if place is None or confined.first_link(tree, parts_inside(path)) is not None:
                return False
            folder, name = place
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if inode != BROUGHT:
                return found.st_ino == inode
            return not os.listdir(tree / path) if stat.S_ISDIR(found.st_mode) else found.st_size == 0
    except (OSError, UserError):
        return False


def _chown(top: Path, uid: int, gid: int) -> None:
    os.chown(top, uid, gid, follow_symlinks=False)
    for root, kinds in _walk(top):
        for name in kinds:
            os.chown(os.path.join(root, name), uid, gid, follow_symlinks=False)


def _walk(top: Path) -> Iterable[tuple[str, list[str]]]:
    for root, inner, files in os.walk(top):
        yield root, [*inner, *files]
