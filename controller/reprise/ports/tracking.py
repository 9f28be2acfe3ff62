"""What is kept of a run for people who look at experiments."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reprise.domain.run import (
    RunId,
    Sha,
    TrialResult,
)
from reprise.domain.spec.model import Spec
from reprise.ports.building import Built


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run that the job itself logged with ``mlflow.*``."""

    name: str
    metrics: dict[str, tuple[tuple[int, float, int], ...]]
    """metric → (timestamp ms, value, step) in file order"""
    params: dict[str, str]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class TrialRecord:
    result: TrialResult
    results: Path
    """Folder with ``log.txt`` and ``files/``; see JobRequest.results."""
    started_at: datetime


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything the tracker keeps of a run."""

    run_id: RunId
    repository: str
    experiment: str
    commit: Sha
    tree: str
    ref: str
    """Tag name, ``#7`` for a pull request, or ``rehearsal``."""
    trigger: str
    who: str
    dirty: bool
    started_at: datetime
    ended_at: datetime
    spec: Spec
    spec_text: str
    built: Built | None
    trials: tuple[TrialRecord, ...]
    params: dict[str, str]
    repository_url: str = ""
    """Where people clone it from; empty for a folder of this machine."""


@dataclass(frozen=True, slots=True)
class Tracked:
    experiment_id: str
    run_id: str
    """The tracker's id of the parent run."""
    url: str | None
    """For people; None when nobody outside can open it."""


class Tracker(Protocol):
    def record(self, record: RunRecord) -> Tracked:
        """Parent and child runs with everything in them. Once per run id, however often called."""
        ...

    def conclude(self, tracked: Tracked, tags: dict[str, str], report: str) -> None:
        """Add the verdict's tags and the report. Safe to repeat."""
        ...

    def job_runs(self, results: Path) -> tuple[JobRun, ...]:
        """What the job logged with ``mlflow.*`` in this trial. Reads files only; bounded.

        Raises UserError when the files cannot be understood.
        """
        ...
