"""Takes a trial's files into its results folder, where they stay. Called by the runner, once per trial.

Declared outputs are looked for in ``workdir``, then in the output folder. Of the output folder
everything else is taken too, up to bounds, and the MLflow files that the job logged there. MLflow
files in ``workdir`` are not: the repository could have committed them. What cannot be taken is named,
never waited for and never followed out of the trial's folders.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reprise.domain.errors import UserError
from reprise.domain.paths import MAX_PARTS, parts_inside
from reprise.domain.spec.model import FileMetric, Spec
from reprise.jobs import confined, layout, prepare

CHUNK = 1 << 20
REGULAR, FOLDER = confined.kind(stat.S_IFREG), confined.kind(stat.S_IFDIR)
MAX_NAMED = 20
"""Refusals of undeclared files that are named one by one."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is taken, in bytes and numbers of files."""

    metric_bytes: int = 16_000_000
    artifact_bytes: int = 10_000_000_000
    """All declared artifacts of a trial together."""
    extra_files: int = 1_000
    extra_bytes: int = 1_000_000_000
    mlflow_files: int = 20_000
    mlflow_bytes: int = 1_000_000_000
    entries: int = 200_000
    """Names that are looked at in one folder tree."""


@dataclass(slots=True)
class Collected:
    """What was taken, path by path, in the order it was looked for."""

    found: dict[str, str] = field(default_factory=dict)
    """declared path → sha256"""
    missing: list[str] = field(default_factory=list)
    """declared paths that are nowhere"""
    refused: dict[str, str] = field(default_factory=dict)
    """path → sentence"""
    extra: list[str] = field(default_factory=list)
    """Undeclared files of the output folder."""


def collect(spec: Spec, *, tree: Path, output: Path, results: Path, bounds: Bounds) -> Collected:
    """Copy into ``results/files`` and ``results/mlruns``, which must not exist yet.

    Raises OSError when the results folder cannot be written; the trial's own oddities are in
    ``refused``.
    """
    collected = Collected()
    files = results / layout.FILES
    files.mkdir(parents=True)
    left = bounds.artifact_bytes
    metrics = {claim.metric.file for claim in spec.claims if isinstance(claim.metric, FileMetric)}
    for path in prepare.declared_outputs(spec):
        limit = min(left, bounds.metric_bytes) if path in metrics else left
        left -= _collect_declared(path, _roots(spec, tree, output), files, limit, collected)
    if not confined.is_real_folder(output):
        collected.refused["."] = "the job removed its output folder, so nothing was collected from it"
        return collected
    extra = Share(output, (), files, bounds.extra_files, bounds.extra_bytes, bounds.entries)
    _collect_share(extra, collected)
    if confined.is_real_folder(output / layout.MLRUNS):
        start, most = (layout.MLRUNS,), (bounds.mlflow_files, bounds.mlflow_bytes, bounds.entries)
        _collect_share(Share(output, start, results, *most), collected)
    return collected


Root = tuple[Path, tuple[str, ...]]
"""A folder that must not be left, and the parts from it to where paths begin."""


def _roots(spec: Spec, tree: Path, output: Path) -> tuple[Root, ...]:
    return (tree, parts_inside(spec.run.workdir)), (output, ())


def _collect_declared(path: str, roots: Sequence[Root], files: Path, limit: int, collected: Collected) -> int:
    """Bytes taken. The first root that has something of that name decides."""
    try:
        parts = parts_inside(path)
        for root, start in _present(roots):
            descriptor = confined.open_regular(root, (*start, *parts))
            if descriptor is not None:
                target = files.joinpath(*parts)
                size, collected.found[path] = copy(descriptor, target, path, limit, durable=True)
                return size
        links = (confined.first_link(root, (*start, *parts)) for root, start in _present(roots))
        link = next(filter(None, links), None)
    except UserError as error:
        collected.refused[path] = str(error)
        return 0
    if link is None:
        collected.missing.append(path)
    else:
        collected.refused[path] = (
            f"`{path}` leads through the symbolic link `{link}`, and no such file is where it points: "
            "write it below workdir or $REPRISE_OUTPUT_DIR without a link on the way"
        )
    return 0


def _present(roots: Sequence[Root]) -> list[Root]:
    return [(root, start) for root, start in roots if confined.is_real_folder(root)]


def copy(descriptor: int, target: Path, path: str, limit: int, *, durable: bool = False) -> tuple[int, str]:
    """Size and sha256. Raises UserError when the file is larger than ``limit`` or unreadable."""
    with open(descriptor, "rb", buffering=0) as source:
        if os.fstat(descriptor).st_size > limit:
            raise _too_large(path, limit)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise UserError(f"`{path}` has a folder's name that another output has as a file") from error
        size, digest = 0, hashlib.sha256()
        with target.open("xb", buffering=0) as written:
            while data := _read(source.fileno(), path):
                size += len(data)
                if size > limit:
                    target.unlink()
                    raise _too_large(path, limit)
                digest.update(data)
                written.write(data)
            if durable:  # a verdict rests on it
                os.fsync(written.fileno())
    return size, digest.hexdigest()


def _read(descriptor: int, path: str) -> bytes:
    try:
        return os.read(descriptor, CHUNK)
    except OSError as error:
        raise UserError(f"`{path}` cannot be read: {error.strerror}") from error


def _too_large(path: str, limit: int) -> UserError:
    return UserError(f"`{path}` is larger than the {limit:,} bytes that are collected")


# --- undeclared files ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """A folder of the output folder, where its files go, and how much is taken."""

    output: Path
    start: tuple[str, ...]
    into: Path
    files: int
    bytes: int
    entries: int


def _collect_share(share: Share, collected: Collected) -> None:
    """Smallest first, so that one huge file does not keep the others out."""
    files, left, left_out = 0, share.bytes, 0
    for size, parts in sorted(_regular_files(share, collected)):
        if share.into.joinpath(*parts).exists():
            continue  # a declared output of the same name
        if files >= share.files or size > left:
            left_out += 1
            continue
        files += 1
        left -= _collect_extra(share, parts, left, collected)
    if left_out:
        where = "/".join(share.start) or "."
        most = f"{share.files:,} files and {share.bytes:,} bytes"
        collected.refused[where] = (
            f"{left_out} files of the output folder were left out: at most {most} are kept"
        )


def _collect_extra(share: Share, parts: tuple[str, ...], limit: int, collected: Collected) -> int:
    path = "/".join(parts)
    try:
        descriptor = confined.open_regular(share.output, parts)
        if descriptor is None:
            return 0
        size, _ = copy(descriptor, share.into.joinpath(*parts), path, limit)
    except UserError as error:
        _refuse(path, str(error), collected)
        return 0
    if not share.start:
        collected.extra.append(path)
    return size


def _regular_files(share: Share, collected: Collected) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Size and parts of each regular file; everything else is named and skipped."""
    pending, seen = [share.start], 0
    while pending:
        folder = pending.pop()
        for entry, size, is_a in entries(share.output, folder, collected):
            seen += 1
            if seen > share.entries:
                collected.refused["."] = f"more than {share.entries:,} names: the others were not looked at"
                return
            parts = (*folder, entry)
            if is_a == REGULAR:
                yield size, parts
            elif is_a != FOLDER:
                _refuse("/".join(parts), f"`{'/'.join(parts)}` is {is_a}, not a regular file", collected)
            elif parts != (layout.MLRUNS,) and len(parts) < MAX_PARTS:
                pending.append(parts)


def entries(output: Path, folder: tuple[str, ...], collected: Collected) -> Iterator[tuple[str, int, str]]:
    """Name, size and kind of what is in a folder."""
    try:
        with confined.located(output, (*folder, "."), follow_last=False) as place:
            if place is None:
                return
            with os.scandir(place[0]) as entries:
                for entry in entries:
                    info = entry.stat(follow_symlinks=False)
                    if entry.name.isprintable():
                        yield entry.name, info.st_size, confined.kind(info.st_mode)
                    else:
                        _refuse(ascii(entry.name), f"{entry.name!a} is not a printable name", collected)
    except (OSError, UserError) as error:
        shown = "/".join(folder) or "."
        _refuse(shown, f"`{shown}` cannot be listed: {error}", collected)


def _refuse(path: str, sentence: str, collected: Collected) -> None:
    if len(collected.refused) < MAX_NAMED:
        collected.refused[path] = sentence
    else:
        collected.refused["…"] = "further files were not collected either"
