"""Where an Engine finds a trial's folders: on this machine, or on its own, where they have to be brought."""

from typing import Protocol

from reprise.containers.own_python import OwnPython
from reprise.containers.wish import Mount
from reprise.domain.run import RunId
from reprise.ports import JobRequest


class Place(Protocol):
    """Safe for several threads. Calls may be repeated.

    They raise Retryable when the Engine's machine does not answer, OSError when ours does not take what
    comes back, and Refused when that is more than it should be.
    """

    @property
    def ours(self) -> bool:
        """Whether the Engine mounts our folders themselves, and no copies of them."""
        ...

    def user(self, job: JobRequest, *, rootless: bool) -> str:
        """``uid:gid`` that the job gets."""
        ...

    def lend(self, run_id: RunId, mount: Mount) -> Mount:
        """A file or folder of ours, for reading until the run is released: as the Engine calls it."""
        ...

    def bring(self, job: JobRequest, user: str, mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
        """What was laid out for the trial, anew: the mounts as the Engine calls them.

        ``user`` owns what the job may write.
        """
        ...

    def free_bytes(self, job: JobRequest) -> int:
        """Of the disk that the job writes to; 0 where nobody else writes."""
        ...

    def wrote(self, job: JobRequest) -> int:
        """Bytes that the trial takes on the disk."""
        ...

    def began(self, job: JobRequest) -> bool:
        """Whether the runner in the container took the trial up."""
        ...

    def fetch_told(self, job: JobRequest) -> None:
        """What the runner left, into the trial's folder here."""
        ...

    def fetch(self, job: JobRequest) -> None:
        """What the job left, as far as it is looked at."""
        ...

    def fetch_checkpoint(self, job: JobRequest) -> None:
        """The declared checkpoint's folder, also while the job runs."""
        ...

    def leave(self, job: JobRequest) -> None:
        """The trial's results are kept: nothing of it is needed there any more."""
        ...

    def python(self) -> OwnPython:
        """Of the Engine's machine."""
        ...
