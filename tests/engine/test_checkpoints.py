"""An attempt that was lost hands its checkpoints to the next, and the verdict says so."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import Controller, Files, Outside, measured, run_tag, spec_with
from tests.engine.test_evidence import package, real
from tests.fakes.runner import FakeJob

from reprise.domain.forge import OnCommit
from reprise.domain.run import Level, Resumed, Verdict
from reprise.ports import JobRequest

AT = datetime(2026, 3, 1, 14, 2, tzinfo=UTC)


def kept(resume: str) -> Files:
    return spec_with({"claims:": f"checkpoint: {{path: checkpoints, resume: {resume}}}\nclaims:"})


def loses_the_first(job: JobRequest) -> FakeJob:
    """Trial 0 is lost once and then goes on from what the first attempt left."""
    if job.folder.name == "0-1":
        return FakeJob(lost=True)
    resumed = Resumed(job.earlier[0].attempt, AT) if job.earlier else None
    return replace(measured(0.93), resumed=resumed)


@pytest.mark.parametrize(("resume", "level"), [("exact", Level.B), ("approximate", Level.C)])
def test_the_next_attempt_continues_and_the_report_says_so(make: Make, resume: str, level: Level) -> None:
    controller = make(wrap_world=real)
    controller.outside.runner.script = loses_the_first
    repository, sha, run = run_tag(controller, kept(resume))

    assert run.judgement is not None
    assert (run.judgement.verdict, run.judgement.level) == (Verdict.REPRODUCED, level)
    (comment,) = controller.outside.comments(repository, OnCommit(sha))
    assert "Trial 0 continued from a checkpoint of 14:02 UTC after its machine was lost." in comment.body
    results = [trial.result for trial in controller.trials(run)]
    assert [result.resumed for result in results if result] == [Resumed(1, AT), None]
    with package(controller, run) as sealed:
        assert b'"resumed"' in sealed.read("run.json")


def test_every_lost_attempt_is_offered_the_last_first(controller: Controller, outside: Outside) -> None:
    outside.runner.script = lambda job: (
        FakeJob(lost=True) if job.folder.name in ("0-1", "0-2") else measured(0.93)
    )
    run_tag(controller, kept("exact"))

    offered = {job.folder.name: [each.attempt for each in job.earlier] for job in outside.runner.started}
    assert offered == {"0-1": [], "0-2": [1], "0-3": [2, 1], "1-1": []}
    first = outside.runner.started[0]
    assert outside.runner.started[1].earlier[0].results == first.results


def test_without_checkpoints_every_attempt_starts_anew(controller: Controller, outside: Outside) -> None:
    outside.runner.script = loses_the_first
    _, _, run = run_tag(controller)

    assert all(job.earlier == () for job in outside.runner.started)
    assert run.judgement is not None
    assert run.judgement.level is Level.B
