"""Runs that a person cancels: wherever they are, the machine goes back and the forge is told."""

from pathlib import Path

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import (
    FILES,
    Controller,
    Outside,
    Pull,
    assert_clean,
    pull_request,
    reason,
)
from tests.engine.test_commands import TWO, replies, report
from tests.engine.test_crash_loop import PullRequest, record
from tests.engine.watch import Life, Point, watching
from tests.fakes.runner import FakeJob

from reprise.domain.errors import Retryable
from reprise.domain.forge import Reaction, State
from reprise.domain.run import Phase, Reason
from reprise.engine import stopping
from reprise.engine.stopping import tell_stopped
from reprise.engine.world import World

FOREVER = FakeJob(forever=True)


def cancelled(outside: Outside, pull: Pull) -> bool:
    main = outside.statuses(pull.repository, pull.sha)["reprise/wine"]
    return (main.state, main.description) == (State.ERROR, "stopped: cancelled: cancelled by ada")


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


def test_a_forge_that_limits_our_calls_is_left_alone_for_as_long_as_it_says(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    controller.told_comment(pull)
    controller.resolve()
    controller.told_comment(pull, "/reproduce cancel")
    controller.resolve()
    outside.forge.fail("put_comment", Retryable("GitHub limits our calls", 600))
    tell_stopped(controller.world)
    outside.clock.advance(599)
    tell_stopped(controller.world)
    assert controller.run().phase is Phase.REPORTING
    outside.clock.advance(1)
    tell_stopped(controller.world)
    assert controller.run().phase is Phase.DONE


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
