"""What every Cloud promises, on real services; and what only these can show."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.clouds import Cast, World
from tests.contract.test_cloud import (  # noqa: F401 - collected here with another cloud
    HOUR,
    cast,
    refusal_of,
    test_a_keypair_s_name_is_taken_once,
    test_a_lease_becomes_active_and_takes_a_machine_until_it_is_deleted,
    test_a_lease_of_a_flavor_brings_a_flavor_of_its_own,
    test_a_lease_of_more_than_seven_days_is_too_long,
    test_a_lease_that_costs_more_than_is_left_is_refused,
    test_a_machine_has_one_lease_at_a_time,
    test_a_restricted_credential_is_named_as_such,
    test_a_server_runs_on_the_leased_machine_until_it_is_deleted,
    test_a_server_too_many_ends_in_error_and_says_why,
    test_a_type_that_is_nowhere_is_told_from_one_that_is_taken,
    test_an_extension_stops_where_somebody_else_begins,
    test_an_extension_that_comes_too_early_is_told,
    test_an_image_is_found_by_its_whole_name_only,
    test_flavors_that_can_be_leased_tell_their_size_and_traits,
    test_hosts_are_told_with_type_and_price,
    test_machines_are_leased_by_name_whichever_of_them_is_free,
    test_the_credential_tells_who_we_are_and_that_leases_can_be_made,
    test_the_end_of_a_lease_can_be_moved_both_ways,
    test_what_nobody_knows_is_as_good_as_gone,
    test_without_anybody_who_counts_nothing_is_leased,
)
from tests.integration.openstack.box import CloudBox, Secret
from tests.openstack.rules import Rules

from reprise.adapters.chameleon.login import APPLICATION_CREDENTIAL, Login
from reprise.adapters.chameleon.site import SiteCloud
from reprise.domain.errors import Retryable
from reprise.domain.leasing.refusal import Refusal
from reprise.ports.cloud import LeaseState

PATIENCE = 60.0
"""Seconds."""


def cloud_of(box: CloudBox, secret: Secret, *, timeout: float = 30.0, **options: str) -> SiteCloud:
    signing_in = {
        "auth_url": box.auth_url,
        "application_credential_id": secret.id,
        "application_credential_secret": secret.secret,
    }
    return SiteCloud(
        Login(box.region, APPLICATION_CREDENTIAL, signing_in | options, box.region), timeout=timeout
    )


@dataclass(frozen=True, slots=True)
class RealWorld:
    box: CloudBox
    cloud: SiteCloud
    restricted: SiteCloud
    flavor_id: str = "g1.h100.pci.1"

    def now(self) -> datetime:
        return datetime.now(UTC)

    def until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError("it did not come to pass within a minute")
            time.sleep(0.3)

    def portal(
        self, *, down: bool = False, project_sus: float = 1000.0, user_sus: float | None = None
    ) -> None:
        """Beside what the leases of earlier tests have cost."""
        spent = sum(charge["units"] for charge in self.box.charges() if charge["project"] == self._project_id)
        more = user_sus + spent if user_sus is not None else None
        self.box.knobs.portal(Rules(down=down, project_sus=project_sus + spent, user_sus=more))

    @property
    def _project_id(self) -> str:
        return self.box.people["alice"].project_id


@pytest.fixture
def world(cloud_box: CloudBox) -> Iterator[World]:
    alice = cloud_box.people["alice"]
    made = RealWorld(
        cloud_box, cloud_of(cloud_box, alice.unrestricted), cloud_of(cloud_box, alice.restricted)
    )
    yield made
    cloud_box.knobs.reset()
    cloud_box.clear("alice")
    made.cloud.close()
    made.restricted.close()


# --- beyond the port's promises -------------------------------------------------------------------


def test_a_wrong_secret_and_an_unknown_credential_are_told_apart(cloud_box: CloudBox) -> None:
    secret = cloud_box.people["alice"].unrestricted
    wrong = cloud_of(cloud_box, Secret(secret.id, "wrong"))
    assert refusal_of(wrong.leases) is Refusal.WRONG_SECRET
    unknown = cloud_of(cloud_box, Secret("0" * 32, secret.secret))
    assert refusal_of(unknown.leases) is Refusal.UNKNOWN_CREDENTIAL


def test_a_region_that_is_not_there_is_named(cloud_box: CloudBox) -> None:
    secret = cloud_box.people["alice"].unrestricted
    options = {
        "auth_url": cloud_box.auth_url,
        "application_credential_id": secret.id,
        "application_credential_secret": secret.secret,
    }
    cloud = SiteCloud(Login("CHI@Nowhere", APPLICATION_CREDENTIAL, options, "CHI@Nowhere"))
    assert refusal_of(cloud.hosts) is Refusal.NO_SUCH_SITE


def test_an_address_where_nobody_listens_is_tried_again_later(cloud_box: CloudBox) -> None:
    cloud = cloud_of(
        cloud_box, cloud_box.people["alice"].unrestricted, auth_url=f"http://{cloud_box.place.host}:9/v3"
    )
    with pytest.raises(Retryable, match="cannot be reached"):
        cloud.leases()


@pytest.mark.parametrize("service", ["blazar", "nova", "neutron"])
def test_a_service_that_stands_still_costs_no_more_than_the_timeout(
    cloud_box: CloudBox, service: str
) -> None:
    cloud = cloud_of(cloud_box, cloud_box.people["alice"].unrestricted, timeout=2)
    cloud.credential()
    call = {"blazar": cloud.leases, "nova": cloud.keypairs, "neutron": cloud.floating_ips}[service]
    with cloud_box.paused(service):
        began = time.monotonic()
        with pytest.raises(Retryable, match="did not answer within 2 s"):
            call()
        assert time.monotonic() - began < 10
    call()


def test_a_credential_that_has_expired_meanwhile_is_told(cloud_box: CloudBox) -> None:
    """Keystone says the same of a wrong secret; only who asked for the date before can tell."""
    with cloud_box.person("alice") as api:
        user = cloud_box.people["alice"].user_id
        soon = (datetime.now(UTC) + timedelta(seconds=6)).strftime("%Y-%m-%dT%H:%M:%S")
        body = {"name": "short", "unrestricted": True, "expires_at": soon}
        path = f"/users/{user}/application_credentials"
        made = api.post("keystone", path, {"application_credential": body})["application_credential"]
    cloud = cloud_of(cloud_box, Secret(made["id"], made["secret"]))
    known = cloud.credential().expires_at
    assert known is not None
    while datetime.now(UTC) <= known:
        time.sleep(0.2)
    assert refusal_of(cloud.leases) is Refusal.EXPIRED_CREDENTIAL


def test_two_projects_in_many_threads_see_each_their_own(world: RealWorld) -> None:
    bob = cloud_of(world.box, world.box.people["bob"].unrestricted)
    lease = world.cloud.create_lease(Cast(world).wish("reprise-r1", end=world.now() + HOUR))
    seen: dict[str, set[tuple[str, ...]]] = {"alice": set(), "bob": set()}

    def look(name: str, cloud: SiteCloud) -> None:
        for _ in range(4):
            seen[name].add(tuple(each.id for each in cloud.leases()))

    threads = [threading.Thread(target=look, args=("alice", world.cloud)) for _ in range(3)]
    threads += [threading.Thread(target=look, args=("bob", bob)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"alice": {(lease.id,)}, "bob": {()}}
    bob.close()


def test_a_machine_that_cannot_be_provisioned_says_the_reason(world: RealWorld, cast: Cast) -> None:  # noqa: F811
    world.box.knobs.fail("cpu-1", "deploy timed out")
    lease = cast.active(cast.wish("reprise-r1", end=world.now() + HOUR))
    made = cast.server(lease, "reprise-r1")
    world.until(lambda: (seen := cast.seen(made.id)) is not None and seen.fault is not None)
    seen = cast.seen(made.id)
    assert seen is not None
    assert "Exhausted all hosts" in (seen.fault or "") or "deploy timed out" in (seen.fault or "")


def test_a_lease_that_ends_by_itself_stays_listed_and_cannot_be_revived(
    world: RealWorld,
    cast: Cast,  # noqa: F811
) -> None:
    lease = world.cloud.create_lease(cast.wish("reprise-r1", end=world.now() + timedelta(seconds=20)))
    deadline = time.monotonic() + 180
    while (seen := world.cloud.lease(lease.id)) and seen.state is not LeaseState.TERMINATED:
        assert time.monotonic() < deadline
        time.sleep(1)
    assert seen is not None
    assert refusal_of(lambda: world.cloud.move_end(lease.id, world.now() + HOUR)) is Refusal.WRONG_STATE
