"""Who may start next, why the others wait, and for how long."""

from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    Outside,
    assert_clean,
    measured,
    pull_request,
)
from tests.engine.test_commands import replies
from tests.fakes.runner import FakeJob

from reprise.domain.forge import OnCommit
from reprise.domain.run import Verdict
from reprise.engine.reporting import show_waiting

FOREVER = FakeJob(forever=True)


def test_one_repository_with_many_tags_does_not_starve_the_next(make: Make, outside: Outside) -> None:
    controller = make(slots=1)
    flood, neighbour = outside.repository("ada/flood"), outside.repository("bob/one")
    for number in range(6):
        outside.tag(flood, f"v{number}", {**FILES, "n": str(number)})
        controller.told_tag(flood, f"v{number}")
    sha = outside.tag(neighbour, "v1")
    controller.told_tag(neighbour, "v1", who="bob")
    controller.resolve()
    controller.work()
    assert_clean(controller)
    order = list(dict.fromkeys(job.commit for job in outside.runner.started))
    assert order.index(sha) == 1


def test_why_a_run_waits_stands_in_the_status_the_page_and_the_answer(make: Make, outside: Outside) -> None:
    controller = make(slots=2, per_repository=1)
    pull = pull_request(outside)
    tagged = outside.tag(pull.repository, "v1", {**FILES, "n": "1"})
    outside.runner.script = lambda job: FOREVER if job.commit == tagged else measured(0.93)
    controller.start()
    controller.told_tag(pull.repository, "v1")
    controller.until(lambda: outside.runner.started)
    controller.told_comment(pull)
    controller.resolve()
    controller.told_comment(pull, "/reproduce status")
    controller.until(lambda: replies(outside, pull))
    why = "place 1, ada/wine already has 1 run of 1"
    assert f"wine at {pull.sha[:7]}: queued, {why}" in replies(outside, pull)[0]
    outside.clock.advance(2)
    show_waiting(controller.world)
    assert outside.statuses(pull.repository, pull.sha)["reprise/wine"].description.endswith(why)


def test_the_expected_end_is_learned_from_earlier_runs(make: Make, outside: Outside) -> None:
    controller = make(slots=1)
    pull = pull_request(outside)
    outside.runner.script = lambda job: FakeJob(files=measured(0.93).files, looks=200)
    controller.told_comment(pull)
    controller.work()
    controller.told_comment(pull)
    controller.resolve()
    controller.told_comment(pull, "/reproduce status")
    controller.resolve()
    assert "queued, place 1, takes about 6 min once it starts" in replies(outside, pull)[0]
    assert outside.comments(pull.repository, OnCommit(pull.sha)) == []
    assert all(
        run.judgement is None or run.judgement.verdict is Verdict.REPRODUCED for run in controller.runs()
    )
