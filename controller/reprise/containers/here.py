"""The Engine's machine is this one: it sees our folders as they are."""

import shutil

from reprise.containers import folders
from reprise.containers.own_python import OwnPython, own_python
from reprise.containers.wish import Mount
from reprise.domain.run import RunId
from reprise.jobs import layout
from reprise.ports import JobRequest
from reprise_runner import job_files


class Here:
    """A place that needs nothing brought and nothing fetched."""

    ours = True

    def user(self, job: JobRequest, *, rootless: bool) -> str:
        return folders.user(job, rootless=rootless)

    def lend(self, run_id: RunId, mount: Mount) -> Mount:
        return mount

    def bring(self, job: JobRequest, user: str, mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
        folders.hand_over(job, user)
        return mounts

    def free_bytes(self, job: JobRequest) -> int:
        return shutil.disk_usage(job.folder).free

    def wrote(self, job: JobRequest) -> int:
        names = ("tree", folders.TRIAL, *layout.WRITABLE)
        return sum(job_files.disk_bytes(str(job.folder / name)) for name in names)

    def began(self, job: JobRequest) -> bool:
        return (job.folder / folders.TRIAL / layout.CLAIM).exists()

    def fetch_told(self, job: JobRequest) -> None:
        """It is here."""

    def fetch(self, job: JobRequest) -> None:
        """It is here."""

    def fetch_checkpoint(self, job: JobRequest) -> None:
        """It is here."""

    def leave(self, job: JobRequest) -> None:
        """It goes with the run's folder."""

    def python(self) -> OwnPython:
        return own_python()
