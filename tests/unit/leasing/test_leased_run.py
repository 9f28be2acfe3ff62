"""From a request to a proved node and back to nothing, on a simulated cloud."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.fakes.cloud import FakeCloud, host, unanswered
from tests.leasing.bench import OTHER, RUN, Bench, gpu_spec

from reprise.domain.errors import Retryable
from reprise.domain.leasing.money import total
from reprise.domain.run import Reason
from reprise.ports import Allocation, Failed, Pending
from reprise.ports.cloud import Credential, LeaseState, Taken


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def taken(bench: Bench, *, hours: float) -> None:
    """Somebody else has every host for so long, from now on."""
    now = bench.clock.now()
    end = now + timedelta(hours=hours)
    bench.cloud.others = [Taken(each.id, "theirs", now, end) for each in bench.cloud.machines]


def test_a_request_ends_in_a_proved_node(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())

    seen = bench.until_settled()

    assert isinstance(seen, Allocation)
    assert "gpu_rtx_6000 at CHI@Fake, leased; 1 x Quadro RTX 6000 24 GB" in seen.description
    assert seen.cpus == 48
    (lease,) = bench.cloud.living()
    assert lease.name == f"reprise-{RUN}"
    (server,) = bench.cloud.servers()
    assert (server.name, server.run_id) == (f"reprise-{RUN}", RUN)
    access = bench.kept().access
    assert access is not None
    assert access.host_key is not None
    assert access.address.host == server.floating_address


def test_release_leaves_nothing_and_says_what_it_cost(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    assert isinstance(bench.until_settled(), Allocation)
    bench.clock.advance(3600)
    before = bench.clock.now()

    bench.provider.release(RUN)

    assert bench.cloud.left() == {}
    assert bench.cloud.leases() == ()
    assert bench.cloud.lost == []
    assert bench.clock.now() - before <= timedelta(minutes=2)
    assert bench.provider.owned() == ()
    assert not (bench.state / "leased" / RUN).exists()
    (charge,) = bench.provider.charges(RUN)
    assert charge.fault is None
    assert total([charge], bench.clock.now()) == pytest.approx(bench.spent())


def test_an_active_lease_is_noticed_within_ten_seconds(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    bench.until("create_lease")
    (lease,) = bench.cloud.living()
    active_at = lease.start + bench.cloud.activation

    bench.until("create_server")

    (server,) = bench.cloud.servers()
    assert server.created_at - active_at <= timedelta(seconds=10)


def test_a_full_calendar_gives_a_lease_ahead(bench: Bench) -> None:
    taken(bench, hours=5)
    bench.provider.request(RUN, gpu_spec())

    assert isinstance(bench.until_settled(), Allocation)

    (lease,) = bench.cloud.living()
    assert lease.start >= bench.cloud.others[0].end


def test_a_lease_ahead_is_booked_with_the_request_and_one_for_now_is_not(bench: Bench) -> None:
    bench.provider.request(OTHER, gpu_spec())
    assert bench.cloud.living() == ()
    taken(bench, hours=5)

    bench.provider.request(RUN, gpu_spec())

    (lease,) = bench.cloud.living()
    assert lease.name == f"reprise-{RUN}"
    assert lease.state is LeaseState.PENDING


def test_a_calendar_full_for_longer_than_allowed_is_no_capacity(tmp_path: Path) -> None:
    bench = Bench(tmp_path, longest_wait=timedelta(hours=2))
    taken(bench, hours=5)
    bench.provider.request(RUN, gpu_spec())

    seen = bench.until_settled()

    assert isinstance(seen, Failed)
    assert seen.reason is Reason.NO_CAPACITY


def test_a_broken_host_is_replaced_by_another_and_its_cost_told_apart(bench: Bench) -> None:
    bench.cloud.broken = {bench.cloud.machines[0].uid}
    bench.provider.request(RUN, gpu_spec())

    assert isinstance(bench.until_settled(), Allocation)

    (lease,) = bench.cloud.living()
    assert lease.name == f"reprise-{RUN}-2"
    (server,) = bench.cloud.servers()
    assert server.host_uid == bench.cloud.machines[1].uid
    first, second = bench.provider.charges(RUN)
    assert first.fault == "its server failed: node failed to deploy: timeout"
    assert first.ended_at is not None
    assert second.fault is None


def test_two_broken_hosts_end_the_run_and_no_lease_is_left_meanwhile(bench: Bench) -> None:
    bench.cloud.broken = {each.uid for each in bench.cloud.machines}
    bench.provider.request(RUN, gpu_spec())

    seen = bench.until_settled()

    assert isinstance(seen, Failed)
    assert seen.reason is Reason.NODE_FAILED
    assert bench.cloud.living() == ()
    bench.provider.release(RUN)
    assert bench.cloud.left() == {}


def test_a_node_that_is_not_what_was_promised_is_replaced(bench: Bench) -> None:
    bench.problems = ["it has 3 GPUs, 4 were promised"]
    bench.provider.request(RUN, gpu_spec())

    assert isinstance(bench.until_settled(), Allocation)

    assert [charge.fault for charge in bench.provider.charges(RUN)] == [
        "it has 3 GPUs, 4 were promised",
        None,
    ]


def test_a_silent_node_is_replaced(bench: Bench) -> None:
    bench.cloud.silent = {bench.cloud.machines[0].uid}
    bench.provider.request(RUN, gpu_spec())

    assert isinstance(bench.until_settled(), Allocation)

    assert bench.kept().attempt == 2


def test_a_lost_answer_makes_no_second_lease(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    bench.faults.after["create_lease"] = unanswered()

    assert isinstance(bench.until_settled(), Allocation)

    assert len(bench.cloud.charges()) == 1


def test_what_was_leased_is_found_by_a_controller_that_lost_its_disk(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    assert isinstance(bench.until_settled(), Allocation)
    bench.memory.forget(RUN)
    bench.forget_process()

    assert bench.provider.owned() == (RUN,)
    bench.provider.release(RUN)

    assert bench.cloud.left() == {}


def test_a_lease_of_an_earlier_life_is_given_back_before_there_is_a_new_one(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    assert isinstance(bench.until_settled(), Allocation)
    bench.memory.forget(RUN)
    bench.forget_process()
    bench.provider.request(RUN, gpu_spec())

    assert isinstance(bench.until_settled(), Allocation)

    assert len(bench.cloud.living()) == 1


def test_a_budget_that_is_spent_ends_the_run_with_the_clouds_words(bench: Bench) -> None:
    bench.cloud.su_left = 1
    bench.provider.request(RUN, gpu_spec())

    seen = bench.until_settled()

    assert isinstance(seen, Failed)
    assert seen.reason is Reason.OVER_BUDGET
    assert "only 1 left" in seen.message


def test_a_portal_that_is_down_is_waited_for(bench: Bench) -> None:
    bench.cloud.portal_up = False
    bench.provider.request(RUN, gpu_spec())
    for _ in range(5):
        seen = bench.provider.observe(RUN)
        assert isinstance(seen, Pending)
        bench.clock.advance(seen.after.total_seconds())
    bench.cloud.portal_up = True

    assert isinstance(bench.until_settled(), Allocation)


def test_another_site_is_taken_where_one_refuses_us(tmp_path: Path) -> None:
    closed = FakeCloud(site="CHI@Closed", known=Credential("p", "u", (), None, unrestricted=False))
    bench = Bench(tmp_path, clouds=[closed, FakeCloud()])
    bench.provider.request(RUN, gpu_spec())

    assert isinstance(bench.until_settled(), Allocation)

    assert closed.charges() == {}
    assert len(bench.clouds[1].living()) == 1


def test_where_every_site_refuses_us_the_run_ends_with_their_words(tmp_path: Path) -> None:
    closed = FakeCloud(known=Credential("p", "u", (), None, unrestricted=False))
    bench = Bench(tmp_path, clouds=[closed])
    bench.provider.request(RUN, gpu_spec())

    seen = bench.until_settled()

    assert isinstance(seen, Failed)
    assert seen.reason is Reason.LEASE_REFUSED
    assert "Internal Server Error" in seen.message


def test_a_site_that_is_down_keeps_nobody_from_another(bench: Bench, tmp_path: Path) -> None:
    bench = Bench(tmp_path, clouds=[FakeCloud(site="CHI@Down"), FakeCloud()])

    def down(name: str, done: bool) -> None:
        if name in {"hosts", "taken", "flavors", "openings", "create_lease"}:
            raise unanswered()

    bench.clouds[0].on_call = down
    bench.provider.request(RUN, gpu_spec())

    assert isinstance(bench.until_settled(), Allocation)

    assert len(bench.clouds[1].living()) == 1


def test_an_extension_is_asked_for_once_near_the_end(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    assert isinstance(bench.until_settled(), Allocation)
    (lease,) = bench.cloud.living()
    bench.clock.advance((lease.end - bench.clock.now()).total_seconds() - 300)

    assert isinstance(bench.provider.observe(RUN), Allocation)

    (longer,) = bench.cloud.living()
    assert longer.end > lease.end
    assert (bench.kept().extension or "").startswith("extended until")
    assert bench.kept().lease_end == longer.end
    bench.provider.release(RUN)
    assert total(bench.provider.charges(RUN), bench.clock.now()) == pytest.approx(bench.spent())


def test_an_extension_that_is_refused_is_told_and_not_repeated(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    assert isinstance(bench.until_settled(), Allocation)
    (lease,) = bench.cloud.living()
    after = lease.end + timedelta(days=9)
    bench.cloud.others = [Taken(each.id, "theirs", lease.end, after) for each in bench.cloud.machines]
    bench.clock.advance((lease.end - bench.clock.now()).total_seconds() - 300)

    assert isinstance(bench.provider.observe(RUN), Allocation)
    assert isinstance(bench.provider.observe(RUN), Allocation)

    assert "Not enough hosts available" in (bench.kept().extension or "")
    assert [each.end for each in bench.cloud.living()] == [lease.end]


def test_an_extension_costs_no_more_than_the_run_may(bench: Bench) -> None:
    spec = gpu_spec()
    bench.provider.request(RUN, replace(spec, policy=replace(spec.policy, max_su_per_run=13.5)))
    assert isinstance(bench.until_settled(), Allocation)
    (lease,) = bench.cloud.living()
    bench.clock.advance((lease.end - bench.clock.now()).total_seconds() - 300)

    assert isinstance(bench.provider.observe(RUN), Allocation)

    (longer,) = bench.cloud.living()
    assert lease.end < longer.end
    assert 2 * (longer.end - longer.start) <= 13.5 * timedelta(hours=1)


def test_a_lease_that_ends_under_a_job_is_told(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    assert isinstance(bench.until_settled(), Allocation)
    (lease,) = bench.cloud.living()
    bench.clock.advance((lease.end - bench.clock.now()).total_seconds() + 60)

    seen = bench.until_settled()

    assert isinstance(seen, Failed)
    assert seen.reason is Reason.NODE_FAILED
    assert "its lease ended at" in seen.message
    bench.provider.release(RUN)
    assert bench.cloud.leases() == ()


def test_release_shortens_the_lease_of_a_server_that_goes_slowly(bench: Bench) -> None:
    bench.cloud.removing = timedelta(minutes=5)
    bench.provider.request(RUN, gpu_spec())
    assert isinstance(bench.until_settled(), Allocation)

    with pytest.raises(Retryable, match="still deleting"):
        bench.provider.release(RUN)
    (lease,) = bench.cloud.living()
    assert lease.end - bench.clock.now() <= timedelta(minutes=15)
    bench.clock.advance(300)
    bench.provider.release(RUN)

    assert bench.cloud.left() == {}
    assert bench.cloud.lost == []


def test_release_says_what_a_cloud_does_not_let_go(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    assert isinstance(bench.until_settled(), Allocation)
    bench.cloud.keeps_keypairs = True

    with pytest.raises(Retryable, match=f"still deleting reprise-{RUN} of run {RUN}"):
        bench.provider.release(RUN)

    assert bench.cloud.living() == ()
    assert bench.provider.owned() == (RUN,)


def test_nobody_elses_things_are_owned(bench: Bench) -> None:
    bench.cloud.create_keypair("reprise-mine", "ssh-ed25519 AAAA")
    bench.cloud.create_floating_ip("somebody")

    assert bench.provider.owned() == ()


def test_an_outage_is_waited_for_and_told(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    bench.until("create_lease")
    bench.faults.before["*"] = unanswered()

    seen = bench.provider.observe(RUN)

    assert isinstance(seen, Pending)
    assert "did not answer" in seen.why
    assert isinstance(bench.until_settled(), Allocation)


def test_a_type_that_no_site_has_is_no_capacity(bench: Bench) -> None:
    bench.cloud.machines = (host(1, "compute_skylake"),)
    bench.provider.request(RUN, gpu_spec(node_types=("gpu_h100",)))

    seen = bench.until_settled()

    assert isinstance(seen, Failed)
    assert seen.reason is Reason.NO_CAPACITY
    assert bench.cloud.leases() == ()


def test_a_run_that_waits_for_its_lease_asks_one_thing_at_each_look(bench: Bench) -> None:
    bench.provider.request(RUN, gpu_spec())
    bench.until("create_lease")
    bench.cloud.calls.clear()

    bench.provider.observe(RUN)

    assert bench.cloud.calls == ["lease"]
    assert bench.cloud.living()[0].state is LeaseState.PENDING


def test_no_more_machines_of_a_type_are_held_than_the_operator_allows(bench: Bench) -> None:
    bench.leases_per_type = 1
    bench.forget_process()
    bench.provider.request(RUN, gpu_spec())
    assert isinstance(bench.until_settled(), Allocation)
    bench.provider.request(OTHER, gpu_spec())

    seen = bench.provider.observe(OTHER)

    assert isinstance(seen, Pending)
    assert seen.why == "1 of 1 leases of gpu_rtx_6000 that may be are held or booked then"
    assert len(bench.cloud.living()) == 1
    bench.provider.release(RUN)
    assert isinstance(bench.until_settled(OTHER), Allocation)


def test_where_nobody_is_to_wait_only_a_free_machine_will_do(tmp_path: Path) -> None:
    bench = Bench(tmp_path, longest_wait=timedelta(0))
    bench.provider.request(RUN, gpu_spec())
    assert isinstance(bench.until_settled(), Allocation)
    taken(bench, hours=5)
    bench.cloud.machines = bench.cloud.machines[:1]

    bench.provider.request(OTHER, gpu_spec())

    seen = bench.until_settled(OTHER)
    assert isinstance(seen, Failed)
    assert seen.reason is Reason.NO_CAPACITY
