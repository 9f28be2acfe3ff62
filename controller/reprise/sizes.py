"""How much a folder holds. Counted file by file, while others may write and remove there."""

import os
import time
from pathlib import Path


def bytes_in(folder: Path, *, deep: bool = True, until: float | None = None) -> int:
    """Bytes of the files, whatever vanishes meanwhile; hard links count at each place.

    ``until``: on the monotonic clock, after which only what was counted so far is told.
    """
    total = 0
    for root, folders, names in os.walk(folder):
        if not deep:
            folders.clear()
        if until is not None and time.monotonic() > until:
            break
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue  # a live controller cleans up
    return total
