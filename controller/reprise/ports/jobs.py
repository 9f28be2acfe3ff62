"""One execution of the command."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reprise.domain.fetched import FetchedFile
from reprise.domain.run import (
    Reason,
    Resumed,
    RunId,
    Sha,
    Submodule,
)
from reprise.domain.spec.model import Spec
from reprise.ports.building import Built, Failed


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a trial's tree comes from, for its environment record."""

    repository: str
    """``owner/name``, or the name of a folder."""
    tree: str
    """Digest of the commit's tree."""
    dirty: bool
    """Whether the commit is a snapshot of changes that nobody has committed."""
    submodules: tuple[Submodule, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """An attempt at the same trial that was lost."""

    attempt: int
    results: Path
    """Its results folder, with the checkpoints that were copied out of it."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One trial. The runner owns ``folder``; ``tree`` is a fresh export inside it."""

    folder: Path
    """``<allocation>/trials/<index>-<attempt>``: tree, home, output, and the supervisor's files."""
    results: Path
    """Where log and collected files go and stay: ``<state>/runs/<run id>/trials/<index>-<attempt>``."""
    tree: Path
    run_id: RunId
    commit: Sha
    committed_at: datetime
    spec: Spec
    built: Built
    seed: int
    cpus: int
    origin: Origin | None = None
    control: tuple[str, ...] | None = None
    """Further arguments of a control, behind the seed's."""
    data: tuple[FetchedFile, ...] = ()
    """Put into the tree, read-only where the backend can, and checked before and after."""
    earlier: tuple[Earlier, ...] = ()
    """The last first; the job goes on from the first of them that has a checkpoint."""


@dataclass(frozen=True, slots=True)
class Running:
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """The job ended, its declared files are in ``results/files`` and its environment record beside them."""

    reason: Reason
    """COMPLETED (exit 0), COMMAND_FAILED, COMMAND_NOT_FOUND, TIMED_OUT, OUT_OF_MEMORY …"""
    message: str
    exit_code: int | None
    started_at: datetime
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    log_bytes: int
    """Everything the job wrote to stdout and stderr."""
    log_cut: int
    """Bytes left out of the log's middle."""
    artifacts: dict[str, str | None] = field(default_factory=dict)
    """declared artifact path → sha256, None when it is not in ``results/files``"""
    problems: dict[str, str] = field(default_factory=dict)
    """path → sentence: an output that was not collected, an input that the job changed"""
    resumed: Resumed | None = None
    """What the job went on from; None when it started anew."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The job vanished without a result (its supervisor or machine died)."""

    message: str


class Runner(Protocol):
    """Executes jobs. Order: start, observe until Finished or Lost; stop at any time."""

    def start(self, job: JobRequest) -> Failed | None:
        """Start, or adopt when this folder's job already runs or ran. Removes declared outputs that
        the repository commits first. Failed: the job cannot be started, with the reason."""
        ...

    def observe(self, job: JobRequest) -> Running | Finished | Lost: ...

    def stop(self, job: JobRequest) -> None:
        """End everything the job started, within 15 s. Already gone is fine."""
        ...
