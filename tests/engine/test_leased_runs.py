"""Runs on machines that are leased from a simulated cloud: from a tag to a verdict, and nothing is left."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.engine.conftest import Make
from tests.engine.harness import FAKE, Controller, Outside, reason, run_tag, spec_with
from tests.fakes.cloud import host
from tests.leasing.bench import Bench

from reprise.domain.run import Reason, RunId, Verdict
from reprise.engine.reaper import Reaper
from reprise.ports.cloud import HostsWish, LeaseWish, Taken
from reprise.store import charges

FILES = spec_with({"claims:": "resources: {gpus: 1, node_type: [gpu_rtx_6000], duration: 30m}\nclaims:"})
UNKNOWN = RunId("r" + 12 * "f")


@pytest.fixture
def bench(outside: Outside, tmp_path: Path) -> Bench:
    made = Bench(tmp_path / "leasing", clock=outside.clock)
    outside.provider = made.provider  # type: ignore[assignment] # the real one, on a simulated cloud
    return made


@pytest.fixture
def controller(make: Make, bench: Bench) -> Controller:
    return make(offers=(replace(FAKE, gpus=True, sites=(bench.cloud.site,)),))


def test_a_tag_is_run_on_a_leased_machine_which_is_given_back(controller: Controller, bench: Bench) -> None:
    _, _, run = run_tag(controller, FILES)

    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED
    assert run.allocation is not None
    assert "gpu_rtx_6000 at CHI@Fake, leased" in run.allocation.description
    assert bench.cloud.left() == {}
    assert bench.cloud.lost == []
    with controller.world.store.read() as connection:
        (charge,) = charges.of_run(connection, run.id)
    assert charge.ended_at is not None
    hours = (charge.ended_at - charge.start) / timedelta(hours=1)
    assert charge.su_per_hour * hours == pytest.approx(bench.spent())


def test_a_machine_that_fails_is_replaced_at_nobodys_cost(controller: Controller, bench: Bench) -> None:
    bench.cloud.broken = {bench.cloud.machines[0].uid}

    _, _, run = run_tag(controller, FILES)

    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED
    with controller.world.store.read() as connection:
        faults = [charge.fault for charge in charges.of_run(connection, run.id)]
    assert faults == ["its server failed: node failed to deploy: timeout", None]


def test_machines_that_all_fail_end_the_run_without_a_lease(controller: Controller, bench: Bench) -> None:
    bench.cloud.broken = {each.uid for each in bench.cloud.machines}

    _, _, run = run_tag(controller, FILES)

    assert reason(run) is Reason.NODE_FAILED
    assert bench.cloud.left() == {}


def test_a_lease_that_begins_days_later_is_waited_for(controller: Controller, bench: Bench) -> None:
    now = bench.clock.now()
    free = now + timedelta(days=3)
    bench.cloud.others = [Taken(each.id, "theirs", now, free) for each in bench.cloud.machines]

    _, _, run = run_tag(controller, FILES)

    assert run.judgement is not None
    assert run.judgement.verdict is Verdict.REPRODUCED
    assert bench.clock.now() > free


def test_the_leases_of_runs_that_nobody_here_knows_are_left_alone(
    controller: Controller, bench: Bench
) -> None:
    bench.cloud.machines = (host(1), host(2))
    end = bench.clock.now() + timedelta(hours=5)
    name = f"reprise-{UNKNOWN}"
    bench.cloud.create_lease(LeaseWish(name, HostsWish("gpu_rtx_6000"), None, end))
    repository = controller.outside.repository()
    controller.outside.tag(repository, "v1", FILES)
    controller.told_tag(repository, "v1")
    controller.work()
    run = controller.run()
    left_by = bench.cloud.create_lease(LeaseWish(f"reprise-{run.id}", HostsWish("gpu_rtx_6000"), None, end))
    reaper = Reaper()

    reaped = [reaper.reap(controller.world) for _ in range(3)]

    assert [run.id in each for each in reaped] == [False, True, False]
    assert bench.cloud.lease(left_by.id) is None
    assert [lease.name for lease in bench.cloud.living()] == [name]
