"""Where a demo finds its example and keeps what it makes: in the checkout that it runs from."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reprise.domain.errors import UserError

_CHECKOUT = Path(__file__).resolve().parents[3]
CACHE = _CHECKOUT / ".cache" / "reprise"
"""Environments, so that the second demo does not install them again."""


def example_of(folder: Path | None) -> Path:
    """The checkout's own without another. Raises UserError when it is none."""
    source = folder or _CHECKOUT / "example-repo"
    if not (source / "reprise.yaml").is_file():
        raise UserError(f"{source} has no reprise.yaml: run the demo from a checkout of Reprise")
    return source


@contextmanager
def demo_folder(name: str) -> Iterator[Path]:
    """A fresh folder for one demo of this name at a time; the last one's is removed first."""
    state = _CHECKOUT / ".state"
    state.mkdir(parents=True, exist_ok=True)
    with (state / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError("another demo runs in this checkout: end it first") from None
        folder = state / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(exist_ok=True)
        yield folder
