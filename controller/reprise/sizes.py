"""How much a folder holds. Counted file by file, while others may write and remove there."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

_LOOK_EVERY = 256


def bytes_in(folder: Path, *, deep: bool = True, until: float | None = None) -> int:
    """Bytes of the files, whatever vanishes meanwhile; links are not followed, hard links count each time.

    ``until``: on the monotonic clock, after which only what was counted so far is told.
    """
    total = 0
    for number, entry in enumerate(_entries(folder, deep=deep)):
        if until is not None and number % _LOOK_EVERY == 0 and time.monotonic() > until:
            break
        try:
            total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue  # whoever works here cleans up
    return total


def _entries(folder: Path, *, deep: bool) -> Iterator[os.DirEntry[str]]:
    """Everything but folders."""
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        yield entry
                    elif deep:
                        waiting.append(entry.path)
        except OSError:
            continue
