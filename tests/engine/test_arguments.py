"""What a command may ask for: more trials, fewer claims."""

from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    SPEC,
    Controller,
    Outside,
    assert_clean,
    measured,
    pull_request,
    reason,
)
from tests.engine.test_commands import replies, report

from reprise.domain.forge import State
from reprise.domain.run import Reason

CLAIMS = SPEC + (
    '  - id: loss\n    metric: {file: metrics.json, pointer: /loss}\n    published: {value: "0.11"}\n'
)


def test_seeds_asks_for_more_trials(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull, "/reproduce seeds=3")
    controller.work()
    plans = [trial.plan for trial in controller.trials(controller.run())]
    assert len([plan for plan in plans if not plan.probe]) == 3
    assert len({plan.seed for plan in plans}) == 3


def test_fewer_seeds_than_declared_are_refused(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside, files={**FILES, "reprise.yaml": SPEC + "runs: {n: 3}\n"})
    controller.told_comment(pull, "/reproduce seeds=2")
    controller.work()
    (reply,) = replies(outside, pull)
    assert "`seeds=2` is too few: `wine` declares 3 trials" in reply
    assert controller.runs() == []


def test_a_run_of_some_claims_leaves_every_other_status_alone(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside, files={**FILES, "reprise.yaml": CLAIMS})
    outside.runner.script = lambda job: measured(0.93, loss=0.11)
    controller.told_comment(pull)
    controller.work()
    before = outside.statuses(pull.repository, pull.sha)
    outside.runner.script = lambda job: measured(0.5, loss=0.9)
    controller.told_comment(pull, "/reproduce claims=loss")
    controller.work()
    assert_clean(controller)
    after = outside.statuses(pull.repository, pull.sha)
    assert after.pop("reprise/wine/loss").state is State.FAILURE
    before.pop("reprise/wine/loss")
    assert after == before
    run = controller.runs()[-1]
    assert run.judgement is not None
    assert [claim.id for claim in run.judgement.claims] == ["loss"]
    assert "Only loss was asked for and judged." in report(outside, pull)
    assert run.coin_public


def test_a_run_of_some_claims_neither_ends_nor_silences_the_whole_one(make: Make, outside: Outside) -> None:
    controller = make(slots=1)
    pull = pull_request(outside, files={**FILES, "reprise.yaml": CLAIMS})
    outside.runner.script = lambda job: measured(0.93, loss=0.11)
    controller.told_comment(pull)
    controller.told_comment(pull, "/reproduce claims=loss")
    controller.work()
    assert_clean(controller)
    assert [reason(run) for run in controller.runs()] == [Reason.COMPLETED, Reason.COMPLETED]
    standing = outside.statuses(pull.repository, pull.sha)
    assert {status.state for status in standing.values()} == {State.SUCCESS}
    assert set(standing) == {
        "reprise/wine",
        "reprise/wine/accuracy",
        "reprise/wine/loss",
        "reprise/wine/artifacts",
    }


def test_a_waiting_run_of_some_claims_that_is_cancelled_ends_its_claims_status_only(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside, files={**FILES, "reprise.yaml": CLAIMS})
    controller.told_comment(pull, "/reproduce claims=loss,accuracy")
    controller.resolve()
    controller.told_comment(pull, "/reproduce cancel")
    controller.work()
    standing = outside.statuses(pull.repository, pull.sha)
    assert set(standing) == {"reprise/wine/loss", "reprise/wine/accuracy"}
    assert {status.state for status in standing.values()} == {State.ERROR}
