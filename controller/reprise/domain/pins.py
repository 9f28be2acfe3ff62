"""Which file pins the environment, and how well; the order is the same on every backend. Pure."""

import codecs
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

DETECTED = ("uv.lock", "pixi.lock", "conda-lock.yml", "requirements.txt", "Dockerfile")
"""Looked for at the root, in this order, when the spec names none."""

INSTALLED = "uv.lock and requirements.txt"
"""In words, what the process backend installs; see `is_installed_by_uv`. Images are made from all of them."""

NO_HASHES = "it has no hashes"


@dataclass(frozen=True, slots=True)
class Pins:
    lock: str
    """Path from the root."""
    sha256: str
    """64 hex digits, of the file."""
    weak: str | None
    """Why the same file may install something else one day; None when it may not."""
    empty: bool = False
    """Nothing is installed from it, so that there is nothing to pin."""


def chosen(declared: str | None, is_there: Callable[[str], bool]) -> str | None:
    """The declared lock file, else the first that is there; None when there is none."""
    candidates = DETECTED if declared is None else (declared,)
    return next((path for path in candidates if is_there(path)), None)


def is_lock(path: str) -> bool:
    """Whether `environment.lock` may name a file of this name."""
    return is_installed_by_uv(path) or path.endswith(("pixi.lock", "conda-lock.yml"))


def is_installed_by_uv(path: str) -> bool:
    """Whether the process backend installs from a file of this name; others need backend `docker`."""
    name = path.rpartition("/")[2]
    return name == "uv.lock" or name.endswith(".txt")


def read(path: str, content: bytes) -> Pins:
    sha256 = hashlib.sha256(content).hexdigest()
    if path.endswith(".txt") and _says_nothing(content):
        return Pins(path, sha256, None, empty=True)
    return Pins(path, sha256, weakness(path, content))


def _says_nothing(requirements: bytes) -> bool:
    lines = (line.strip() for line in requirements.removeprefix(codecs.BOM_UTF8).splitlines())
    return all(not line or line.startswith(b"#") for line in lines)


def weakness(path: str, content: bytes) -> str | None:
    """Of requirements: one hash is enough here, because some with and some without is an error later."""
    return NO_HASHES if path.endswith(".txt") and b"--hash=" not in content else None
