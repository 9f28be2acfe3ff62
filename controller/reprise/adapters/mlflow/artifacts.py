"""Chooses the files that go to MLflow beside the numbers. Used by `tracker`; reads names only.

The files come from a job, so links and anything that is not a regular file are left out, and there is
a bound on all of them together. They are complete in the results folder whatever is left out here.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MAX_FILES = 2_000
MAX_BYTES = 2_000_000_000
MAX_ENTRIES = 100_000

_ODD = re.compile(r"[#%?\\\x00-\x1f\x7f\ud800-\udfff]")
"""MLflow refuses such paths, or its client would send them to another place."""


@dataclass(frozen=True, slots=True)
class Choice:
    files: tuple[tuple[Path, PurePosixPath], ...]
    """file → where it goes"""
    left_out: tuple[str, ...]
    """Sentences."""


def choose(folder: Path, into: str = "") -> Choice:
    """Regular files below a folder, by name, while the bounds last."""
    chosen: list[tuple[Path, PurePosixPath]] = []
    left_out: list[str] = []
    size = 0
    for file, length in _regular_files(folder):
        name = file.relative_to(folder).as_posix()
        if _ODD.search(name):
            left_out.append(f"{name!a}: MLflow takes no such name")
        elif len(chosen) >= MAX_FILES or size + length > MAX_BYTES:
            left_out.append(f"{name}: more than {MAX_FILES:,} files or {MAX_BYTES:,} bytes")
        else:
            size += length
            chosen.append((file, PurePosixPath(into, name)))
    return Choice(tuple(chosen), tuple(left_out))


def _regular_files(folder: Path) -> Iterator[tuple[Path, int]]:
    seen = 0
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in sorted(names):
            seen += 1
            if seen > MAX_ENTRIES:
                return
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                yield path, path.lstat().st_size
