"""The folder of a box, and its end: also of one whose keeper was killed."""

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.box.leftovers import PATIENCE, kill, marked

PREFIX = "reprise-openstack-"


@contextmanager
def box_folder() -> Iterator[Path]:
    """Whatever runs in it has ended when this is over."""
    clear_abandoned()
    with locked_folder() as folder:
        try:
            yield folder
        finally:
            clear(folder)


@contextmanager
def locked_folder() -> Iterator[Path]:
    """Gets its name when it is locked, so that nobody takes it for an abandoned one."""
    name = f"{PREFIX}{secrets.token_hex(4)}"
    making = Path(tempfile.gettempdir()) / f"making-{name}"
    making.mkdir(mode=0o700)
    with (making / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = making.rename(making.with_name(name))
        (folder / "tmp").mkdir()
        yield folder


def clear_abandoned() -> None:
    """A living keeper holds the lock of its box; the kernel lets go of a dead one's."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # another keeper may be clearing the same one
            clear_if_abandoned(folder)


def clear_if_abandoned(folder: Path) -> None:
    if folder.lstat().st_uid != os.geteuid():
        return
    with (folder / "lock").open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        clear(folder)


def clear(folder: Path) -> None:
    """Raises TimeoutError when a process of it does not die."""
    deadline = time.monotonic() + PATIENCE
    while pids := set(marked(folder)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {sorted(pids)} of {folder} do not end")
        kill(pids)
        time.sleep(0.1)
    shutil.rmtree(folder)
