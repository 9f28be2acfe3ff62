"""Makes a trial's folders ready: fresh places, no committed outputs, verified inputs. Called by the runner.

A result that the repository commits would pass for one that the job made, so every declared output
is removed before the job starts. Confined: see `confined`.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from reprise.domain.data.pointers import LFS_START
from reprise.domain.errors import UserError
from reprise.domain.paths import parts_inside
from reprise.domain.run import Reason
from reprise.domain.spec.model import DataFile, FileMetric, Spec
from reprise.jobs import confined, layout
from reprise.jobs.variables import Places
from reprise.ports import Failed, JobRequest
from reprise.removal import remove_tree

SCRATCH = Path("/tmp")  # noqa: S108  (of the job, not ours)
SOCKET_ROOM = 32
"""What ``multiprocessing`` adds to TMPDIR for its socket names, of the 107 bytes they may have."""
SOCKET_NAME_MAX = 107


def declared_outputs(spec: Spec) -> tuple[str, ...]:
    """Metric files and artifacts, each once, in the order of the spec."""
    metrics = [claim.metric.file for claim in spec.claims if isinstance(claim.metric, FileMetric)]
    return tuple(dict.fromkeys([*metrics, *(artifact.path for artifact in spec.artifacts)]))


def fresh_places(folder: Path, *, own_view: bool = False) -> Places:
    """Empty home, output and temporary folder, whatever an interrupted start left there.

    With ``own_view`` the job sees the temporary folder as ``/tmp``.
    """
    for name in layout.WRITABLE:
        remove_tree(folder / name)
        (folder / name).mkdir(mode=0o700, parents=True)
    temporary = SCRATCH if own_view else _temporary(folder)
    return Places(folder / layout.HOME, temporary, folder / layout.OUTPUT)


def remove_outputs(tree: Path, workdir: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Remove the files of these names below ``workdir``; returns those that were there.

    Only regular files and symbolic links go; folders stay, and nothing outside ``tree`` is touched.
    A path that does not stay inside is skipped here and named by the collection.
    """
    removed = []
    for path in paths:
        try:
            parts = (*parts_inside(workdir), *parts_inside(path))
        except UserError:
            continue
        if confined.remove_file(tree, parts):
            removed.append(path)
    return tuple(removed)


def check_workdir(job: JobRequest) -> Failed | None:
    workdir = job.spec.run.workdir
    try:
        found = confined.is_folder(job.tree, parts_inside(workdir))
    except UserError as error:
        return Failed(Reason.COMMAND_NOT_FOUND, f"run.workdir: {error}: correct it")
    if found:
        return None
    return Failed(
        Reason.COMMAND_NOT_FOUND,
        f"run.workdir `{workdir}` is not a folder of this commit: commit it or correct `run.workdir`",
    )


def inputs(job: JobRequest) -> tuple[DataFile, ...]:
    """The declared data, each with the digest that it had when the run fetched it."""
    fetched = {each.path: each.sha256 for each in job.data}
    return tuple(replace(each, sha256=fetched.get(each.path, each.sha256)) for each in job.spec.data)


def check_data(tree: Path, data: Iterable[DataFile]) -> Failed | None:
    """Whether the declared inputs are there and are the declared ones; the first that is not."""
    for file in data:
        try:
            found, pointer = _digest(tree, file.path)
        except UserError as error:
            return Failed(
                Reason.DATA_MISSING, f"data: {error}: commit the file itself or correct `data.path`"
            )
        if found is None:
            return Failed(
                Reason.DATA_MISSING,
                f"data file `{file.path}` is not in this commit: commit it or correct `data.path`",
            )
        if found != file.sha256:
            return Failed(Reason.DATA_MISMATCH, _mismatch(file, found, file.sha256, pointer=pointer))
    return None


def changed_data(tree: Path, data: Iterable[DataFile]) -> dict[str, str]:
    """After a trial: path → sentence for each input that the job changed."""
    problems = {}
    for file in data:
        failed = check_data(tree, [file])
        if failed is not None:
            problems[file.path] = changed_input(file.path)
    return problems


def changed_input(path: str) -> str:
    return f"the job changed its input `{path}`: write to another file"


def _temporary(folder: Path) -> Path:
    """The temporary folder, by a short name where socket names in it would get too long."""
    long = folder / layout.TEMPORARY
    if len(os.fsencode(long)) + SOCKET_ROOM <= SOCKET_NAME_MAX:
        return long
    short = layout.short_name(folder)
    try:
        short.symlink_to(long)
    except FileExistsError:
        return short if layout.points_to(short, long) else long
    return short


def _digest(tree: Path, path: str) -> tuple[str | None, bool]:
    """sha256 of a committed file and whether it is a Git LFS pointer; None when it is missing."""
    descriptor = confined.open_regular(tree, parts_inside(path))
    if descriptor is None:
        return None, False
    with open(descriptor, "rb") as file:
        start = file.read(len(LFS_START))
        digest = hashlib.sha256(start)
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest(), start == LFS_START


def _mismatch(file: DataFile, found: str, expected: str | None, *, pointer: bool) -> str:
    if expected is None:
        return f"`{file.path}` has no `sha256` in the spec: add what `sha256sum` prints"
    said = f"`{file.path}` has sha256 {found[:12]}…, the spec says {expected[:12]}…"
    if pointer:
        return f"{said}: it is a Git LFS pointer whose content was not fetched"
    return f"{said}: commit the file that belongs to the published result or correct `data.sha256`"
