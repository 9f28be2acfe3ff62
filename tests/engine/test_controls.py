"""Controls: executed after the trials, listed, and never a value."""

import json

import pytest
from tests.engine.harness import Controller, Outside, measured, spec_with
from tests.fakes.runner import FakeJob

from reprise.domain.forge import OnCommit
from reprise.domain.run import ControlOutcome, Level, Reason, TrialPlan, Verdict
from reprise.ports import JobRequest
from reprise.store.runs import Run

VALUE = 'published: {value: "0.93"}'
SPEC = spec_with({VALUE: f"{VALUE}\n    control: {{args: [--shuffle-labels]}}"})
ARGS = ("--shuffle-labels",)


def run_with(controller: Controller, outside: Outside, control: FakeJob) -> tuple[Run, str]:
    """A tag whose job gives 0.93 and whose control does this; the run and its report."""

    def script(job: JobRequest) -> FakeJob:
        return measured(0.93) if job.control is None else control

    outside.runner.script = script
    repository = outside.repository()
    sha = outside.tag(repository, "v1", SPEC)
    controller.told_tag(repository, "v1")
    controller.work()
    [comment] = outside.comments(repository, OnCommit(sha))
    return controller.run(), comment.body


def test_a_control_runs_last_and_is_told_as_caught(controller: Controller, outside: Outside) -> None:
    run, report = run_with(controller, outside, measured(0.11))
    assert run.judgement is not None
    assert (run.judgement.verdict, run.judgement.level) == (Verdict.REPRODUCED, Level.B)
    assert [trial.plan for trial in controller.trials(run)] == [
        TrialPlan(0, 0, probe=False),
        TrialPlan(1, 0, probe=True),
        TrialPlan(2, 0, probe=False, control=ARGS),
    ]
    assert "shuffle-labels was caught by accuracy, as it should be" in report
    assert "| control " in report


def test_a_control_that_reaches_the_bar_too_takes_the_verdict_away(
    controller: Controller, outside: Outside
) -> None:
    run, _ = run_with(controller, outside, measured(0.9312))
    assert run.judgement is not None
    (claim,) = run.judgement.claims
    assert (run.judgement.verdict, claim.verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    status = outside.statuses(run.repository, run.commit)["reprise/wine"]
    assert status.description.startswith(
        "inconclusive: accuracy: its control --shuffle-labels reaches the bar"
    )


@pytest.mark.parametrize(
    "control",
    [
        FakeJob(reason=Reason.COMMAND_FAILED, exit_code=2, message="it ended with exit code 2"),
        FakeJob(files={"metrics.json": json.dumps({"other": 1})}),
    ],
)
def test_a_control_that_gives_no_value_leaves_the_verdict(
    controller: Controller, outside: Outside, control: FakeJob
) -> None:
    run, report = run_with(controller, outside, control)
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED
    (claim,) = run.judgement.claims
    assert claim.control is not None
    assert claim.control.outcome is ControlOutcome.FAILED
    assert "shows little" in report
    assert "End of the log" in report


def test_a_lost_control_is_executed_again_as_a_control(controller: Controller, outside: Outside) -> None:
    lost = iter([True])

    def script(job: JobRequest) -> FakeJob:
        if job.control is not None and next(lost, False):
            return FakeJob(lost=True)
        return measured(0.93 if job.control is None else 0.1)

    outside.runner.script = script
    repository = outside.repository()
    outside.tag(repository, "v1", SPEC)
    controller.told_tag(repository, "v1")
    controller.work()
    run = controller.run()
    attempts = [(t.plan.index, t.attempt, t.plan.control) for t in controller.trials(run)]
    assert attempts[2:] == [(2, 1, ARGS), (2, 2, ARGS)]
    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED


def test_no_control_is_paid_for_when_the_trial_failed(controller: Controller, outside: Outside) -> None:
    outside.runner.script = lambda job: FakeJob(reason=Reason.COMMAND_FAILED, exit_code=3, message="no")
    repository = outside.repository()
    outside.tag(repository, "v1", SPEC)
    controller.told_tag(repository, "v1")
    controller.work()
    assert [job.control for job in outside.runner.started] == [None]
