"""What every Cloud promises: the simulated one here, real services in tests/integration/openstack."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.clouds import IMAGE, NODE_TYPE, PUBLIC_KEY, Cast, World
from tests.fakes.cloud import CREDENTIAL, FakeCloud, host

from reprise.domain.leasing.refusal import CloudRefused, Refusal
from reprise.ports.cloud import (
    Cloud,
    Flavor,
    FlavorWish,
    HostsWish,
    LeaseState,
    LeaseWish,
    ServerState,
)

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
STEP = timedelta(seconds=5)


@dataclass(slots=True)
class Simulated:
    """On a clock that only moves while somebody waits."""

    time: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    flavor_id: str = "g1.h100.pci.1"
    cloud: FakeCloud = field(init=False)

    def __post_init__(self) -> None:
        flavor = Flavor(
            self.flavor_id, self.flavor_id, 24, 96 << 30, 40 << 30, {"trait:CUSTOM_GPU": "required"}
        )
        machines = (host(1), host(2), host(3, NODE_TYPE))
        self.cloud = FakeCloud(now=self.now, machines=machines, offered=((flavor, 1),))

    @property
    def restricted(self) -> Cloud:
        return FakeCloud(
            now=self.now, machines=self.cloud.machines, known=replace(CREDENTIAL, unrestricted=False)
        )

    def now(self) -> datetime:
        return self.time

    def until(self, reached: Callable[[], bool]) -> None:
        for _ in range(1000):
            if reached():
                return
            self.time += STEP
        raise TimeoutError("it never came to pass")

    def portal(
        self, *, down: bool = False, project_sus: float = 1000.0, user_sus: float | None = None
    ) -> None:
        self.cloud.portal_up = not down
        self.cloud.su_left = project_sus
        self.cloud.user_su_left = user_sus


@pytest.fixture
def world() -> World:
    return Simulated()


@pytest.fixture
def cast(world: World) -> Cast:
    return Cast(world)


def refusal_of(act: Callable[[], object]) -> Refusal:
    with pytest.raises(CloudRefused) as error:
        act()
    assert str(error.value)
    return error.value.refusal


# --- what there is ----------------------------------------------------------------------------------


def test_the_credential_tells_who_we_are_and_that_leases_can_be_made(world: World) -> None:
    known = world.cloud.credential()
    assert known.project
    assert known.user
    assert "member" in known.roles
    assert known.unrestricted is True
    assert {"compute", "reservation"} <= set(known.services)


def test_hosts_are_told_with_type_and_price(world: World) -> None:
    (machine,) = [each for each in world.cloud.hosts() if each.node_type == NODE_TYPE]
    assert machine.usable
    assert float(machine.properties["su_factor"]) > 0
    assert machine.uid != machine.id


def test_flavors_that_can_be_leased_tell_their_size_and_traits(world: World) -> None:
    (flavor,) = [each for each in world.cloud.flavors() if each.id == world.flavor_id]
    assert flavor.cpus > 1
    assert flavor.memory_bytes > 1 << 30
    assert flavor.specs["trait:CUSTOM_GPU"] == "required"


def test_an_image_is_found_by_its_whole_name_only(world: World) -> None:
    found = world.cloud.image(IMAGE)
    assert found is not None
    assert found.name == IMAGE
    assert world.cloud.image(IMAGE[:-1]) is None


# --- leases -----------------------------------------------------------------------------------------


def test_a_lease_becomes_active_and_takes_a_machine_until_it_is_deleted(world: World, cast: Cast) -> None:
    cloud = world.cloud
    made = cloud.create_lease(cast.wish("reprise-r1", end=world.now() + HOUR))
    assert made.name == "reprise-r1"
    assert made.state in (LeaseState.PENDING, LeaseState.STARTING, LeaseState.ACTIVE)

    active = cast.awaited(made)

    (machine,) = [each for each in cloud.hosts() if each.node_type == NODE_TYPE]
    (taken,) = [each for each in cloud.taken() if each.lease_id == made.id]
    assert (taken.host_id, taken.end) == (machine.id, active.end)
    assert active.start.tzinfo is not None
    assert [each.id for each in cloud.leases() if each.name == "reprise-r1"] == [made.id]
    assert active.reservations[0].flavor_id is None

    cloud.delete_lease(made.id)

    assert cloud.lease(made.id) is None
    assert [each for each in cloud.taken() if each.lease_id == made.id] == []
    cloud.delete_lease(made.id)


def test_a_machine_has_one_lease_at_a_time(world: World, cast: Cast) -> None:
    now = world.now()
    first = cast.active(cast.wish("reprise-r1", end=now + HOUR))
    again = cast.wish("reprise-r2", end=now + HOUR)
    assert refusal_of(lambda: world.cloud.create_lease(again)) is Refusal.FULL

    later = cast.wish("reprise-r3", start=now + 2 * HOUR, end=now + 3 * HOUR)
    booked = world.cloud.create_lease(later)
    assert booked.state is LeaseState.PENDING
    assert booked.start >= now + 2 * HOUR

    world.cloud.delete_lease(first.id)
    assert world.cloud.create_lease(again).name == "reprise-r2"


def test_a_type_that_is_nowhere_is_told_from_one_that_is_taken(world: World) -> None:
    wish = LeaseWish("reprise-r1", HostsWish("gpu_h900"), None, world.now() + HOUR)
    assert refusal_of(lambda: world.cloud.create_lease(wish)) is Refusal.NO_SUCH_TYPE


def test_machines_are_leased_by_name_whichever_of_them_is_free(world: World) -> None:
    cloud, end = world.cloud, world.now() + HOUR
    gpus = [each for each in cloud.hosts() if each.node_type == "gpu_rtx_6000"]
    one, two = gpus
    cloud.create_lease(LeaseWish("reprise-r1", HostsWish(one.node_type, uids=(one.uid,)), None, end))
    both = HostsWish(one.node_type, uids=(one.uid, two.uid))
    second = cloud.create_lease(LeaseWish("reprise-r2", both, None, end))
    assert [each.host_id for each in cloud.taken() if each.lease_id == second.id] == [two.id]
    assert refusal_of(lambda: cloud.create_lease(LeaseWish("reprise-r3", both, None, end))) is Refusal.FULL


def test_the_end_of_a_lease_can_be_moved_both_ways(world: World, cast: Cast) -> None:
    now = world.now()
    lease = cast.active(cast.wish("reprise-r1", end=now + HOUR))
    for wanted in (now + 2 * HOUR, now + 30 * MINUTE):
        world.cloud.move_end(lease.id, wanted)
        seen = world.cloud.lease(lease.id)
        assert seen is not None
        assert timedelta(0) <= seen.end - wanted <= MINUTE
        assert seen.state is LeaseState.ACTIVE


def test_an_extension_stops_where_somebody_else_begins(world: World, cast: Cast) -> None:
    now = world.now()
    lease = cast.active(cast.wish("reprise-r1", end=now + HOUR))
    world.cloud.create_lease(cast.wish("reprise-r2", start=now + 2 * HOUR, end=now + 3 * HOUR))
    assert refusal_of(lambda: world.cloud.move_end(lease.id, now + 150 * MINUTE)) is Refusal.FULL
    seen = world.cloud.lease(lease.id)
    assert seen is not None
    assert (seen.end, seen.state) == (lease.end, LeaseState.ACTIVE)


def test_an_extension_that_comes_too_early_is_told(world: World, cast: Cast) -> None:
    now = world.now()
    lease = cast.active(cast.wish("reprise-r1", end=now + 60 * HOUR))
    assert refusal_of(lambda: world.cloud.move_end(lease.id, now + 61 * HOUR)) is Refusal.OUTSIDE_WINDOW
    seen = world.cloud.lease(lease.id)
    assert seen is not None
    assert seen.end == lease.end


def test_a_lease_of_more_than_seven_days_is_too_long(world: World, cast: Cast) -> None:
    wish = cast.wish("reprise-r1", end=world.now() + timedelta(days=8))
    assert refusal_of(lambda: world.cloud.create_lease(wish)) is Refusal.TOO_LONG


def test_a_lease_that_costs_more_than_is_left_is_refused(world: World, cast: Cast) -> None:
    world.portal(project_sus=0.5)
    wish = cast.wish("reprise-r1", end=world.now() + HOUR)
    assert refusal_of(lambda: world.cloud.create_lease(wish)) is Refusal.OVER_BUDGET
    world.portal(user_sus=0.5)
    assert refusal_of(lambda: world.cloud.create_lease(wish)) is Refusal.OVER_USER_BUDGET
    assert world.cloud.leases() == ()


def test_without_anybody_who_counts_nothing_is_leased(world: World, cast: Cast) -> None:
    world.portal(down=True)
    wish = cast.wish("reprise-r1", end=world.now() + HOUR)
    assert refusal_of(lambda: world.cloud.create_lease(wish)) is Refusal.PORTAL_DOWN
    world.portal()
    assert world.cloud.create_lease(wish).name == "reprise-r1"


def test_a_restricted_credential_is_named_as_such(world: World, cast: Cast) -> None:
    assert world.restricted.credential().unrestricted is False
    wish = cast.wish("reprise-r1", end=world.now() + HOUR)
    assert refusal_of(lambda: world.restricted.create_lease(wish)) is Refusal.RESTRICTED_CREDENTIAL


def test_a_lease_of_a_flavor_brings_a_flavor_of_its_own(world: World, cast: Cast) -> None:
    wish = LeaseWish("reprise-r1", FlavorWish(world.flavor_id), None, world.now() + HOUR)
    lease = cast.active(wish)
    assert lease.reservations[0].flavor_id not in (None, world.flavor_id)
    server = cast.server(lease, "reprise-r1")

    def is_up() -> bool:
        seen = cast.seen(server.id)
        return seen is not None and seen.state is ServerState.ACTIVE

    world.until(is_up)
    more = LeaseWish("reprise-r2", FlavorWish(world.flavor_id, 50), None, wish.end)
    assert refusal_of(lambda: world.cloud.create_lease(more)) is Refusal.FULL


# --- servers, addresses, keys -----------------------------------------------------------------------


def test_a_server_runs_on_the_leased_machine_until_it_is_deleted(world: World, cast: Cast) -> None:
    cloud = world.cloud
    lease = cast.active(cast.wish("reprise-r1", end=world.now() + HOUR))
    made = cast.server(lease, "reprise-r1")
    assert (made.name, made.run_id, made.state) == ("reprise-r1", "r1", ServerState.BUILDING)

    def is_up() -> bool:
        seen = cast.seen(made.id)
        return seen is not None and seen.state is ServerState.ACTIVE

    world.until(is_up)
    server = cast.seen(made.id)
    assert server is not None
    (machine,) = [each for each in cloud.hosts() if each.node_type == NODE_TYPE]
    assert server.host_uid == machine.uid
    assert server.fixed_address is not None
    assert server.floating_address is None

    address = cloud.create_floating_ip("reprise:r1")
    assert ("reprise:r1" in address.tags, address.attached) == (True, False)
    cloud.attach(address.id, server.id)
    attached = cast.seen(server.id)
    assert attached is not None
    assert attached.floating_address == address.address
    (seen,) = cloud.floating_ips()
    assert ("reprise:r1" in seen.tags, seen.attached, seen.id) == (True, True, address.id)

    cloud.delete_server(server.id)
    world.until(lambda: cast.seen(server.id) is None)
    cloud.delete_server(server.id)
    cloud.delete_floating_ip(address.id)
    cloud.delete_floating_ip(address.id)
    assert cloud.floating_ips() == ()


def test_a_server_too_many_ends_in_error_and_says_why(world: World, cast: Cast) -> None:
    lease = cast.active(cast.wish("reprise-r1", end=world.now() + HOUR))
    cast.server(lease, "reprise-r1")
    world.until(lambda: all(each.state is not ServerState.BUILDING for each in world.cloud.servers()))
    second = cast.server(lease, "reprise-r1-2")

    def has_failed() -> bool:
        seen = cast.seen(second.id)
        return seen is not None and seen.state is ServerState.ERROR

    world.until(has_failed)
    seen = cast.seen(second.id)
    assert seen is not None
    assert "No valid host" in (seen.fault or "")


def test_a_keypair_s_name_is_taken_once(world: World) -> None:
    cloud = world.cloud
    cloud.create_keypair("reprise-r1", PUBLIC_KEY)
    assert refusal_of(lambda: cloud.create_keypair("reprise-r1", PUBLIC_KEY)) is Refusal.NAME_TAKEN
    assert [each.name for each in cloud.keypairs()] == ["reprise-r1"]
    cloud.delete_keypair("reprise-r1")
    cloud.delete_keypair("reprise-r1")
    assert cloud.keypairs() == ()


def test_what_nobody_knows_is_as_good_as_gone(world: World) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    assert world.cloud.lease(nobody) is None
    world.cloud.delete_lease(nobody)
    world.cloud.delete_server(nobody)
    world.cloud.delete_floating_ip(nobody)
    assert refusal_of(lambda: world.cloud.move_end(nobody, world.now() + HOUR)) is Refusal.WRONG_STATE
    assert refusal_of(lambda: world.cloud.attach(nobody, nobody)) is Refusal.WRONG_STATE
