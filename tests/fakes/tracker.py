"""A tracker in memory that keeps the Tracker port's promises; tests/contract/ holds it to them."""

from dataclasses import dataclass, field
from pathlib import Path

from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import RunId
from reprise.ports import JobRun, RunRecord, Tracked


@dataclass
class FakeTracker:
    public_url: str | None = None
    failures: int = 0
    """How many of the next writes do not get an answer."""
    logged: dict[Path, tuple[JobRun, ...]] = field(default_factory=dict)
    """results folder → what the job logged"""
    records: dict[RunId, RunRecord] = field(default_factory=dict)
    tags: dict[RunId, dict[str, str]] = field(default_factory=dict)
    """The verdict's"""
    reports: dict[RunId, str] = field(default_factory=dict)
    _experiments: list[str] = field(default_factory=list)

    def record(self, record: RunRecord) -> Tracked:
        self._answer()
        self.records.setdefault(record.run_id, record)
        experiment = f"{record.repository}/{record.experiment}"
        if experiment not in self._experiments:
            self._experiments.append(experiment)
        number = str(self._experiments.index(experiment) + 1)
        run = f"tracked-{record.run_id}"
        url = f"{self.public_url}/#/experiments/{number}/runs/{run}" if self.public_url else None
        return Tracked(number, run, url)

    def conclude(self, tracked: Tracked, tags: dict[str, str], report: str) -> None:
        self._answer()
        run_id = RunId(tracked.run_id.removeprefix("tracked-"))
        if run_id not in self.records:
            raise Refused(f"the tracker has no run {tracked.run_id}")
        self.tags[run_id] = self.tags.get(run_id, {}) | tags
        self.reports[run_id] = report

    def job_runs(self, results: Path) -> tuple[JobRun, ...]:
        return self.logged.get(results, ())

    def _answer(self) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise Retryable("the tracker did not answer")
