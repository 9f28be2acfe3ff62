"""A repository that comes back is told what it missed: nothing there stays pending for ever."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.deliveries import Delivery
from tests.engine.conftest import Make
from tests.engine.harness import Controller, Outside, assert_clean, measured, pull_request, reason, wait_for
from tests.engine.test_life import changed, deliver, installation, installed, known, waiting_and_live, watched
from tests.engine.test_sweep import WINE
from tests.fakes.runner import FakeJob

from reprise.domain.check import CheckState
from reprise.domain.errors import Retryable
from reprise.domain.forge import OnPullRequest, Permission, State
from reprise.domain.run import Phase, Reason, Repository, Standing
from reprise.engine.reporting import show_waiting
from reprise.engine.stopping import tell_stopped
from reprise.engine.sweep import sweep
from reprise.ports import JobRequest
from reprise.store import repositories, runs

Event = Callable[[Repository], Delivery]

ABSENCES: dict[str, tuple[Event, Event]] = {
    "archived": (
        lambda repository: changed(repository, "archived", archived=True),
        lambda repository: changed(repository, "unarchived"),
    ),
    "suspended": (lambda _: installation("suspend"), lambda _: installation("unsuspend")),
    "removed": (lambda r: installed("removed", r), lambda r: installed("added", r)),
    "transferred away and back": (
        lambda repository: installed("removed", repository),
        lambda repository: changed(repository, "transferred"),
    ),
}


@pytest.fixture
def outside(outside: Outside) -> Outside:
    outside.forge.is_app = True
    return outside


def absent(controller: Controller, outside: Outside, absence: str = "archived") -> Repository:
    """v1 ran, and v2 waited, when the repository went; both have ended since and are untold."""
    repository = watched(controller, outside)
    go = threading.Event()
    waiting_and_live(controller, outside, repository, go)
    outside.clock.advance(2)
    show_waiting(controller.world)
    if absence == "archived":
        outside.forge.change_repository(repository, archived=True)
    deliver(controller, ABSENCES[absence][0](repository))
    go.set()
    controller.work()
    assert open_on_forge(controller, outside)
    return repository


def open_on_forge(controller: Controller, outside: Outside) -> list[str]:
    """Of each run what still says there that an answer will come."""
    found: list[str] = []
    for run in controller.runs():
        checks = outside.forge.checks_on(run.repository, run.commit)
        found += [each.check.name for each in checks if each.check.state is not CheckState.COMPLETED]
        statuses = outside.statuses(run.repository, run.commit).items()
        found += [name for name, status in statuses if status.state is State.PENDING]
    return found


def back(controller: Controller, outside: Outside, repository: Repository, absence: str = "archived") -> None:
    outside.clock.advance(60)
    if absence == "archived":
        outside.forge.change_repository(repository, archived=False)
    deliver(controller, ABSENCES[absence][1](repository))
    assert known(controller, repository).standing is Standing.ACTIVE


def problems(controller: Controller) -> list[str | None]:
    return [run.reporting_problem for run in controller.runs()]


@pytest.mark.parametrize("absence", ABSENCES)
def test_what_ended_while_the_repository_was_away_is_told_when_it_is_back(
    controller: Controller, outside: Outside, absence: str
) -> None:
    repository = absent(controller, outside, absence)
    assert None not in problems(controller)
    back(controller, outside, repository, absence)
    controller.work()
    live, waiting = controller.runs()
    assert reason(waiting) is Reason.REFUSED
    assert open_on_forge(controller, outside) == []
    assert problems(controller) == [None, None]
    wanted = State.SUCCESS if reason(live) is Reason.COMPLETED else State.ERROR
    assert outside.statuses(repository, live.commit)["reprise/wine"].state is wanted
    assert outside.statuses(repository, waiting.commit)["reprise/wine"].state is State.ERROR
    assert_clean(controller)


def test_a_return_that_only_a_sweep_sees_counts_too(controller: Controller, outside: Outside) -> None:
    repository = absent(controller, outside)
    outside.clock.advance(60)
    outside.forge.change_repository(repository, archived=False)
    sweep(controller.world, WINE)
    controller.work()
    assert open_on_forge(controller, outside) == []


def test_it_is_told_once_however_often_the_event_comes(controller: Controller, outside: Outside) -> None:
    repository = absent(controller, outside)
    back(controller, outside, repository)
    controller.work()
    calls = len(outside.forge.calls)
    for _ in range(2):
        back(controller, outside, repository)
        controller.work()
    assert len(outside.forge.calls) == calls
    assert_clean(controller)


def test_a_repository_that_goes_again_before_it_was_told_is_told_the_next_time(
    controller: Controller, outside: Outside
) -> None:
    repository = absent(controller, outside)
    back(controller, outside, repository)
    outside.clock.advance(1)
    deliver(controller, ABSENCES["archived"][0](repository))
    controller.work()
    assert open_on_forge(controller, outside)
    back(controller, outside, repository)
    controller.work()
    assert open_on_forge(controller, outside) == []


def test_the_time_to_give_up_begins_with_the_return(controller: Controller, outside: Outside) -> None:
    """A forge that fails once after a month must not lose the verdict; one that never answers is left."""
    repository = absent(controller, outside)
    outside.clock.advance(timedelta(days=30).total_seconds())
    back(controller, outside, repository)
    outside.forge.fail("statuses", *[Retryable("GitHub failed with 502")] * 8)
    for _ in range(3):
        tell_stopped(controller.world)
        assert all(run.phase is Phase.REPORTING for run in controller.runs())
        outside.clock.advance(timedelta(days=3).total_seconds())
    tell_stopped(controller.world)
    assert all(run.phase is Phase.DONE for run in controller.runs())
    assert problems(controller) == ["GitHub failed with 502"] * 2


def test_the_comment_of_a_pull_request_gets_its_verdict(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    began, go = threading.Event(), threading.Event()

    def job(_: JobRequest) -> FakeJob:
        began.set()
        wait_for(go)
        return measured(0.93)

    outside.runner.script = job
    sweep(controller.world, WINE)
    controller.told_comment(pull)
    controller.resolve()
    controller.start()
    controller.until(began.is_set)
    outside.forge.change_repository(pull.repository, archived=True)
    deliver(controller, changed(pull.repository, "archived", archived=True))
    go.set()
    controller.work()
    (stale,) = outside.comments(pull.repository, OnPullRequest(pull.number))
    assert "reproduced at level B" not in stale.body
    back(controller, outside, pull.repository)
    controller.work()
    (comment,) = outside.comments(pull.repository, OnPullRequest(pull.number))
    assert (comment.id, "reproduced at level B" in comment.body) == (stale.id, True)


def test_only_the_newest_run_of_a_commit_speaks(controller: Controller, outside: Outside) -> None:
    """Asked for anew before the old verdict was told: its check is completed, the status is the new run's."""
    repository = absent(controller, outside, "suspended")
    _, old = controller.runs()
    back(controller, outside, repository, "suspended")
    outside.forge.set_permission(repository, "ada", Permission.WRITE)
    controller.told_commit_comment(repository, old.commit)
    controller.resolve()
    controller.work()
    assert open_on_forge(controller, outside) == []
    newest = controller.runs()[-1]
    assert (newest.commit, reason(newest)) == (old.commit, Reason.COMPLETED)
    assert outside.statuses(repository, old.commit)["reprise/wine"].state is State.SUCCESS
    assert_clean(controller)


def test_no_more_than_the_newest_are_told_again(make: Make, outside: Outside) -> None:
    controller = make()
    absent(controller, outside)
    with controller.world.store.write() as connection:
        number = repositories.known(connection)[0].id
        assert runs.tell_again(connection, number, 1) == 1
        assert runs.tell_again(connection, number + 1, 1) == 0
    older, newer = controller.runs()
    assert (older.phase, newer.phase) == (Phase.DONE, Phase.REPORTING)


def test_a_sentence_that_every_call_is_refused_with_is_said_once(
    controller: Controller, outside: Outside
) -> None:
    absent(controller, outside, "removed")
    said = [problem or "" for problem in problems(controller)]
    assert [each.count("add it there and ask again") for each in said] == [1, 1]
