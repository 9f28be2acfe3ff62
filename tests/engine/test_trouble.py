"""Forge, tracker or our own code fail: the run goes on as far as it can, and what is wrong is recorded."""

from dataclasses import replace
from io import StringIO

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import Controller, Outside, assert_clean, measured
from tests.engine.watch import breaking, watching
from tests.fakes.runner import FakeJob

from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import OnCommit, State
from reprise.domain.run import Phase, Reason, Repository, Sha, Verdict
from reprise.engine.reaper import Reaper
from reprise.ports import JobRequest

DOWN = Retryable("the forge did not answer")
LATER = Retryable("the forge asks for patience", after=10**7)


def pushed(controller: Controller, name: str = "ada/wine", tag: str = "v1") -> tuple[Repository, Sha]:
    repository = controller.outside.repository(name)
    sha = controller.outside.tag(repository, tag)
    controller.told_tag(repository, tag)
    return repository, sha


def verdict_of(controller: Controller) -> Verdict:
    judgement = controller.run().judgement
    assert judgement is not None
    return judgement.verdict


# --- machine -------------------------------------------------------------------------------------------


def test_a_job_that_is_out_of_sight_now_and_then_is_waited_for(
    controller: Controller, outside: Outside
) -> None:
    outside.runner.script = lambda _: replace(measured(0.93), looks=60, silent=tuple(range(1, 60, 2)))
    pushed(controller)

    controller.work()

    assert verdict_of(controller) is Verdict.REPRODUCED
    assert {job.folder.name for job in outside.runner.started} == {"0-1", "1-1"}, "no attempt was lost"


def test_a_machine_that_never_answers_again_ends_the_run(controller: Controller, outside: Outside) -> None:
    outside.runner.script = lambda _: replace(measured(0.93), looks=1, silent=tuple(range(1, 100_000)))
    pushed(controller)

    controller.work()

    judgement = controller.run().judgement
    assert judgement is not None
    assert judgement.reason is Reason.INFRASTRUCTURE
    assert "the machine does not answer" in judgement.message
    assert_clean(controller)


# --- forge ---------------------------------------------------------------------------------------------


def test_a_forge_that_is_down_at_the_start_does_not_stop_the_run(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = pushed(controller)
    outside.forge.fail("statuses", DOWN, DOWN, DOWN)
    controller.work()
    assert_clean(controller)
    assert verdict_of(controller) is Verdict.REPRODUCED
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS
    assert not controller.run().coin_public


def test_a_run_whose_start_was_not_announced_is_shown_as_soon_as_the_forge_answers(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = pushed(controller)
    outside.forge.fail("statuses", DOWN, DOWN, DOWN)
    seen: list[State] = []

    def job(_: JobRequest) -> FakeJob:
        seen.extend(status.state for status in outside.statuses(repository, sha).values())
        return measured(0.93)

    outside.runner.script = job
    controller.work()
    assert seen[0] is State.PENDING


def test_an_answer_that_was_lost_on_its_way_makes_no_second_status(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = pushed(controller)
    outside.forge.fail("post_status", DOWN, after_effect=True)
    controller.work()
    assert_clean(controller)
    first = outside.forge.statuses_on(repository, sha)[0]
    assert controller.run().coin == str(first.id)


@pytest.mark.parametrize("method", ["statuses", "post_status", "put_comment"])
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_forge_that_is_down_while_reporting_is_told_as_soon_as_it_answers(
    controller: Controller, outside: Outside, method: str, after_effect: bool
) -> None:
    repository, sha = pushed(controller)

    def job(request: JobRequest) -> FakeJob:
        if request.folder.name == "0-1":
            outside.forge.fail(method, *[DOWN] * 6, after_effect=after_effect)
        return measured(0.93)

    outside.runner.script = job
    controller.work()
    assert_clean(controller)
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS
    assert len(outside.comments(repository, OnCommit(sha))) == 1
    assert controller.run().reporting_problem is None


def test_a_run_that_waits_for_the_forge_keeps_no_other_from_running(
    controller: Controller, outside: Outside
) -> None:
    pushed(controller, "ada/wine")
    pushed(controller, "ada/beer")

    def job(request: JobRequest) -> FakeJob:
        if (request.spec.name, request.folder.name) == ("wine", "0-1"):
            outside.forge.fail("put_comment", LATER)
        return measured(0.93)

    outside.runner.script = job
    controller.start()
    controller.until(lambda: [run.phase for run in controller.runs()] == [Phase.REPORTING, Phase.DONE])
    assert [run.judgement is not None for run in controller.runs()] == [True, True]


def test_a_forge_that_refuses_is_recorded_and_the_run_ends(controller: Controller, outside: Outside) -> None:
    pushed(controller)
    no = Refused("the forge refused to post a commit status: give the token commit statuses: write")
    outside.forge.fail("statuses", no)
    outside.forge.fail("post_status", *[no] * 9)
    controller.work()
    run = controller.run()
    assert run.phase is Phase.DONE
    assert run.judgement is not None
    assert "commit statuses: write" in (run.reporting_problem or "")


def test_a_forge_that_refuses_statuses_still_gets_the_report(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = pushed(controller)
    outside.forge.fail("post_status", *[Refused("no statuses here")] * 9)
    controller.work()
    (comment,) = outside.comments(repository, OnCommit(sha))
    assert "reproduced" in comment.body
    assert controller.run().reporting_problem == "no statuses here"


def test_a_forge_that_refuses_the_comment_still_gets_the_statuses(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = pushed(controller)
    outside.forge.fail("put_comment", *[Refused("this conversation is locked")] * 9)
    controller.work()
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS
    assert controller.run().reporting_problem == "this conversation is locked"


def test_a_long_trial_is_shown_as_running_while_it_runs(make: Make, outside: Outside) -> None:
    repository, sha = pushed(make())
    said: list[str] = []

    def look(name: str, side: str, run_id: str) -> bool:
        if (name, side) == ("execute_trial", "after"):
            said.append(outside.statuses(repository, sha)["reprise/wine"].description)
        return False

    outside.runner.script = lambda job: FakeJob(files=measured(0.93).files, looks=200)
    controller = make(wrap_steps=watching(look))
    controller.work()
    assert said == ["running", "running"]
    pending = [s for s in outside.forge.statuses_on(repository, sha) if s.state is State.PENDING]
    assert [status.description for status in pending] == ["building the environment", "running"]
    assert outside.forge.calls.count("statuses") <= 4


def test_a_long_build_is_followed_by_running_at_once(make: Make, outside: Outside) -> None:
    def build_slowly(name: str, side: str, run_id: str) -> bool:
        if (name, side) == ("build", "before"):
            outside.clock.advance(60)
        return False

    controller = make(wrap_steps=watching(build_slowly))
    repository, sha = pushed(controller)
    controller.work()
    said = [s.description for s in outside.forge.statuses_on(repository, sha) if s.state is State.PENDING]
    assert said == ["building the environment", "running"]


def test_a_quick_run_shows_only_its_start_and_its_end(controller: Controller, outside: Outside) -> None:
    repository, sha = pushed(controller)
    controller.work()
    assert [status.state for status in outside.forge.statuses_on(repository, sha)] == [
        State.PENDING,
        State.SUCCESS,
        State.SUCCESS,
        State.SUCCESS,
    ]
    assert len(outside.forge.calls) <= 8


# --- tracker -------------------------------------------------------------------------------------------


def test_a_tracker_that_is_down_for_good_keeps_no_verdict_back(
    controller: Controller, outside: Outside
) -> None:
    repository, sha = pushed(controller)
    outside.tracker.failures = 10**6
    controller.work()
    assert_clean(controller)
    run = controller.run()
    assert verdict_of(controller) is Verdict.REPRODUCED
    assert run.tracking_problem == "the tracker did not answer"
    (comment,) = outside.comments(repository, OnCommit(sha))
    assert "The results could not be tracked: the tracker did not answer" in comment.body


def test_a_tracker_that_restarts_is_waited_for(controller: Controller, outside: Outside) -> None:
    pushed(controller)
    outside.tracker.failures = 5
    controller.work()
    run = controller.run()
    assert run.tracked is not None
    assert run.tracking_problem is None
    assert outside.tracker.tags[run.id]["reprise.verdict"] == "reproduced"


def test_a_tracker_that_restarts_keeps_no_machine(make: Make, outside: Outside) -> None:
    held: list[int] = []

    def look(name: str, side: str, run_id: str) -> bool:
        if (name, side) == ("record", "before"):
            held.append(len(outside.provider.owned()))
        return False

    controller = make(wrap_steps=watching(look))
    pushed(controller)
    outside.tracker.failures = 5
    controller.work()
    assert held == [0, 0, 0]
    assert controller.run().tracked is not None


def test_a_tracker_that_dies_before_the_conclusion_does_not_keep_the_run_alive(
    make: Make, outside: Outside
) -> None:
    def die(name: str, side: str, run_id: str) -> bool:
        if (name, side) == ("release", "before"):
            outside.tracker.failures = 10**6
        return False

    controller = make(wrap_steps=watching(die))
    repository, sha = pushed(controller)
    controller.work()
    assert_clean(controller)
    assert controller.run().tracking_problem == "the tracker did not answer"
    assert outside.statuses(repository, sha)["reprise/wine"].state is State.SUCCESS


# --- ourselves -----------------------------------------------------------------------------------------


STEPS = (
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
    "report",
    "conclude",
)
COURTESY = ("announce", "collect", "release", "report", "conclude")
"""A bug there does not change the verdict."""


@pytest.mark.parametrize("step", STEPS)
def test_a_bug_in_a_step_ends_that_run_only(make: Make, outside: Outside, step: str, logs: StringIO) -> None:
    hit: list[str] = []
    controller = make(wrap_steps=breaking(step, lambda run_id: [run_id] == hit[:1]))
    pushed(controller, "ada/wine")
    pushed(controller, "ada/beer")
    controller.resolve()
    hit.append(controller.runs()[0].id)
    if step == "evaluate":  # the second try takes another way, where this bug is not
        hit_once = iter([True])
        controller = make(wrap_steps=breaking(step, lambda run_id: [run_id] == hit and next(hit_once, False)))
    controller.work()

    broken, other = controller.runs()
    assert other.judgement is not None
    assert other.judgement.verdict is Verdict.REPRODUCED
    assert broken.ended_at is not None
    assert broken.judgement is not None
    if step in COURTESY:
        assert broken.judgement.verdict is Verdict.REPRODUCED
    else:
        assert broken.judgement.reason is Reason.INTERNAL_ERROR
        assert f"in {step})" in broken.judgement.message
        standing = outside.statuses(broken.repository, broken.commit)["reprise/wine"]
        assert standing.state is State.ERROR
    assert "ZeroDivisionError" in logs.getvalue()


def test_a_library_that_wants_to_exit_ends_that_run_only(controller: Controller, outside: Outside) -> None:
    pushed(controller, "ada/wine")
    pushed(controller, "ada/beer")

    def job(request: JobRequest) -> FakeJob:
        if request.spec.name == "wine":
            raise SystemExit(1)
        return measured(0.93)

    outside.runner.script = job
    controller.work()
    assert_clean(controller)
    reasons = [run.judgement.reason for run in controller.runs() if run.judgement is not None]
    assert reasons == [Reason.INTERNAL_ERROR, Reason.COMPLETED]


def test_a_bug_while_reporting_is_recorded(make: Make) -> None:
    controller = make(wrap_steps=breaking("report"))
    pushed(controller)
    controller.work()
    assert "ZeroDivisionError in report" in (controller.run().reporting_problem or "")


def test_a_machine_that_a_bug_kept_goes_back_on_the_second_look(make: Make, outside: Outside) -> None:
    controller = make(wrap_steps=breaking("release"))
    pushed(controller)
    controller.work()
    assert outside.provider.owned() == (controller.run().id,)
    reaper = Reaper()
    assert reaper.reap(controller.world) == ()
    assert reaper.reap(controller.world) == (controller.run().id,)
    assert outside.provider.owned() == ()


def test_a_machine_that_a_bug_kept_goes_back_also_while_the_forge_is_down(
    make: Make, outside: Outside
) -> None:
    controller = make(wrap_steps=breaking("release"))
    pushed(controller)

    def job(_: JobRequest) -> FakeJob:
        outside.forge.fail("put_comment", LATER)
        return measured(0.93)

    outside.runner.script = job
    controller.start()
    controller.until(lambda: controller.run().phase is Phase.REPORTING)
    reaper = Reaper()
    reaper.reap(controller.world)
    assert reaper.reap(controller.world) == (controller.run().id,)
