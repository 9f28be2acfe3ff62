"""Files of a trial that are there whole or not at all. Written by the supervisor, with which it travels.

Needs nothing but a Python >= 3.8 and its standard library.
"""

from __future__ import annotations

import json
import os
from typing import Any

RESULT_ROOM = 1 << 16
MANY_FILES = 200_000
"""Beyond these the files of a job are not counted to the end."""


def reserve_room(path: str) -> str:
    """A file of some size beside ``path``, so that a full disk does not swallow the result."""
    reserve = path + ".reserve"
    with open(reserve, "wb") as file:
        file.write(b" " * RESULT_ROOM)
    return reserve


def disk_bytes(folder: str) -> int:
    """What the files below take on the disk; no more is counted once they are `MANY_FILES`."""
    seen = total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            seen += 1
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
            except OSError:
                continue  # its path is longer than we can say
        if seen > MANY_FILES:
            break
    return total


def write_json(path: str, value: dict[str, Any]) -> None:
    """Atomically: readers see nothing or everything."""
    with open(path + ".new", "w") as file:
        json.dump(value, file)
    os.replace(path + ".new", path)


def write_if_room(path: str, data: bytes) -> None:
    """All or nothing, and never through a link."""
    try:
        remove(path + ".new")
        with open(path + ".new", "xb") as file:
            file.write(data)
        os.replace(path + ".new", path)
    except OSError:
        remove(path + ".new")


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # gone, or never there


def write_durably(path: str, value: dict[str, Any], reserve: str) -> None:
    """Atomically, into room that is already there, and on the disk when this returns."""
    with open(reserve, "r+b") as file:
        file.write(json.dumps(value).encode())
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    os.replace(reserve, path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
