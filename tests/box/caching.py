"""What is made once and kept below the project's cache, and how long that took."""

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache" / "box"


@contextmanager
def alone() -> Iterator[None]:
    """One process prepares the box at a time; a late comer finds everything made."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill; it gets its name when it is complete."""
    building = folder.with_name(f"{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    yield building
    os.replace(building, folder)


@contextmanager
def note_seconds(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    print(f"box: {what}: {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
