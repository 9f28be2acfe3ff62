"""File locks, for threads and processes alike. They end with the process that holds them.

Whoever inherits the descriptor holds the lock too, and so keeps it through our death.
"""

import fcntl
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reprise.domain.errors import Retryable

LONGEST_PAUSE_SECONDS = 0.05


@contextmanager
def locked(
    path: Path,
    *,
    timeout: float,
    shared: bool = False,
    waiting: Callable[[], None] = lambda: None,
    late: str | None = None,
) -> Iterator[int]:
    """Hold the lock file, made when it is missing; its descriptor.

    Raises Retryable, with the sentence ``late``, when it stays taken for ``timeout`` seconds. ``waiting``
    is called again and again until then, and may raise too.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + timeout
        while not _taken(descriptor, shared=shared):
            if time.monotonic() >= deadline:
                raise Retryable(late or f"{path} stayed locked for {timeout:.0f} s", after=10.0)
            waiting()
            time.sleep(random.uniform(0.2, 1) * LONGEST_PAUSE_SECONDS)  # noqa: S311 - jitter, not a secret
        yield descriptor
    finally:
        os.close(descriptor)


def release(descriptor: int) -> None:
    """Give the lock up for those too who inherited the descriptor and may have been left behind."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def if_free(path: Path) -> Iterator[bool]:
    """Hold the lock alone when nobody holds it now; whether that is so."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _taken(descriptor, shared=False)
    finally:
        os.close(descriptor)


def is_free(path: Path) -> bool:
    """Whether nobody holds it now. Makes no file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        return _taken(descriptor, shared=False)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, *, shared: bool) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
