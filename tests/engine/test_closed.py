"""What becomes of a pull request's runs when it is closed, and what may still be said there."""

import pytest
from tests.engine.harness import Controller, Outside, Pull, assert_clean, pull_request, reason
from tests.engine.test_catch_up_comments import look
from tests.engine.test_forks import fork
from tests.engine.test_plans import changed
from tests.fakes.runner import FakeJob

from reprise.domain.forge import Permission, Reaction
from reprise.domain.run import Reason


def begun(controller: Controller, outside: Outside, pull: Pull, *, live: bool) -> None:
    """A run of the head that never ends by itself, or that waits."""
    outside.runner.script = lambda job: FakeJob(forever=True)
    controller.told_comment(pull, f"/reproduce {pull.sha}")
    controller.resolve()
    if live:
        controller.start()
        controller.until(lambda: outside.runner.started)


def close(outside: Outside, pull: Pull) -> None:
    outside.forge.change_pull_request(pull.repository, pull.number, open=False)


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("told", [True, False])
def test_closing_a_pull_request_ends_a_forks_code(
    controller: Controller, outside: Outside, live: bool, told: bool
) -> None:
    pull = fork(outside)
    if not told:
        look(controller)
    begun(controller, outside, pull, live=live)
    close(outside, pull)
    if told:
        changed(controller, pull)
    else:
        assert look(controller) == 1
    controller.work()
    assert_clean(controller)
    run = controller.run()
    assert reason(run) is Reason.CANCELLED
    assert run.stop_requested is not None
    assert "the pull request was closed" in run.stop_requested.message
    assert len(outside.runner.started) == int(live)
    assert look(controller) == 0


def test_a_pull_request_that_is_open_again_by_then_goes_on(controller: Controller, outside: Outside) -> None:
    pull = fork(outside)
    begun(controller, outside, pull, live=False)
    changed(controller, pull)
    controller.resolve()
    assert controller.run().stop_requested is None


def test_our_own_code_goes_on_when_its_pull_request_is_closed(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    begun(controller, outside, pull, live=False)
    close(outside, pull)
    changed(controller, pull)
    controller.resolve()
    assert controller.run().stop_requested is None


def test_a_writer_stops_and_sees_runs_of_a_closed_pull_request(
    controller: Controller, outside: Outside
) -> None:
    pull = pull_request(outside)
    look(controller)
    outside.clock.advance(60)
    outside.forge.set_permission(pull.repository, "ada", Permission.WRITE)
    begun(controller, outside, pull, live=False)
    close(outside, pull)
    comment = outside.forge.add_comment(pull.repository, pull.place, "/reproduce cancel", who="ada")
    outside.forge.add_comment(pull.repository, pull.place, "/reproduce help", who="ada")
    assert look(controller) == 1
    controller.work()
    assert reason(controller.run()) is Reason.CANCELLED
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.THUMBS_UP]
    controller.told_comment(pull, "/reproduce status")
    controller.work()
    assert any("**not run**" in body.body for body in outside.comments(pull.repository, pull.place))


def test_a_stranger_stops_nothing_there(controller: Controller, outside: Outside) -> None:
    pull = pull_request(outside)
    begun(controller, outside, pull, live=False)
    close(outside, pull)
    comment = controller.told_comment(pull, "/reproduce cancel", who="mallory")
    controller.resolve()
    assert controller.run().stop_requested is None
    assert outside.forge.reactions_to(pull.repository, comment) == [Reaction.CONFUSED]
