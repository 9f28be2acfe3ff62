"""A small file system of its own, for what happens when it is full."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, *, megabytes: int = 40) -> Iterator[None]:
    """Mounted at ``folder``. Raises OSError where none can be mounted."""
    folder.mkdir(parents=True, mode=0o700)
    mount = ("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder))
    done = subprocess.run(mount, check=False, timeout=10, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(("umount", "-l", str(folder)), check=True, timeout=10)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte of this folder's disk is free meanwhile."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    try:
        yield
    finally:
        filler.unlink()
