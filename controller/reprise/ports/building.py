"""From a commit to an environment that trials can run in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reprise.domain.image import Image
from reprise.domain.run import (
    Reason,
    RunId,
)
from reprise.domain.spec.model import Spec


@dataclass(frozen=True, slots=True)
class BuildRequest:
    run_id: RunId
    tree: Path
    """A clean export of the commit, for reading lock files and building the project itself."""
    spec: Spec
    log: Path
    """Build output is appended here while it happens."""
    stopping: Callable[[], bool] = lambda: False
    """Looked at about once a second: the build is wanted no more and ends as CANCELLED."""
    repository: str = ""
    """``owner/name``, or the name of a folder."""
    commit: str = ""
    committed_at: datetime | None = None
    """The time that files of an image get."""
    trusted: bool = True
    """Whether the code is of somebody whom the repository trusts with its own."""


@dataclass(frozen=True, slots=True)
class Built:
    """An environment that trials can run in. Plain strings: it crosses a durable step."""

    key: str
    """Digest that identifies it: same key, same content."""
    location: str
    """For the process backend: the folder of the virtual environment."""
    layer: str | None
    """The project itself, installed per commit; None when it is not a package."""
    python: str
    """e.g. ``3.11.7``"""
    lock: str
    """Path of the lock file."""
    lock_sha256: str
    weak: str | None
    """Why the pin is weak (no hashes), None when it is not."""
    packages: dict[str, str]
    """installed distribution → version"""
    image: Image | None = None
    """Where trials run in a container; `location` is then what its engine calls it by."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An expected failure with its sentence; ``detail`` is a log tail for the report."""

    reason: Reason
    message: str
    detail: str = ""


class Builder(Protocol):
    def build(self, request: BuildRequest) -> Built | Failed:
        """Build or reuse. One build per key at a time however many ask; repeatable."""
        ...
