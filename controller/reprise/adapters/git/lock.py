"""One writer per cache, also among several processes. Called by source.py and snapshot.py."""

import fcntl
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reprise.domain.errors import Retryable


@contextmanager
def locked(path: Path, *, timeout: float) -> Iterator[int]:
    """Hold the lock file; it ends with the process and whoever inherited its descriptor.

    Raises Retryable after ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Retryable(f"{path} has been locked for {timeout:.0f} s by another fetch") from None
                time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - jitter, not a secret
        yield file.fileno()
