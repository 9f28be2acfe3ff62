"""From the declaration of data to bytes on this machine, checked, before a trial needs them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reprise.domain.fetched import FetchedFile
from reprise.domain.run import RunId
from reprise.domain.spec.model import Spec
from reprise.ports.building import Failed


@dataclass(frozen=True, slots=True)
class FetchRequest:
    run_id: RunId
    repository: str
    """``owner/name``: secrets are the operator's for one repository."""
    tree: Path
    """A clean export of the commit: pointers of Git LFS and DVC are in it."""
    spec: Spec
    log: Path
    """What is fetched is appended here while it happens."""
    trusted: bool = True
    """A stranger's code gets no secret."""
    stopping: Callable[[], bool] = lambda: False


class Fetcher(Protocol):
    def fetch(self, request: FetchRequest) -> tuple[FetchedFile, ...] | Failed:
        """Bring what the spec declares and the commit does not hold. Repeatable; what is here stays here.

        Failed: DATA_MISSING or DATA_MISMATCH with source, expected and got; CANCELLED when it was stopped.
        """
        ...

    def close(self) -> None:
        """End what is being fetched: it fails, and so does every later one."""
        ...
