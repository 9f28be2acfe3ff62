"""The one process that works: who may be it, and that its loops live on."""

import threading
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.engine.conftest import Make
from tests.engine.harness import FILES, Controller, Outside, assert_clean, reason
from tests.fakes.storage import FakeStorage
from tests.jobs import until

from reprise.adapters.github.webhook import parse_delivery
from reprise.domain.errors import Retryable, UserError
from reprise.domain.retention import Bound, Item, Kind, Policy
from reprise.domain.run import Reason, RunId
from reprise.domain.spec.model import Spec
from reprise.domain.watch import read_watch
from reprise.engine.durable import Leadership
from reprise.engine.leader import LONGEST_REST, REST, Leader, Loop, next_rest
from reprise.engine.reaper import Reaper
from reprise.engine.specs import read_spec


def leader(controller: Controller) -> Leader:
    return Leader(controller.world, controller.state, watched=read_watch(("ada/wine",)), sweep_interval=0.05)


def test_a_leader_does_everything_by_itself(controller: Controller, outside: Outside) -> None:
    """A delivered tag, one that nobody told of, and a second life that goes on."""
    repository = outside.repository()
    outside.tag(repository, "older")
    leads = leader(controller)
    leads.start()
    try:
        until(lambda: controller.baseline(repository))
        outside.tag(repository, "v1", {**FILES, "x": "1"})
        until(lambda: len(controller.runs()) == 1 and controller.run().ended_at)
        outside.tag(repository, "v2", {**FILES, "x": "2"})
        controller.told_tag(repository, "v2")
        leads.nudge()
        until(lambda: len(controller.runs()) == 2 and controller.runs()[1].ended_at)
    finally:
        leads.stop()
    assert_clean(controller)


def test_a_leader_removes_what_is_kept_no_longer(controller: Controller, outside: Outside) -> None:
    """Not at its start, which others wait for."""
    old, new = (
        Item(Kind.ENVIRONMENT, name, 10, outside.clock.now() - timedelta(days=days))
        for name, days in (("old", 31), ("new", 29))
    )
    storage = FakeStorage(old, new)
    leads = Leader(
        controller.world,
        controller.state,
        watched=read_watch(()),
        sweep_interval=60,
        storages=(storage,),
        policy=Policy(cache=Bound(timedelta(days=30))),
    )
    leads.start()
    try:
        assert set(storage.items) == {"old", "new"}
        leads._retention_loop.nudge()
        until(lambda: set(storage.items) == {"new"})
        until((controller.state / "retention.json").exists)
    finally:
        leads.stop()


def test_an_app_without_a_webhook_is_asked_for_its_log_once(controller: Controller, outside: Outside) -> None:
    repository = outside.repository()
    outside.forge.install(repository)
    outside.forge.is_app, outside.forge.app_has_hook = True, False
    leads = Leader(
        controller.world,
        controller.state,
        watched=read_watch(("ada/wine",)),
        sweep_interval=0.05,
        parse=parse_delivery,
        log_interval=0.05,
    )
    with capture_logs() as logs:
        leads.start()
        try:
            until(lambda: outside.forge.calls.count("repository") >= 4)
            until(lambda: "no delivery log" in [each["event"] for each in logs])
        finally:
            leads.stop()
    said = [(each["event"], each["log_level"]) for each in logs if "delivery log" in each["event"]]
    assert said == [("no delivery log", "info")]
    assert outside.forge.calls.count("delivery_log") == 1


def test_a_second_controller_is_refused_with_the_way_out(controller: Controller) -> None:
    first, second = leader(controller), leader(controller)
    first.start()
    try:
        with pytest.raises(UserError, match=r"another controller \(pid \d+\) works in .*REPRISE_STATE_DIR"):
            second.start()
        second.stop()
        with pytest.raises(UserError):
            leader(controller).start()
    finally:
        first.stop()


def test_a_controller_that_follows_one_that_stopped_leads_and_works(
    controller: Controller, outside: Outside
) -> None:
    repository = outside.repository()
    first, second = leader(controller), leader(controller)
    first.start()
    until(lambda: controller.baseline(repository))
    first.stop()
    outside.tag(repository, "v1")
    second.start()
    assert (first.leads, second.leads) == (False, True)
    until(lambda: controller.runs() and controller.run().ended_at)
    second.stop()
    assert (first.leads, second.leads) == (False, False)
    assert_clean(controller)
    assert reason(controller.run()) is Reason.COMPLETED


def test_leadership_names_its_owner_and_ends_with_it(tmp_path: Path) -> None:
    first, second = Leadership(tmp_path), Leadership(tmp_path)
    first.take()
    with pytest.raises(UserError, match="another controller"):
        second.take()
    first.give_up()
    second.take()
    second.give_up()
    second.give_up()


def test_an_engine_database_that_is_none_is_told_with_the_way_out(controller: Controller) -> None:
    (controller.state / "engine.db").write_bytes(b"not a database at all, but long" * 400)
    for name in ("engine.db-wal", "engine.db-shm"):
        (controller.state / name).unlink(missing_ok=True)
    leads = leader(controller)
    try:
        with pytest.raises(UserError, match=r"engine\.db cannot be used .* remove it"):
            leads.start()
    finally:
        leads.stop()


def test_a_loop_lives_on_after_an_exception(logs: StringIO) -> None:
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        raise ZeroDivisionError("division by zero")

    loop = Loop("test", 0.01, tick)
    loop.start()
    until(lambda: len(ticks) >= 3)
    loop.stop(5)
    assert "loop failed" in logs.getvalue()
    assert "ZeroDivisionError" in logs.getvalue()


def test_a_nudged_loop_looks_at_once() -> None:
    ticked = threading.Event()
    loop = Loop("test", 3600, ticked.set)
    loop.start()
    until(ticked.is_set)
    ticked.clear()
    loop.nudge()
    until(ticked.is_set)
    loop.stop(5)


def test_a_loop_rests_longer_in_a_flood_and_shortly_again_after_it() -> None:
    rests = [REST]
    for _ in range(10):
        rests.append(next_rest(rests[-1], nudged=True))
    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST > REST
    assert next_rest(rests[-1], nudged=False) == REST


def test_a_tick_may_want_the_next_one_sooner() -> None:
    ticks: list[float] = []

    def tick() -> None:
        ticks.append(time.monotonic())
        if len(ticks) == 1:
            loop.next_in(0.01)

    loop = Loop("test", 3600, tick)
    loop.start()
    until(lambda: len(ticks) == 2)
    loop.stop(5)
    assert len(ticks) == 2


def test_a_loop_that_was_never_started_can_be_stopped() -> None:
    ticks: list[int] = []
    Loop("test", 1, lambda: ticks.append(1)).stop(1)
    assert ticks == []


# --- reaper --------------------------------------------------------------------------------------------


def a_spec(outside: Outside) -> Spec:
    repository = outside.repository()
    file = read_spec(outside.source, repository, outside.commit(repository), "reprise.yaml")
    assert file is not None
    assert isinstance(file.spec, Spec)
    return file.spec


def test_a_machine_is_reaped_only_when_it_was_nobodys_twice(controller: Controller, outside: Outside) -> None:
    orphan = RunId("r-nobody")
    reaper = Reaper()
    outside.provider.request(orphan, a_spec(outside))
    assert reaper.reap(controller.world) == ()
    outside.provider.release(orphan)
    assert reaper.reap(controller.world) == ()
    outside.provider.request(orphan, a_spec(outside))
    assert reaper.reap(controller.world) == ()
    assert reaper.reap(controller.world) == (orphan,)
    assert outside.provider.owned() == ()


def test_the_machine_of_a_live_run_is_never_reaped(make: Make, outside: Outside) -> None:
    controller = make()
    repository = outside.repository()
    outside.tag(repository, "v1")
    controller.told_tag(repository, "v1")
    outside.provider.pending_looks = 10**9
    outside.provider.wait_seconds = 0
    controller.start()
    controller.until(outside.provider.owned)
    reaper = Reaper()
    for _ in range(3):
        assert reaper.reap(controller.world) == ()
    outside.provider.pending_looks = 0
    controller.work()
    assert_clean(controller)


def test_a_machine_that_cannot_be_released_now_is_tried_again(
    controller: Controller, outside: Outside
) -> None:
    orphan = RunId("r-nobody")
    outside.provider.request(orphan, a_spec(outside))
    outside.provider.refusals = [Retryable("the cloud did not answer")]
    reaper = Reaper()
    reaper.reap(controller.world)
    reaper.reap(controller.world)
    assert outside.provider.owned() == (orphan,)
    reaper.reap(controller.world)
    assert outside.provider.owned() == ()
