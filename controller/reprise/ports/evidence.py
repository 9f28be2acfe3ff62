"""What a verdict rests on, sealed."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from reprise.domain.backend import PROCESS
from reprise.domain.fetched import FetchedFile
from reprise.domain.run import (
    Judgement,
    RunId,
    Sha,
    TrialPlan,
    TrialResult,
    Value,
)
from reprise.domain.spec.model import Spec
from reprise.ports.building import Built, Failed


@dataclass(frozen=True, slots=True)
class LoggedMetrics:
    """What a job logged to MLflow under the names that claims use, or why that cannot be told."""

    points: dict[str, tuple[tuple[int, float, int], ...]]
    """metric → (timestamp ms, value, step) in file order"""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class SealedTrial:
    """An attempt at a trial, as it goes into the evidence."""

    plan: TrialPlan
    attempt: int
    started_at: datetime
    result: TrialResult | None
    """None when the attempt was lost."""
    lost: str | None
    results: Path
    """Folder with ``log.txt`` and ``files/``; see JobRequest.results."""
    logged: LoggedMetrics | None
    """None when no claim asks for it."""


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """Everything that a verdict rests on. The same record makes the same bytes."""

    run_id: RunId
    repository: str
    repository_url: str
    """Where people clone it from; empty for a folder of this machine."""
    commit: Sha
    tree: str
    experiment: str
    spec_file: str
    declaration: bytes | None
    """The spec file as committed; None when the commit or the file is gone."""
    committed: dict[str, bytes]
    """Further files of the commit that the spec names, by path from the root."""
    lock: bytes | None
    """The lock file as committed; None when there is none or it cannot be read."""
    data_sizes: dict[str, int]
    """Bytes of the data that the declaration names, by path, where they are known."""
    spec: Spec | None
    """As it was asked for; None when the declaration cannot be used."""
    judgement: Judgement
    result: dict[str, Any]
    """The JSON object of the run."""
    report: str
    """Markdown."""
    metrics: dict[str, Value]
    """What a run that claims nothing is told to have given."""
    claims_asked: tuple[str, ...] | None
    seeds_asked: int | None
    coin: str
    coin_public: bool
    ending: Failed | None
    """Why it ended before it could be judged."""
    who: str
    ref: str
    trigger: str
    rehearsal: bool
    dirty: bool
    requested_at: datetime
    started_at: datetime
    judged_at: datetime
    """When judging began."""
    ended_at: datetime
    isolation: str
    network: str
    machine: str
    built: Built | None
    trials: tuple[SealedTrial, ...]
    """Every attempt, in order."""
    page: str | None = None
    """Where people read about the run; None where nobody outside could open it."""
    backend: str = PROCESS
    fetched: tuple[FetchedFile, ...] = ()
    """Data that the commit does not hold."""
    ledger: tuple[dict[str, Any], ...] = ()
    """Earlier verifications of the same commit."""


@dataclass(frozen=True, slots=True)
class Sealed:
    sha256: str
    """Of the zip, which is also its name."""
    path: Path
    size: int
    signed: bool


class Archive(Protocol):
    """Keeps evidence for good, by what it contains."""

    def seal(self, record: EvidenceRecord) -> Sealed:
        """Pack, sign and keep. Safe to repeat; a crash leaves whole files or none.

        Raises Refused, with a sentence, for what cannot be packed; Retryable when the disk does not take it.
        """
        ...

    def path(self, sha256: str) -> Path | None:
        """Where evidence is kept; None when it is not here."""
        ...

    def signed(self, sha256: str) -> bool | None:
        """Whether evidence carries a signature, which is not checked here; None when it is not here."""
        ...

    def public_key(self) -> bytes | None:
        """PEM of the key that it is signed with; None when it is not signed."""
        ...
