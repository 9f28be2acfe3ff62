"""A run: where it is (phase), why it ended (reason), what that means (verdict).

The three are separate on purpose; the total maps at the end tie them together, and a test asserts
that every reason has an entry in each.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NewType

RunId = NewType("RunId", str)
Sha = NewType("Sha", str)
"""40 lower-case hex digits."""


class Standing(Enum):
    """How we stand with a repository; what follows from it says `domain.standing`."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    SUSPENDED = "suspended"
    REMOVED = "removed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Repository:
    id: int
    """The forge's own number: names change, it does not."""
    full_name: str
    """``owner/name``"""
    clone_url: str
    public: bool = False
    """Whether anybody may read it. Not known counts as no."""
    standing: Standing = Standing.ACTIVE


@dataclass(frozen=True, slots=True)
class Submodule:
    """Another repository's commit that was laid out inside a tree."""

    path: str
    """From the root of the tree."""
    url: str
    commit: Sha


class Phase(Enum):
    QUEUED = "queued"
    BUILDING = "building"
    PROVISIONING = "provisioning"
    RUNNING = "running"
    COLLECTING = "collecting"
    RELEASING = "releasing"
    EVALUATING = "evaluating"
    REPORTING = "reporting"
    DONE = "done"


class Verdict(Enum):
    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not_reproduced"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not_run"
    NOT_JUDGED = "not_judged"


class Level(Enum):
    """The strongest level met: identical artifacts, identical metric, within tolerance, equivalent."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Reason(Enum):
    COMPLETED = "completed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    SPEC_INVALID = "spec_invalid"
    COMMIT_MISSING = "commit_missing"
    ERRORS_FOUND = "errors_found"
    LOCK_MISSING = "lock_missing"
    LOCK_STALE = "lock_stale"
    PYTHON_MISSING = "python_missing"
    ENVIRONMENT_FAILED = "environment_failed"
    BUILD_FAILED = "build_failed"
    DATA_MISSING = "data_missing"
    DATA_MISMATCH = "data_mismatch"
    COMMAND_NOT_FOUND = "command_not_found"
    COMMAND_FAILED = "command_failed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    METRIC_MISSING = "metric_missing"
    METRIC_INVALID = "metric_invalid"
    NO_CAPACITY = "no_capacity"
    OVER_BUDGET = "over_budget"
    LEASE_REFUSED = "lease_refused"
    NODE_FAILED = "node_failed"
    INFRASTRUCTURE = "infrastructure"
    INTERNAL_ERROR = "internal_error"


class Fault(Enum):
    """Who has to act on a run that ended for this reason."""

    NOBODY = "nobody"
    REPOSITORY = "repository"
    INFRASTRUCTURE = "infrastructure"
    PERSON = "person"
    """Somebody stopped it."""


FAULT: dict[Reason, Fault] = {
    Reason.COMPLETED: Fault.NOBODY,
    Reason.REFUSED: Fault.PERSON,
    Reason.CANCELLED: Fault.PERSON,
    Reason.SUPERSEDED: Fault.PERSON,
    Reason.SPEC_INVALID: Fault.REPOSITORY,
    Reason.COMMIT_MISSING: Fault.REPOSITORY,
    Reason.ERRORS_FOUND: Fault.REPOSITORY,
    Reason.LOCK_MISSING: Fault.REPOSITORY,
    Reason.LOCK_STALE: Fault.REPOSITORY,
    Reason.PYTHON_MISSING: Fault.REPOSITORY,
    Reason.ENVIRONMENT_FAILED: Fault.REPOSITORY,
    Reason.BUILD_FAILED: Fault.REPOSITORY,
    Reason.DATA_MISSING: Fault.REPOSITORY,
    Reason.DATA_MISMATCH: Fault.REPOSITORY,
    Reason.COMMAND_NOT_FOUND: Fault.REPOSITORY,
    Reason.COMMAND_FAILED: Fault.REPOSITORY,
    Reason.TIMED_OUT: Fault.REPOSITORY,
    Reason.OUT_OF_MEMORY: Fault.REPOSITORY,
    Reason.METRIC_MISSING: Fault.REPOSITORY,
    Reason.METRIC_INVALID: Fault.REPOSITORY,
    Reason.NO_CAPACITY: Fault.INFRASTRUCTURE,
    Reason.OVER_BUDGET: Fault.PERSON,
    Reason.LEASE_REFUSED: Fault.INFRASTRUCTURE,
    Reason.NODE_FAILED: Fault.INFRASTRUCTURE,
    Reason.INFRASTRUCTURE: Fault.INFRASTRUCTURE,
    Reason.INTERNAL_ERROR: Fault.INFRASTRUCTURE,
}

REASON_TEXT: dict[Reason, str] = {
    Reason.COMPLETED: "completed",
    Reason.REFUSED: "refused",
    Reason.CANCELLED: "cancelled",
    Reason.SUPERSEDED: "superseded by a newer run",
    Reason.SPEC_INVALID: "the spec cannot be used",
    Reason.COMMIT_MISSING: "the commit is gone",
    Reason.ERRORS_FOUND: "errors were found before a machine was leased",
    Reason.LOCK_MISSING: "no usable lock file",
    Reason.LOCK_STALE: "the lock file is stale",
    Reason.PYTHON_MISSING: "the Python version is not installed here",
    Reason.ENVIRONMENT_FAILED: "the environment could not be installed",
    Reason.BUILD_FAILED: "the project could not be built",
    Reason.DATA_MISSING: "a data file is missing",
    Reason.DATA_MISMATCH: "a data file has another digest",
    Reason.COMMAND_NOT_FOUND: "command not found",
    Reason.COMMAND_FAILED: "the command failed",
    Reason.TIMED_OUT: "timed out",
    Reason.OUT_OF_MEMORY: "out of memory",
    Reason.METRIC_MISSING: "metric missing",
    Reason.METRIC_INVALID: "metric is not usable",
    Reason.NO_CAPACITY: "no capacity",
    Reason.OVER_BUDGET: "its spend limit was reached",
    Reason.LEASE_REFUSED: "the cloud refused a lease",
    Reason.NODE_FAILED: "the leased machine failed",
    Reason.INFRASTRUCTURE: "the infrastructure failed",
    Reason.INTERNAL_ERROR: "Reprise itself failed",
}

RETRIED: dict[Reason, bool] = {reason: reason is Reason.INFRASTRUCTURE for reason in Reason}
"""Whether an attempt that ended for this reason is tried again with the same seed."""


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """One execution of the command that is wanted next."""

    index: int
    """Counts every execution of a run, the probe included: its folder is ``trials/<index>``."""
    seed: int
    probe: bool
    control: tuple[str, ...] | None = None
    """What a control's command gets as further arguments; None for the job as it is."""

    @property
    def counts(self) -> bool:
        """Whether its values are the run's: neither the probe's nor a control's are."""
        return not self.probe and self.control is None


Value = int | float | str
"""A metric as it stands in the metric file; never a bool, never NaN or infinite."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """What an attempt went on from when the one before it was lost."""

    attempt: int
    """Whose checkpoint it was."""
    at: datetime
    """When that was copied, in UTC."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What one trial left behind. ``reason`` COMPLETED means that every claim has a value."""

    plan: TrialPlan
    attempt: int
    """1, or more when the infrastructure lost earlier ones."""
    reason: Reason
    message: str
    """One sentence; empty when completed."""
    exit_code: int | None
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    values: dict[str, Value]
    """claim id → value"""
    problems: dict[str, str]
    """claim id → why it has no value"""
    artifacts: dict[str, str | None]
    """declared artifact path → sha256, None when the file is missing"""
    uncollected: dict[str, str] = field(default_factory=dict)
    """path → sentence: an output that was not collected, an input that the job changed"""
    resumed: Resumed | None = None
    """None when it started anew."""

    @property
    def valid(self) -> bool:
        return self.reason is Reason.COMPLETED


@dataclass(frozen=True, slots=True)
class Bar:
    """What a value had to be; in mode distribution, the mean.

    ``low`` and ``high`` are inclusive. Both are None where a text must be equal, one where only the other
    side counts (``no-worse``).
    """

    mode: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a distribution was judged on: the confidence interval of the difference of the means."""

    difference: float
    """Mean of the new values - published, or - mean of the published values."""
    standard_error: float
    degrees_of_freedom: float
    low: float
    high: float
    """Ends of the two-sided interval at ``1 - 2 * alpha``."""
    alpha: float
    n: int
    """New values."""
    m: int
    """Published values; 1 for a single number, 0 for a fixed target."""
    sd: float | None = None
    """Standard deviation of the new values."""
    expected: tuple[float, float] | None = None
    """Where one further value falls with 95 % probability."""
    p_value: float | None = None
    """Of the test for equivalence; at most ``alpha`` when the interval lies inside the margin."""
    trials_needed: int | None = None
    """Of an inconclusive claim: how many would settle it at this mean and scatter; None when none would."""
    seeds_needed: int | None = None
    """Where no number of trials would: how many published seeds, with as many trials."""


class ControlOutcome(Enum):
    """What became of a variant of the job that must not reach the bar."""

    CAUGHT = "caught"
    REPRODUCED = "reproduced"
    """It reached the bar as well, which therefore shows nothing."""
    FAILED = "failed"
    """It gave no value: no reproduction, and hardly evidence that the bar could fail."""


@dataclass(frozen=True, slots=True)
class ControlJudgement:
    """A control against the bar of one claim."""

    args: tuple[str, ...]
    outcome: ControlOutcome
    got: Value | None
    why: str = ""
    """Why there is no value."""


@dataclass(frozen=True, slots=True)
class ClaimJudgement:
    id: str
    verdict: Verdict
    level: Level | None
    published: str
    got: Value | None
    difference: float | None
    """got - published"""
    bar: Bar
    message: str
    """One sentence that says why, with the numbers."""
    estimate: Estimate | None = None
    """Of a claim in mode distribution that has enough values."""
    control: ControlJudgement | None = None
    """None when none is declared, or the run ended before it."""


@dataclass(frozen=True, slots=True)
class HardwareComparison:
    """The class of machine that was published on, and that of the run, in words."""

    published: str
    """e.g. ``1 × A100-80GB``"""
    run: str
    """e.g. ``cpu only``"""
    same: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    level: Level | None
    reason: Reason
    message: str
    """One sentence for people; names file and next step when something is to be mended."""
    claims: tuple[ClaimJudgement, ...]
    notes: tuple[str, ...] = ()
    rules: int = 1
    """Version of the rules that it was judged by; older evidence is judged by its own again."""
    hardware: HardwareComparison | None = None
    """None when the spec does not say what was published on."""
