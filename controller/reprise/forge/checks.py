"""Check runs as the forge remembers them, and the rules that need nothing but them. Pure.

A check run belongs to the App that made it; all of one App's runs at one commit are a check suite.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

COMPLETED = "completed"
IN_PROGRESS = "in_progress"
QUEUED = "queued"
WORST_FIRST = (
    "action_required",
    "failure",
    "timed_out",
    "cancelled",
    "success",
    "neutral",
    "skipped",
)
"""A suite concludes with the first of these that one of its runs has."""


@dataclass(frozen=True, slots=True)
class CheckSuite:
    id: int
    repository_id: int
    app_id: int
    sha: str
    head_branch: str | None
    """The branch that stood at this commit when the suite began."""
    created_at: str


@dataclass(frozen=True, slots=True)
class Action:
    """A button on a completed check run."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True)
class CheckRun:
    id: int
    suite_id: int
    repository_id: int
    app_id: int
    sha: str
    name: str
    external_id: str
    details_url: str | None
    status: str
    conclusion: str | None
    started_at: str
    completed_at: str | None
    title: str | None
    summary: str | None
    text: str | None
    actions: str
    """JSON: a list of objects with label, description and identifier."""
    updated_at: str

    @property
    def completed(self) -> bool:
        return self.status == COMPLETED

    @property
    def buttons(self) -> tuple[Action, ...]:
        """What can be asked for now: nothing as long as the run has not ended."""
        return tuple(Action(**each) for each in json.loads(self.actions)) if self.completed else ()


@dataclass(frozen=True, slots=True)
class Annotation:
    id: int
    check_run_id: int
    path: str
    start_line: int
    end_line: int
    start_column: int | None
    end_column: int | None
    annotation_level: str
    title: str | None
    message: str
    raw_details: str | None


def latest_of_each(runs: Sequence[CheckRun]) -> list[CheckRun]:
    """Of runs with the same App and name the newest, in the order in which the names first appeared."""
    return list({(run.app_id, run.name): run for run in sorted(runs, key=lambda run: run.id)}.values())


def suite_state(runs: Sequence[CheckRun]) -> tuple[str, str | None]:
    """Status and conclusion of a suite with these runs."""
    latest = latest_of_each(runs)
    if not latest or not all(run.completed for run in latest):
        waiting = all(run.status == QUEUED for run in latest)
        return (QUEUED if waiting else IN_PROGRESS), None
    return COMPLETED, min((run.conclusion or "neutral" for run in latest), key=WORST_FIRST.index)
