"""What is made once and kept below the project's cache: the services' environment and their first state."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "openstack"


@contextmanager
def alone() -> Iterator[None]:
    """One process prepares at a time; a late comer finds everything made."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def key_of(*files: Path) -> str:
    """Another one as soon as any of the files says something else."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
