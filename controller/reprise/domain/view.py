"""Everything that is said about one run, gathered for the report, the page and the JSON object.

The engine fills it from its rows; nothing here is looked up again while a report is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from reprise.domain.artifacts import ArtifactCheck
from reprise.domain.backend import PROCESS
from reprise.domain.comparison import Comparison
from reprise.domain.fetched import FetchedFile
from reprise.domain.image import Image
from reprise.domain.leasing.bill import Bill
from reprise.domain.ledger import Verification
from reprise.domain.lint.noticed import Linted
from reprise.domain.run import Judgement, Phase, RunId, Sha, Submodule, TrialResult
from reprise.domain.spec.model import Variation
from reprise.domain.statuses import Links
from reprise.domain.trend import Earlier


class Occasion(Enum):
    """What made the run, and so which commands its reader has."""

    TAG = "tag"
    PULL_REQUEST = "pull request"
    COMMIT = "commit"
    REHEARSAL = "rehearsal"


@dataclass(frozen=True, slots=True)
class PhaseTime:
    phase: Phase
    seconds: float


@dataclass(frozen=True, slots=True)
class Installed:
    """The environment that the trials ran in."""

    python: str
    """e.g. ``3.11.7``"""
    lock: str
    """Path of the lock file."""
    lock_sha256: str
    weak: str | None
    """Why the pin is weak, None when it is not."""
    packages: int
    key: str
    image: Image | None = None
    """None where trials run in no container."""


@dataclass(frozen=True, slots=True)
class LostAttempt:
    """An attempt at a trial that the infrastructure lost."""

    index: int
    attempt: int
    why: str


@dataclass(frozen=True, slots=True)
class RunView:
    run_id: RunId
    repository: str
    experiment: str
    spec_file: str
    """e.g. ``reprise.yaml``"""
    commit: Sha
    occasion: Occasion
    ref: str
    """Tag name, ``#7`` for a pull request; not used for a rehearsal."""
    who: str
    phase: Phase
    created_at: datetime
    """Aware, UTC; the newest run of an experiment is the one that is shown."""
    judgement: Judgement | None = None
    """None while the run lives."""
    seconds: float = 0.0
    """From the first phase until now, or until the end."""
    phases: tuple[PhaseTime, ...] = ()
    """In order; the current phase last."""
    detail: str = ""
    """More about the current phase, e.g. ``place 3``."""
    trials: tuple[TrialResult, ...] = ()
    lost: tuple[LostAttempt, ...] = ()
    artifacts: tuple[ArtifactCheck, ...] = ()
    where: dict[str, str] = field(default_factory=dict)
    """claim id → where it stands in the publication"""
    why: dict[str, str] = field(default_factory=dict)
    """claim id → where its bar comes from, in the author's words"""
    problems: tuple[str, ...] = ()
    """Everything that is wrong with the spec, one sentence each."""
    installed: Installed | None = None
    backend: str = PROCESS
    machine: str = ""
    """For people, e.g. ``this machine, 2 cores``."""
    isolation: str = "none"
    network: str = "not enforced"
    coin: str | None = None
    coin_public: bool = False
    dirty: bool = False
    """The rehearsed tree had changes that are not committed."""
    trigger: str = ""
    """What started it, in words."""
    untrusted: bool = False
    """A stranger's code: of a fork, or of a commit that nobody here put into the repository."""
    outdated: bool = False
    """The pull request has moved on since."""
    log_tail: str = ""
    """The end of the log that explains the outcome: of the build when that failed, else of the last trial."""
    tracking_problem: str | None = None
    evidence_problem: str | None = None
    """Why there is no evidence, though the run was judged."""
    submodules: tuple[Submodule, ...] = ()
    """Laid out inside the tree, outer ones first."""
    fetched: tuple[FetchedFile, ...] = ()
    """Data that the commit does not hold."""
    earlier: tuple[Earlier, ...] = ()
    """Runs of the same experiment before, oldest first."""
    ledger: tuple[Verification, ...] = ()
    """Every verification of this commit and experiment, oldest first, this run's own included."""
    variation: Variation | None = None
    """What was changed on purpose, in a rehearsal."""
    comparison: Comparison | None = None
    """What differs from where the number came out right; of a run that missed, or that was varied."""
    path: str = "."
    """Of the folder to rehearse in, as a shell takes it; people have their clone where they like."""
    linted: Linted | None = None
    """What the commit was found to have; None where nobody looked."""
    bill: Bill | None = None
    """What its leases cost; says nothing where nothing was leased."""
    links: Links = field(default_factory=Links)
    environment: Mapping[str, str] = field(default_factory=dict)
    """Of trial 0, as `environment.flatten` writes it; empty when none was recorded."""
