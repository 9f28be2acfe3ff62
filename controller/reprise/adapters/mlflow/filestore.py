"""Reads the runs that a job logged with ``mlflow.*`` from the files that MLflow's file store left.

The files are a stranger's. They are parsed here, read-only and bounded, and not by MLflow's client,
which would follow an ``artifact_uri`` wherever it points. Links are never followed, anything that is
not a regular file is refused without opening it. Layout: ``<experiment>/<run>/{meta.yaml,metrics/…,params/…,
tags/…}``; deleted runs, models and datasets are skipped.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reprise.domain.errors import UserError
from reprise.ports import JobRun

MAX_RUNS = 1_000
MAX_POINTS = 1_000_000
MAX_NAME = 250
MAX_ENTRIES = 100_000
"""Names that are looked at in one store."""
MAX_TEXT_BYTES = 64 * 1024
"""Of a parameter, a tag or ``meta.yaml``."""
MAX_METRIC_BYTES = 100_000_000
"""Of all metric files together."""

META = "meta.yaml"
ARTIFACTS = "artifacts"

Metric = tuple[tuple[int, float, int], ...]


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A job's run with what only the tracker needs."""

    job: JobRun
    id: str
    """Its folder's name."""
    folder: Path
    status: int
    """MLflow's number: 3 finished, 4 failed, 5 killed."""
    started_ms: int
    ended_ms: int


def read_job_runs(folder: Path) -> tuple[JobRun, ...]:
    """The job's runs, oldest first; none when there is no such folder.

    Raises UserError with a sentence for the author when a file cannot be understood.
    """
    return tuple(stored.job for stored in read_stored_runs(folder))


def read_stored_runs(folder: Path) -> tuple[StoredRun, ...]:
    """As `read_job_runs`, with ids, times and folders."""
    return _Reader(folder).runs()


class _Reader:
    """One reading of one store; counts what was read."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._entries = 0
        self._points = 0
        self._metric_bytes = 0

    def runs(self) -> tuple[StoredRun, ...]:
        if not _is_folder(self._root):
            return ()
        found: list[StoredRun] = []
        for experiment in self._folders(self._root):
            for folder in self._folders(experiment):
                stored = self._run(folder)
                if stored is not None:
                    found.append(stored)
                if len(found) > MAX_RUNS:
                    raise UserError(f"the job logged more than {MAX_RUNS:,} MLflow runs: log fewer")
        return tuple(sorted(found, key=lambda stored: (stored.started_ms, stored.id)))

    def _run(self, folder: Path) -> StoredRun | None:
        """None when the folder is not a run (a model, a dataset) or the run was deleted."""
        if not os.path.lexists(folder / META):
            return None
        meta = _top_level(self._text(folder / META))
        if meta.get("lifecycle_stage") != "active" or "run_id" not in meta:
            return None
        tags = self._texts(folder / "tags")
        job = JobRun(
            name=tags.get("mlflow.runName") or folder.name,
            metrics={name: self._metric(path) for name, path in self._files(folder / "metrics")},
            params=self._texts(folder / "params"),
            tags=tags,
        )
        started_ms = _whole(meta.get("start_time"), 0)
        ended_ms = _whole(meta.get("end_time"), started_ms)
        status = _whole(meta.get("status"), 0)
        return StoredRun(job, folder.name, folder, status, started_ms, max(started_ms, ended_ms))

    def _folders(self, folder: Path) -> Iterator[Path]:
        """Not hidden ones: deleted experiments are in ``.trash``."""
        for entry in self._scan(folder):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield Path(entry.path)

    def _files(self, folder: Path, prefix: str = "") -> Iterator[tuple[str, Path]]:
        """name → file; a name with slashes is a file in folders."""
        if not _is_folder(folder):
            return
        for entry in self._scan(folder):
            name = prefix + entry.name
            if len(name) > MAX_NAME:
                raise UserError(
                    f"{self._said(folder)} has a name of more than {MAX_NAME} characters: use a shorter one"
                )
            if entry.is_dir(follow_symlinks=False):
                yield from self._files(Path(entry.path), name + "/")
            else:
                yield name, Path(entry.path)

    def _scan(self, folder: Path) -> list[os.DirEntry[str]]:
        with os.scandir(folder) as entries:
            listed = []
            for entry in entries:
                self._entries += 1
                if self._entries > MAX_ENTRIES:
                    raise UserError(
                        f"the job left more than {MAX_ENTRIES:,} MLflow files: log fewer runs or metrics"
                    )
                listed.append(entry)
        return sorted(listed, key=lambda entry: entry.name)

    def _texts(self, folder: Path) -> dict[str, str]:
        return {_printable(name): self._text(path) for name, path in self._files(folder)}

    def _text(self, path: Path) -> str:
        return self._read(path, MAX_TEXT_BYTES).decode("utf-8", "replace")

    def _metric(self, path: Path) -> Metric:
        data = self._read(path, MAX_METRIC_BYTES - self._metric_bytes)
        self._metric_bytes += len(data)
        lines = data.decode("utf-8", "replace").splitlines()
        self._points += len(lines)
        if self._points > MAX_POINTS:
            raise UserError(f"the job logged more than {MAX_POINTS:,} metric values: log fewer steps")
        return tuple(self._point(path, number, line) for number, line in enumerate(lines, 1))

    def _point(self, path: Path, number: int, line: str) -> tuple[int, float, int]:
        """``timestamp value [step [more]]``; the oldest MLflow wrote no step."""
        fields = line.split()
        try:
            return int(fields[0]), float(fields[1]), int(fields[2]) if len(fields) > 2 else 0
        except (IndexError, ValueError):
            raise UserError(
                f"{self._said(path)} line {number} is not `timestamp value step`: "
                "log metrics with mlflow only, and do not touch its files"
            ) from None

    def _read(self, path: Path, limit: int) -> bytes:
        """A regular file of at most ``limit`` bytes; others are refused, and never waited for."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise self._odd(path) from error
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise self._odd(path)
            data = file.read(limit + 1)
        if len(data) > limit:
            raise UserError(f"{self._said(path)} is larger than {limit:,} bytes: log less there")
        return data

    def _odd(self, path: Path) -> UserError:
        return UserError(
            f"{self._said(path)} is not a regular file: log with mlflow only, and do not touch its files"
        )

    def _said(self, path: Path) -> str:
        """For sentences: from the store's own folder on."""
        return _printable(str(Path(self._root.name) / path.relative_to(self._root)))[:200]


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _top_level(text: str) -> dict[str, str]:
    """The plain ``key: value`` lines of a ``meta.yaml``. MLflow writes nothing deeper that matters here.

    Not a YAML parser on purpose: there is nothing in it that a hostile file could exhaust.
    """
    pairs = (line.partition(": ") for line in text.splitlines() if line[:1].isalpha())
    return {key: value.strip().strip("'\"") for key, colon, value in pairs if colon}


def _whole(text: str | None, otherwise: int) -> int:
    return (
        int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else otherwise
    )


def _printable(text: str) -> str:
    """File names may hold bytes that are no text."""
    return text.encode("utf-8", "replace").decode()
