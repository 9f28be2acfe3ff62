"""Runs that end before their verdict: cancelled by a person, or superseded by a newer run."""

import threading
from pathlib import Path

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    SPEC,
    Controller,
    Outside,
    Pull,
    assert_clean,
    measured,
    pull_request,
)
from tests.engine.test_commands import TWO, replies, report
from tests.engine.test_crash_loop import PullRequest, record
from tests.engine.watch import Life, Point, watching
from tests.fakes.runner import FakeJob

from reprise.domain.errors import Retryable
from reprise.domain.forge import OnCommit, Reaction, State
from reprise.domain.run import Phase, Reason, Repository, Sha, Verdict
from reprise.engine import stopping
from reprise.engine.reporting import show_waiting
from reprise.engine.stopping import tell_stopped
from reprise.engine.world import World
from reprise.ports import JobRequest
from reprise.store.runs import Run

FOREVER = FakeJob(forever=True)


def reason(run: Run) -> Reason:
    assert run.judgement is not None
    return run.judgement.reason


def cancelled(outside: Outside, pull: Pull) -> bool:
    main = outside.statuses(pull.repository, pull.sha)["reprise/wine"]
    return (main.state, main.description) == (State.ERROR, "stopped: cancelled: cancelled by ada")


# --- cancel --------------------------------------------------------------------------------------------


def test_a_waiting_run_is_cancelled_without_a_workflow(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull)
    controller.resolve()
    comment = controller.told_comment(pull, "/reproduce cancel")
    controller.resolve()
    run = controller.run()
    assert (reason(run), run.phase, run.granted_at) == (Reason.CANCELLED, Phase.REPORTING, None)
    controller.work()
    assert_clean(controller)
    assert cancelled(outside, pull)
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.THUMBS_UP]
    assert "### wine: stopped: cancelled" in report(outside, pull)
    assert outside.runner.started == []
    assert list(outside.tracker.records) == []


def test_a_waiting_runs_end_is_told_when_the_forge_answers_again(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull)
    controller.resolve()
    controller.told_comment(pull, "/reproduce cancel")
    controller.resolve()
    outside.forge.fail("put_comment", Retryable("the forge is down"))
    tell_stopped(controller.world)
    assert controller.run().phase is Phase.REPORTING
    tell_stopped(controller.world)
    assert controller.run().phase is Phase.REPORTING, "asked again at once"
    outside.clock.advance(15)
    tell_stopped(controller.world)
    assert controller.run().phase is Phase.DONE
    assert_clean(controller)


def test_a_running_job_is_ended_and_the_run_goes_the_usual_way_out(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    outside.runner.script = lambda job: FOREVER
    controller.start()
    controller.told_comment(pull)
    controller.until(lambda: outside.runner.started)
    comment = controller.told_comment(pull, "/reproduce cancel")
    controller.work()
    assert_clean(controller)
    run = controller.run()
    assert reason(run) is Reason.CANCELLED
    assert cancelled(outside, pull)
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.THUMBS_UP]
    assert replies(outside, pull) == []
    assert controller.phases(run)[-5:] == [
        Phase.COLLECTING,
        Phase.RELEASING,
        Phase.EVALUATING,
        Phase.REPORTING,
        Phase.DONE,
    ]
    (trial,) = controller.trials(run)
    assert trial.result is not None
    assert trial.result.reason is Reason.CANCELLED
    assert outside.provider.released == [run.id]
    assert outside.tracker.tags[run.id]["reprise.reason"] == "cancelled"


STEPS_BEFORE_THE_VERDICT = (
    "announce",
    "read_spec",
    "request_machine",
    "build",
    "await_machine",
    "plan_trial",
    "execute_trial",
    "collect",
    "release",
    "evaluate",
)


@pytest.mark.parametrize(
    ("step", "side"),
    [*((step, "before") for step in STEPS_BEFORE_THE_VERDICT), ("evaluate", "after"), ("finish", "before")],
)
def test_whenever_it_is_cancelled_the_machine_goes_back_and_the_forge_is_told(
    make: Make, outside: Outside, step: str, side: str
) -> None:
    """Until the verdict is given; after that it stands."""
    pull = pull_request(outside)
    worlds: list[World] = []

    def cross(name: str, crossed: str, run_id: str) -> bool:
        if (name, crossed) == (step, side):
            (world,) = worlds
            with world.store.write() as connection:
                stopping.cancel(world, connection, pull.repository.id, pull.place, "ada")
        return False

    controller = make(wrap_steps=watching(cross))
    worlds.append(controller.world)
    controller.told_comment(pull)
    controller.work()
    assert_clean(controller)
    in_time = step in STEPS_BEFORE_THE_VERDICT and side == "before"
    assert reason(controller.run()) is (Reason.CANCELLED if in_time else Reason.COMPLETED)
    assert cancelled(outside, pull) is in_time


def test_a_run_that_waits_for_a_machine_is_cancelled_while_it_waits(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    outside.provider.pending_looks = 10**9
    controller.start()
    controller.told_comment(pull)
    controller.until(lambda: controller.run().phase is Phase.PROVISIONING)
    controller.told_comment(pull, "/reproduce cancel")
    controller.work()
    assert_clean(controller)
    assert cancelled(outside, pull)


def test_cancel_ends_every_experiment_of_this_pull_request_and_no_other(make: Make, outside: Outside) -> None:
    controller = make(slots=1)
    pull = pull_request(outside, files=TWO)
    other = outside.commit(pull.repository, {**FILES, "x": "1"})
    outside.forge.add_pull_request(pull.repository, 8, other)
    controller.told_comment(pull, "/reproduce all")
    controller.told_comment(Pull(pull.repository, 8, other))
    controller.resolve()
    controller.told_comment(pull, "/reproduce cancel")
    controller.work()
    assert_clean(controller)
    assert [reason(run) for run in controller.runs()] == [
        Reason.CANCELLED,
        Reason.CANCELLED,
        Reason.COMPLETED,
    ]


def test_whoever_may_not_write_cancels_nothing(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull)
    controller.resolve()
    comment = controller.told_comment(pull, "/reproduce cancel", who="bob")
    controller.work()
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.CONFUSED]
    assert reason(controller.run()) is Reason.COMPLETED


def test_cancel_also_ends_a_command_that_could_not_be_looked_at_yet(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull)
    outside.forge.fail("pull_request", Retryable("the forge is down"))
    controller.resolve()
    comment = controller.told_comment(pull, "/reproduce cancel")
    controller.resolve()
    outside.clock.advance(60)
    controller.work()
    assert controller.runs() == []
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.THUMBS_UP]


class Cancelled(PullRequest):
    """A job that would never end is cancelled as soon as it runs, whatever happens to the controller."""

    def __init__(self, folder: Path, template: Path) -> None:
        super().__init__(folder, template)
        self.pull = Pull(self.repository, 7, self.sha)
        self.outside.runner.script = lambda job: FOREVER
        self._said = False

    def ended(self) -> bool:
        if self.outside.runner.started and not self._said:
            self.controller.told_comment(self.pull, "/reproduce cancel")
            self._said = True
        return super().ended()


def test_a_cancelled_run_ends_well_wherever_the_controller_dies(tmp_path: Path, template: Path) -> None:
    crossed = record(Cancelled(tmp_path / "whole", template))
    stop = crossed.index(Point("runner.stop", 1, "before"))
    telling = {"runner.stop", "execute_trial", "collect", "provider.release", "evaluate", "report"}
    points = [point for point in crossed[stop:] if point.side == "after" and point.name in telling]
    assert {point.name for point in points} == telling
    print(f"\n{len(points)} crashes: {', '.join(map(str, points))}")
    for number, point in enumerate(points):
        story = Cancelled(tmp_path / str(number), template)
        assert not story.lead(Life(point)), f"the controller did not die {point}"
        assert story.lead(Life())
        assert_clean(story.controller)
        assert cancelled(story.outside, story.pull), f"after a crash {point}"
        assert len(story.outside.runner.started) == 1
        assert story.outside.provider.released == [story.controller.run().id]


# --- supersede -----------------------------------------------------------------------------------------


def moved(outside: Outside, repository: Repository, name: str = "v1") -> Sha:
    return outside.tag(repository, name, {**FILES, "moved.txt": str(len(outside.runner.started))})


def test_a_moved_tag_ends_the_running_job_of_its_old_commit(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    old = outside.tag(repository, "v1")
    outside.runner.script = lambda job: FOREVER if job.commit == old else measured(0.93)
    controller.start()
    controller.told_tag(repository, "v1")
    controller.until(lambda: outside.runner.started)
    new = moved(outside, repository)
    controller.told_tag(repository, "v1")
    controller.work()
    assert_clean(controller)
    assert [reason(run) for run in controller.runs()] == [Reason.SUPERSEDED, Reason.COMPLETED]
    main = outside.statuses(repository, old)["reprise/wine"]
    assert main.state is State.ERROR
    assert "superseded by a newer run: tag v1 asked for the same experiment again" in main.description
    assert outside.statuses(repository, new)["reprise/wine"].state is State.SUCCESS


def test_a_moved_tag_ends_a_waiting_run_without_a_workflow(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    old = outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    moved(outside, repository)
    controller.told_tag(repository, "v1")
    controller.resolve()
    controller.work()
    assert_clean(controller)
    assert [reason(run) for run in controller.runs()] == [Reason.SUPERSEDED, Reason.COMPLETED]
    assert old not in {job.commit for job in outside.runner.started}
    assert outside.statuses(repository, old)["reprise/wine"].state is State.ERROR


def test_a_tag_that_comes_back_gets_its_verdict_after_all(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    first = outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    moved(outside, repository)
    controller.told_tag(repository, "v1")
    controller.resolve()
    outside.source.tag(repository, "v1", first)
    controller.told_tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    assert_clean(controller)
    assert [(run.commit == first, reason(run)) for run in controller.runs()] == [
        (True, Reason.SUPERSEDED),
        (False, Reason.SUPERSEDED),
        (True, Reason.COMPLETED),
    ]
    assert outside.statuses(repository, first)["reprise/wine"].state is State.SUCCESS


def test_a_commit_that_another_tag_still_names_is_not_superseded(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    old = outside.tag(repository, "v1")
    outside.source.tag(repository, "paper-1", old)
    controller.told_tag(repository, "v1")
    controller.resolve()
    moved(outside, repository)
    controller.told_tag(repository, "v1")
    controller.work()
    assert [reason(run) for run in controller.runs()] == [Reason.COMPLETED, Reason.COMPLETED]


def test_another_tag_supersedes_nothing(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    moved(outside, repository, "v2")
    controller.told_tag(repository, "v2")
    controller.work()
    assert [reason(run) for run in controller.runs()] == [Reason.COMPLETED, Reason.COMPLETED]


def test_a_deleted_tag_ends_nothing(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    sha = outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.resolve()
    outside.source.delete_tag(repository, "v1")
    controller.told_tag(repository, "v1")
    controller.work()
    assert reason(controller.run()) is Reason.COMPLETED
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS


def test_a_second_command_ends_the_first_ones_run_and_its_answer_stands(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    first = threading.Event()

    def job(_: JobRequest) -> FakeJob:
        if first.is_set():
            return measured(0.93)
        first.set()
        return FOREVER

    outside.runner.script = job
    controller.start()
    controller.told_comment(pull)
    controller.until(first.is_set)
    controller.told_comment(pull)
    controller.work()
    assert_clean(controller)
    assert [reason(run) for run in controller.runs()] == [Reason.SUPERSEDED, Reason.COMPLETED]
    assert outside.statuses(pull.repository, pull.sha)["reprise/wine"].state is State.SUCCESS
    assert "### wine: reproduced" in report(outside, pull)


def test_a_second_command_of_another_experiment_ends_nothing(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside, files=TWO)
    controller.told_comment(pull)
    controller.told_comment(pull, "/reproduce ablation")
    controller.work()
    assert [reason(run) for run in controller.runs()] == [Reason.COMPLETED, Reason.COMPLETED]


# --- arguments -----------------------------------------------------------------------------------------

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
    assert set(standing) == {"reprise/wine", "reprise/wine/accuracy", "reprise/wine/loss"}


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


# --- place, reason and forecast ------------------------------------------------------------------------


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
