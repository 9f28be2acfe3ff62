"""A Runner without processes: jobs do what a script says, and their files really appear.

It keeps its state like a machine does, so one fake serves several controllers one after the other.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.clock import START

from reprise.domain import environment
from reprise.domain.errors import Retryable
from reprise.domain.run import Reason, Resumed
from reprise.ports import Failed, Finished, JobRequest, Lost, Running


@dataclass(frozen=True, slots=True)
class FakeJob:
    """What one trial does. The default prints a line and ends well."""

    files: dict[str, str] = field(default_factory=dict)
    """path → text, as they are collected"""
    log: str = "hello\n"
    reason: Reason = Reason.COMPLETED
    message: str = ""
    exit_code: int | None = 0
    seconds: float = 1.0
    looks: int = 0
    """How many observations find it running."""
    forever: bool = False
    """It ends only when it is stopped."""
    lost: bool = False
    silent: tuple[int, ...] = ()
    """Observations, counted from 0, that nobody answers."""
    failed: Failed | None = None
    """It cannot be started."""
    problems: dict[str, str] = field(default_factory=dict)
    resumed: Resumed | None = None
    environment: dict[str, Any] = field(default_factory=lambda: {"cpu": {"model": "a fake"}, "missing": {}})
    """Its environment record."""


@dataclass(slots=True)
class _State:
    does: FakeJob
    looks: int = 0
    asked: int = 0
    stopped: bool = False
    end: Finished | Lost | None = None


class FakeRunner:
    def __init__(self, script: Callable[[JobRequest], FakeJob] | None = None) -> None:
        self.script = script or (lambda job: FakeJob())
        self.started: list[JobRequest] = []
        """Every job that was really started, in order."""
        self._states: dict[Path, _State] = {}

    def start(self, job: JobRequest) -> Failed | None:
        if job.folder in self._states:
            return None
        does = self.script(job)
        if does.failed is not None:
            return does.failed
        self.started.append(job)
        self._states[job.folder] = _State(does)
        job.results.mkdir(parents=True, exist_ok=True)
        (job.results / "log.txt").write_text(does.log)
        return None

    def observe(self, job: JobRequest) -> Running | Finished | Lost:
        state = self._states.get(job.folder)
        if state is None:
            return Lost("the job's supervisor is gone without a result")
        state.asked += 1
        if state.asked - 1 in state.does.silent:
            raise Retryable("the machine does not answer")
        if state.end is None and self._goes_on(state):
            state.looks += 1
            return Running(START)
        if state.end is None:
            state.end = Lost("the job's supervisor is gone") if state.does.lost else _finish(job, state)
        return state.end

    def stop(self, job: JobRequest) -> None:
        state = self._states.get(job.folder)
        if state is not None and state.end is None:
            state.stopped = True

    def _goes_on(self, state: _State) -> bool:
        if state.stopped:
            return False
        return state.does.forever or state.looks < state.does.looks


def _finish(job: JobRequest, state: _State) -> Finished:
    does = state.does
    files = job.results / "files"
    files.mkdir(exist_ok=True)
    for path, text in does.files.items():
        (files / path).parent.mkdir(parents=True, exist_ok=True)
        (files / path).write_text(text)
    (job.results / environment.NAME).write_text(json.dumps(does.environment))
    return Finished(
        reason=Reason.CANCELLED if state.stopped else does.reason,
        message="stopped on request" if state.stopped else does.message,
        exit_code=143 if state.stopped else does.exit_code,
        started_at=START,
        seconds=does.seconds,
        cpu_seconds=does.seconds,
        peak_memory_bytes=10_000_000,
        log_bytes=len(does.log.encode()),
        log_cut=0,
        artifacts={artifact.path: _digest(files / artifact.path) for artifact in job.spec.artifacts},
        problems=does.problems,
        resumed=does.resumed,
    )


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
