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
    """Looked at about once a second: then it ends as CANCELLED."""
    remote: str = ""
    """Where the repository is cloned from: an address, or ``file:`` for a folder of this machine."""


class Fetcher(Protocol):
    def fetch(self, request: FetchRequest) -> tuple[FetchedFile, ...] | Failed:
        """Bring what the spec declares and the commit does not hold. Repeatable; what is here stays here.

        Whatever a commit holds itself is left out; a pointer of Git LFS or DVC is not the data. The files
        stay where they are as long as ``request.tree`` does. Failed: DATA_MISSING or DATA_MISMATCH with
        source, expected and got; REFUSED by the operator's rules; CANCELLED when it was stopped;
        INFRASTRUCTURE when nobody answered.
        """
        ...

    def close(self) -> None:
        """End what is being fetched: it fails, and so does every later one."""
        ...
