"""What a run of an experiment would do and need, as far as it can be told before it starts. Pure.

``reprise plan`` shows this before the statistics. What only the folder can say (which files are there, how
long earlier runs took) is handed in by `planned_here`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from reprise.domain.backend import Unfit
from reprise.domain.leasing.budget import Bound, Whose, refusal
from reprise.domain.leasing.choice import Nothing
from reprise.domain.leasing.quote import Estimate
from reprise.domain.pins import Pins
from reprise.domain.spec.model import DataFile, Spec
from reprise.domain.trials import controls_of, most_executions, wants_probe


class Standing(Enum):
    """How a declared data file is found."""

    PRESENT = "present"
    MISSING = "missing"
    OTHER = "another digest"
    IGNORED = "ignored by git"
    """It is there, but no commit would hold it."""
    FETCHED = "fetched"
    """It is not there, and a run fetches it from its source."""


@dataclass(frozen=True, slots=True)
class Input:
    file: DataFile
    standing: Standing


@dataclass(frozen=True, slots=True)
class Earlier:
    """How long runs of the same experiment took, from grant to end."""

    seconds: float
    """Their median."""
    count: int
    what: str
    """``rehearsal`` or ``run``"""
    where: str
    """``here``, or ``of ada/paper``"""

    def __str__(self) -> str:
        if self.count == 1:
            return f"as one {self.what} {self.where} took"
        return f"the median of {self.count} {self.what}s {self.where}"


@dataclass(frozen=True, slots=True)
class Here:
    """What the folder says."""

    pins: Pins | None
    python: tuple[str, str] | None
    """What is asked for, and who asks; None when nobody does."""
    inputs: tuple[Input, ...]
    earlier: Earlier | None
    missing: tuple[str, ...]
    """Sentences without a full stop: what the run would end with, or wait for."""
    dockerfile: str | None = None
    """What backend `docker` would build, where it writes that and no other backend could do without."""
    in_image: bool = False
    """Whether it runs in an image, which brings a Python."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    spec: Spec
    here: Here
    backend: str | Unfit
    """Where it would run."""
    quoted: Estimate | Nothing | None = None
    """What leases for it would cost; None where nothing is leased."""

    @property
    def probe(self) -> bool:
        return wants_probe(self.spec)

    @property
    def controls(self) -> int:
        return len(controls_of(self.spec))

    @property
    def most_executions(self) -> int:
        return most_executions(self.spec)

    @property
    def most_seconds(self) -> float:
        """When every execution takes all of its time."""
        return self.most_executions * self.spec.run.timeout.total_seconds()

    @property
    def expected(self) -> tuple[float, str] | None:
        """Seconds of the whole run and where they come from; None when nobody knows."""
        earlier, duration = self.here.earlier, self.spec.resources.duration
        if earlier is not None:
            return earlier.seconds, str(earlier)
        if duration is not None:
            certain = self.spec.n + self.probe + self.controls
            return duration.total_seconds() * certain, "as declared"
        return None

    @property
    def missing(self) -> tuple[str, ...]:
        unfit = (self.backend.why.rstrip("."),) if isinstance(self.backend, Unfit) else ()
        return (*self.here.missing, *unfit, *self._no_lease(), *map(_absent, lacking(self.here.inputs)))

    def _no_lease(self) -> tuple[str, ...]:
        """Only what the folder and its own policy say: what a month leaves is asked before the lease."""
        if isinstance(self.quoted, Nothing):
            return (self.quoted.why.rstrip("."),)
        allowed = self.spec.policy.max_su_per_run
        if self.quoted is None or allowed is None:
            return ()
        why = refusal(self.quoted, [Bound(Whose.RUN, allowed)])
        return (why.rstrip("."),) if why is not None else ()


def lacking(inputs: Sequence[Input]) -> list[Input]:
    fine = (Standing.PRESENT, Standing.FETCHED)
    return [each for each in inputs if each.standing not in fine]


def _absent(each: Input) -> str:
    path = each.file.path
    match each.standing:
        case Standing.PRESENT | Standing.FETCHED:
            return f"{path} is there"
        case Standing.OTHER:
            return f"{path} has another sha256 than data declares: restore it, or declare the new one"
        case Standing.IGNORED:
            return f"{path} of data is ignored by git, so that no commit holds it: take it out of .gitignore"
        case Standing.MISSING:
            source = f" (its source: {each.file.source})" if each.file.source else ""
            return f"{path} of data is not there: commit it{source}"
    assert_never(each.standing)
