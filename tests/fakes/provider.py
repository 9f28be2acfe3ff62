"""A Provider whose machines are empty folders. Says Pending or Failed when told to."""

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from reprise.domain.errors import RepriseError
from reprise.domain.leasing.choice import Nothing
from reprise.domain.leasing.money import Charge
from reprise.domain.leasing.quote import Estimate
from reprise.domain.run import Reason, RunId
from reprise.domain.spec.model import Resources, Spec
from reprise.ports import Allocation, Failed, Pending


@dataclass(slots=True)
class FakeProvider:
    root: Path
    cpus: int = 2
    leases: bool = False
    pending_looks: int = 0
    """How many observations of each run say Pending first."""
    wait_seconds: float = 1
    """How long each Pending asks to wait."""
    failing: Failed | None = None
    """What every observation says instead of an allocation."""
    refusals: list[RepriseError] = field(default_factory=list)
    """What the next calls of `release` raise, one each."""
    released: list[RunId] = field(default_factory=list)
    """Runs whose machine was really given back, in order."""
    estimate: Estimate | Nothing | None = None
    """What every quote says."""
    leased: dict[RunId, tuple[Charge, ...]] = field(default_factory=dict)
    """What a run's leases cost."""
    _looks: dict[RunId, int] = field(default_factory=dict)
    _wanted: dict[RunId, Resources] = field(default_factory=dict)

    def request(self, run_id: RunId, spec: Spec) -> None:
        self._wanted[run_id] = spec.resources
        (self.root / run_id).mkdir(parents=True, exist_ok=True)

    def observe(self, run_id: RunId) -> Pending | Allocation | Failed:
        if run_id not in self._wanted:
            return Failed(Reason.INFRASTRUCTURE, f"nothing is held for run {run_id}")
        if self.failing is not None:
            return self.failing
        asked = self._wanted[run_id]
        wanted = asked.cpus or self.cpus
        if asked.gpus:
            return Failed(Reason.NO_CAPACITY, f"the spec asks for {asked.gpus} GPUs, there are none")
        if wanted > self.cpus:
            return Failed(Reason.NO_CAPACITY, f"the spec asks for {wanted} cores, there are {self.cpus}")
        self._looks[run_id] = self._looks.get(run_id, 0) + 1
        if self._looks[run_id] <= self.pending_looks:
            return Pending("machines are busy", timedelta(seconds=self.wait_seconds))
        return Allocation(run_id, str(self.root / run_id), f"a fake machine, {wanted} cores", wanted)

    def release(self, run_id: RunId) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        if self._wanted.pop(run_id, ...) is not ...:
            self.released.append(run_id)
            shutil.rmtree(self.root / run_id, ignore_errors=True)

    def quote(self, spec: Spec, usual: timedelta | None) -> Estimate | Nothing | None:
        return self.estimate

    def charges(self, run_id: RunId) -> tuple[Charge, ...]:
        return self.leased.get(run_id, ())

    def owned(self) -> tuple[RunId, ...]:
        return tuple(sorted(self._wanted))
