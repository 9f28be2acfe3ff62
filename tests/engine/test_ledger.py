"""A later success does not hide an earlier failure of the same commit."""

from tests.engine.harness import FILES, Controller, Outside, measured, pull_request
from tests.fakes.runner import FakeJob

from reprise.domain.result import result_object
from reprise.domain.run import Reason, Verdict
from reprise.engine.view import run_view


def test_every_verification_of_a_commit_is_told(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    jobs = iter(
        [measured(0.91), measured(0.91), FakeJob(reason=Reason.INFRASTRUCTURE, message="the disk is full")]
    )
    outside.runner.script = lambda job: next(jobs, measured(0.93))
    for _ in range(3):
        controller.told_comment(pull)
        controller.work()
    first, lost, last = controller.runs()

    said = result_object(run_view(controller.world, last))["ledger"]
    assert [(each["run_id"], each["verdict"], each["counted"]) for each in said] == [
        (first.id, "not_reproduced", True),
        (lost.id, "not_run", False),
        (last.id, "reproduced", True),
    ]
    assert outside.archive.of(last.id)[0].ledger == tuple(said)
    [comment] = [each for each in outside.comments(pull.repository, pull.place) if "reproduced" in each.body]
    assert "1 of 2 verifications of this commit reached the bar" in comment.body
    status = outside.statuses(pull.repository, pull.sha)["reprise/wine"]
    assert status.description.startswith("reproduced, level B (1 of 2 verifications): ")


def test_another_commit_has_a_ledger_of_its_own(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    for number in range(2):
        outside.tag(repository, f"v{number}", {**FILES, "README": str(number)})
        controller.told_tag(repository, f"v{number}")
        controller.work()
    *_, last = controller.runs()
    assert last.judgement is not None
    assert last.judgement.verdict is Verdict.REPRODUCED
    assert [each.run_id for each in run_view(controller.world, last).ledger] == [last.id]
