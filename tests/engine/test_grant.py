"""Who runs when, and what happens to a run whose workflow is gone."""

import threading
import time
from io import StringIO

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import FILES, Controller, Outside, assert_clean, measured, wait_for
from tests.engine.watch import Cross, watching_ports
from tests.fakes.runner import FakeJob

from reprise.domain.forge import State
from reprise.domain.run import Phase, Reason, RunId, Verdict
from reprise.engine.durable import Body
from reprise.engine.grant import grant, rescue, resume
from reprise.engine.reporting import show_waiting
from reprise.engine.turns import wait_of
from reprise.engine.workflow import RESCUE
from reprise.ports import JobRequest
from reprise.store import runs


def push(controller: Controller, count: int) -> None:
    """So many tags of one repository, each on a commit of its own, and a run for each."""
    repository = controller.outside.repository()
    for number in range(count):
        controller.outside.tag(repository, f"v{number}", {**FILES, "n": str(number)})
        controller.told_tag(repository, f"v{number}")
    assert controller.resolve() == count


def granted(controller: Controller) -> list[int]:
    return [run.number for run in controller.runs() if run.granted_at is not None]


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_never_more_runs_than_slots_and_always_in_order(make: Make, outside: Outside, slots: int) -> None:
    controller = make(slots=slots)
    at_once: list[int] = []
    order: list[RunId] = []

    def job(request: JobRequest) -> FakeJob:
        at_once.append(len(outside.provider.owned()))
        if request.run_id not in order:
            order.append(request.run_id)
        return measured(0.93)

    outside.runner.script = job
    push(controller, 5)
    controller.work()
    assert_clean(controller)
    assert max(at_once) <= slots
    if slots == 1:
        assert order == [run.id for run in controller.runs()]


def test_only_the_first_ones_are_granted(make: Make) -> None:
    controller = make(slots=2)
    push(controller, 4)
    controller.start()
    assert controller.grant() == 2
    assert granted(controller)[:2] == [1, 2]


def test_the_place_in_the_queue_is_known_and_said(controller: Controller, outside: Outside) -> None:
    push(controller, 3)
    with controller.world.store.read() as connection:
        places = [wait_of(controller.world, connection, run) for run in controller.runs()]
    assert [place and place.place for place in places] == [1, 2, 3]
    show_waiting(controller.world)
    assert all(outside.statuses(run.repository, run.commit) == {} for run in controller.runs())
    outside.clock.advance(2)
    for _ in range(2):
        show_waiting(controller.world)
    said = [outside.forge.statuses_on(run.repository, run.commit) for run in controller.runs()]
    assert [[status.description for status in one] for one in said] == [
        ["waiting for its turn: place 1"],
        ["waiting for its turn: place 2, the only slot is in use"],
        ["waiting for its turn: place 3, the only slot is in use"],
    ]
    controller.work()
    assert_clean(controller)
    assert [run.coin for run in controller.runs()] == [str(one[0].id) for one in said]


def test_a_run_that_was_granted_meanwhile_does_not_say_that_it_waits(make: Make, outside: Outside) -> None:
    """The forge is slow to answer for the first one; in that time the second one is granted."""
    controller = make(slots=2)
    push(controller, 2)
    outside.clock.advance(2)
    controller.start()

    def grant_meanwhile(name: str, side: str, _: str) -> bool:
        if (name, side) == ("forge.post_status", "after"):
            controller.grant()
        return False

    show_waiting(watching_ports(grant_meanwhile)(controller.world))
    controller.work()
    assert_clean(controller)
    first, second = (outside.forge.statuses_on(run.repository, run.commit) for run in controller.runs())
    assert first[0].description == "waiting for its turn: place 1"
    assert second[0].description == "building the environment"


def test_seventeen_long_builds_keep_no_other_run_from_its_verdict(make: Make, outside: Outside) -> None:
    """More than the engine has threads of its own."""
    controller = make(slots=18, wrap_world=watching_ports(slow_builds(go_on := threading.Event(), 17)))
    push(controller, 18)
    controller.start()
    controller.until(lambda: [run for run in controller.runs() if run.phase is Phase.DONE], seconds=30)
    phases = [run.phase for run in controller.runs()]
    controller.stop()
    go_on.set()
    assert (len(phases), phases.count(Phase.DONE)) == (18, 1)


def test_stopping_does_not_wait_for_a_build_and_the_next_life_builds_again(
    make: Make, outside: Outside
) -> None:
    building, go_on = threading.Event(), threading.Event()
    controller = make(wrap_world=watching_ports(slow_builds(go_on, 1, building)))
    push(controller, 1)
    controller.start()
    controller.grant()
    wait_for(building)
    begun = time.monotonic()
    controller.stop()
    assert time.monotonic() - begun < 3
    go_on.set()
    later = controller.next_life()
    later.work()
    later.stop()
    assert_clean(later)
    assert later.run().judgement is not None


def slow_builds(go_on: threading.Event, count: int, building: threading.Event | None = None) -> Cross:
    """The first builds take until they may go on."""
    left = iter(range(count))

    def cross(name: str, side: str, _: str) -> bool:
        if (name, side) == ("builder.build", "before") and next(left, None) is not None:
            if building is not None:
                building.set()
            wait_for(go_on, seconds=30)
        return False

    return cross


# --- crashes around the grant --------------------------------------------------------------------------


def test_a_run_that_was_granted_but_never_started_is_started_by_the_next_life(
    controller: Controller, outside: Outside
) -> None:
    push(controller, 1)
    with controller.world.store.write() as connection:
        runs.save(connection, controller.run().id, granted_at=outside.clock.now())
    controller.work()
    assert_clean(controller)


def test_a_run_whose_start_failed_is_started_at_the_next_look(controller: Controller) -> None:
    push(controller, 1)
    controller.start()

    def fails(_: str) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        grant(controller.world, fails)
    assert resume(controller.world, controller.engine.start) == 1
    controller.work()
    assert_clean(controller)


def test_starting_a_run_again_while_it_runs_does_nothing(controller: Controller, outside: Outside) -> None:
    started, go_on = threading.Event(), threading.Event()

    def job(request: JobRequest) -> FakeJob:
        started.set()
        wait_for(go_on)
        return measured(0.93)

    outside.runner.script = job
    push(controller, 1)
    controller.start()
    controller.grant()
    wait_for(started)
    for _ in range(3):
        resume(controller.world, controller.engine.start)
    go_on.set()
    controller.work()
    resume(controller.world, controller.engine.start)
    assert_clean(controller)
    assert len(outside.runner.started) == 2


# --- workflows that break --------------------------------------------------------------------------------


# As after an upgrade that cannot replay what was recorded: something raises outside of any step.


def test_a_broken_workflow_is_ended_and_its_machine_goes_back(
    make: Make, outside: Outside, logs: StringIO
) -> None:
    def breaks_with_a_machine(body: Body) -> Body:
        async def raises(workflow_id: str) -> None:
            if workflow_id.endswith(RESCUE):
                await body(workflow_id)
                return
            controller.steps.read_spec(workflow_id)
            controller.steps.request_machine(workflow_id)
            raise LookupError("this history belongs to another version")

        return raises

    controller = make(wrap_body=breaks_with_a_machine)
    push(controller, 1)
    run = controller.run()
    controller.start()
    controller.grant()
    controller.until(lambda: controller.engine.broken(run.id))
    assert outside.provider.owned() == (run.id,)
    assert rescue(controller.world, controller.engine) == 1
    controller.work()
    assert_clean(controller)
    ended = controller.run()
    assert ended.judgement is not None
    assert ended.judgement.reason is Reason.INTERNAL_ERROR
    assert outside.statuses(ended.repository, ended.commit)["reprise/wine"].state is State.ERROR
    assert rescue(controller.world, controller.engine) == 0
    assert "workflow broke" in logs.getvalue()


def test_a_run_whose_rescue_breaks_too_is_abandoned_and_frees_its_slot(make: Make, outside: Outside) -> None:
    async def raises(workflow_id: str) -> None:
        raise LookupError("this history belongs to another version")

    controller = make(wrap_body=lambda body: raises)
    push(controller, 2)
    controller.start()
    controller.grant()
    first = controller.runs()[0]
    controller.until(lambda: controller.engine.broken(first.id))
    rescue(controller.world, controller.engine)
    controller.until(lambda: controller.engine.broken(first.id + RESCUE))
    rescue(controller.world, controller.engine)
    ended = controller.runs()[0]
    assert ended.phase is Phase.DONE
    assert "operator's log" in (ended.reporting_problem or "")
    controller.until(lambda: controller.runs()[1].granted_at)


def test_a_rescue_does_not_take_back_a_verdict_that_was_given(make: Make, outside: Outside) -> None:
    """The workflow breaks between the verdict and the report."""

    def broken_late(body: Body) -> Body:
        async def raises(workflow_id: str) -> None:
            await body(workflow_id)
            if not workflow_id.endswith(RESCUE):
                with controller.world.store.write() as connection:
                    runs.save(connection, workflow_id, ended_at=None, phase=Phase.EVALUATING.value)
                raise LookupError("this history belongs to another version")

        return raises

    controller = make(wrap_body=broken_late)
    push(controller, 1)
    controller.start()
    controller.grant()
    run = controller.run()
    controller.until(lambda: controller.engine.broken(run.id))
    rescue(controller.world, controller.engine)
    controller.work()
    judgement = controller.run().judgement
    assert judgement is not None
    assert judgement.verdict is Verdict.REPRODUCED
    assert_clean(controller)


def test_a_run_whose_workflow_ended_without_ending_it_is_rescued(make: Make) -> None:
    def ends_early(body: Body) -> Body:
        async def nothing(workflow_id: str) -> None:
            if workflow_id.endswith(RESCUE):
                await body(workflow_id)

        return nothing

    controller = make(wrap_body=ends_early)
    push(controller, 1)
    controller.start()
    controller.grant()
    run = controller.run()
    controller.until(lambda: controller.engine.over(run.id))
    assert rescue(controller.world, controller.engine) == 1
    controller.work()
    assert_clean(controller)


def test_a_run_that_ends_while_it_is_looked_at_is_not_rescued(controller: Controller) -> None:
    push(controller, 3)
    controller.start()
    while controller.grant() or any(run.ended_at is None for run in controller.runs()):
        assert rescue(controller.world, controller.engine) == 0
    assert_clean(controller)
