"""Looks into folders that a stranger's job wrote: read-only, within bounds, and never through a link.

Anything that is not a regular file is refused without being waited for. Shared by whatever reads a job's
MLflow file store; what is counted is counted over one reading of one store.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from reprise.domain.errors import UserError
from reprise.regular import open_regular

MAX_POINTS = 1_000_000
MAX_NAME = 250
MAX_ENTRIES = 100_000
"""Names that are looked at in one store."""
MAX_TEXT_BYTES = 64 * 1024
"""Of a parameter, a tag or ``meta.yaml``."""
MAX_METRIC_BYTES = 100_000_000
"""Of all metric files together."""

Metric = tuple[tuple[int, float, int], ...]
"""(timestamp ms, value, step) in file order"""


class Bounded:
    """One reading of one store; raises UserError with a sentence for the author at whatever is odd."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._entries = 0
        self._points = 0
        self._metric_bytes = 0

    def exists(self, path: Path) -> bool:
        return os.path.lexists(path)

    def texts(self, folder: Path) -> dict[str, str]:
        """name → text of every file; a name with slashes is a file in folders."""
        return {_printable(name): self.text(path) for name, path in self._files(folder)}

    def text(self, path: Path) -> str:
        return self._read(path, MAX_TEXT_BYTES).decode("utf-8", "replace")

    def metrics(self, folder: Path) -> dict[str, Metric]:
        return {name: self._metric(path) for name, path in self._files(folder)}

    def folders(self, folder: Path) -> Iterator[Path]:
        """Not hidden ones: deleted experiments are in ``.trash``. None when there is no such folder."""
        if not is_folder(folder):
            return
        for entry in self._scan(folder):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield Path(entry.path)

    def _files(self, folder: Path, prefix: str = "") -> Iterator[tuple[str, Path]]:
        """name → file; a name with slashes is a file in folders."""
        if not is_folder(folder):
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
            with open_regular(path) as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise self._odd(path) from error
        if len(data) > limit:
            raise UserError(f"{self._said(path)} is larger than {limit:,} bytes: log less there")
        return data

    def _odd(self, path: Path) -> UserError:
        return UserError(
            f"{self._said(path)} is not a regular file: log with mlflow only, and do not touch its files"
        )

    def _said(self, path: Path) -> str:
        """For sentences: from the store's own folder on."""
        return _printable(str(Path(self.root.name) / path.relative_to(self.root)))[:200]


def is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def whole(text: str | None, otherwise: int) -> int:
    return (
        int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else otherwise
    )


def _printable(text: str) -> str:
    """File names may hold bytes that are no text."""
    return text.encode("utf-8", "replace").decode()
