"""Opens files whose names strangers chose: regular ones only, through no link at the end, without waiting.

Called by whoever reads a tree that others wrote. What stands above the file is the caller's to look at.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: str | Path) -> BinaryIO:
    """To read. Raises OSError of whatever is no regular file, ValueError of a name that no file can have."""
    # A pipe would wait for somebody to write into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is no regular file")
    return os.fdopen(descriptor, "rb")


def read_regular(path: str | Path, most_bytes: int) -> bytes | None:
    """All of it; None of what `open_regular` refuses, and of what is larger."""
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > most_bytes:
                return None
            data = file.read(most_bytes + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= most_bytes else None
