"""What is sent to a site's services and made of their answers, where a wrong word would cost a lease."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.chameleon.answers import Answers

from reprise.adapters.chameleon import reservations, times
from reprise.adapters.chameleon.machines import server_of
from reprise.adapters.chameleon.session import Faulty
from reprise.domain.errors import Retryable
from reprise.domain.leasing.refusal import CloudRefused, Refusal
from reprise.ports.cloud import (
    FlavorWish,
    HostsWish,
    LeaseState,
    LeaseWish,
    Reservation,
    ServerState,
    ServerWish,
)

END = datetime(2026, 11, 22, 14, 30, 1, tzinfo=UTC)
UID = "4f3c"
HOST = {"id": 7, "node_type": "gpu_v100", "hypervisor_hostname": UID, "uid": UID, "reservable": True}
LEASE: dict[str, Any] = {
    "id": "l1",
    "name": "reprise-r1",
    "status": "PENDING",
    "start_date": "2026-11-22T12:00:00.000000",
    "end_date": "2026-11-22T14:31:00.000000",
    "reservations": [{"id": "v1", "status": "pending", "resource_type": "physical:host"}],
    "something": "new",
}
GROUP = {"id": "g1", "name": "reprise-ssh", "security_group_rules": []}
SSH_RULE = {"direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}
TOKEN_ONLY = {"error_code": 500, "error_message": "Internal Server Error", "error_name": 500}
SERVER = {"id": "s1", "name": "reprise-r1", "status": "BUILD", "created": "2026-11-22T12:00:00Z"}


def wish(what: HostsWish | FlavorWish, start: datetime | None = None) -> LeaseWish:
    return LeaseWish("reprise-r1", what, start, END)


# --- leases -----------------------------------------------------------------------------------------


def test_a_machine_is_asked_for_by_type_and_name_and_nobody_is_mailed(site: Answers) -> None:
    site.sign_in()
    site.add("GET", "reservation", "/os-hosts", {"hosts": [HOST]})
    site.add("POST", "reservation", "/leases", {"lease": LEASE}, status=201)
    lease = site.cloud().create_lease(wish(HostsWish("gpu_v100", uids=(UID,))))
    assert (lease.id, lease.state, lease.end) == ("l1", LeaseState.PENDING, END.replace(minute=31, second=0))
    (sent,) = site.sent("/leases")
    (reservation,) = sent["reservations"]
    assert (sent["start_date"], sent["end_date"]) == ("now", "2026-11-22 14:31")
    assert (reservation["min"], reservation["max"], reservation["before_end"]) == (1, 1, "")
    assert json.loads(reservation["resource_properties"]) == [
        "and",
        ["=", "$node_type", "gpu_v100"],
        ["=", "$uid", UID],
    ]


@pytest.mark.parametrize(
    ("start", "sent"),
    [(None, "now"), (END, "now"), (END + timedelta(seconds=1), "2026-11-22 14:31")],
)
def test_a_start_that_has_passed_meanwhile_is_now(start: datetime | None, sent: str) -> None:
    body = reservations.lease_body(wish(HostsWish("gpu_v100"), start), {}, now=END)
    assert body["start_date"] == sent


def test_the_type_alone_is_always_named_because_the_default_is_another_one() -> None:
    body = reservations.reservation_of_hosts(HostsWish("gpu_v100"), None)
    assert json.loads(body["resource_properties"]) == ["=", "$node_type", "gpu_v100"]


def test_a_machine_whose_service_keeps_no_uid_is_named_by_its_hypervisor() -> None:
    host = reservations.host_of({"id": 7, "node_type": "gpu_v100", "hypervisor_hostname": UID}, set())
    body = reservations.reservation_of_hosts(HostsWish("gpu_v100", uids=(UID,)), host)
    assert json.loads(body["hypervisor_properties"]) == ["=", "$hypervisor_hostname", UID]


def test_a_flavor_is_asked_for_with_the_affinity_that_has_to_be_nothing(site: Answers) -> None:
    site.sign_in()
    told = {"id": "v1", "status": "pending", "resource_type": "flavor:instance", "flavor_id": "v1"}
    site.add("POST", "reservation", "/leases", {"lease": {**LEASE, "reservations": [told]}}, status=201)
    lease = site.cloud().create_lease(wish(FlavorWish("g1.h100.pci.1")))
    assert lease.reservations == (Reservation("v1", "pending", "v1"),)
    (reservation,) = site.sent("/leases")[0]["reservations"]
    assert reservation["affinity"] is None
    assert (reservation["flavor_id"], reservation["amount"]) == ("g1.h100.pci.1", 1)


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (HostsWish("gpu_a100_pcie"), "there is no gpu_a100_pcie"),
        (HostsWish("gpu_v100", uids=("other",)), "is called other"),
        (HostsWish("gpu_v100", count=2, uids=(UID,)), "one machine at a time"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_service_says_that_it_is_full(
    site: Answers, what: HostsWish, why: str
) -> None:
    site.sign_in()
    site.add("GET", "reservation", "/os-hosts", {"hosts": [HOST]})
    with pytest.raises(CloudRefused, match=why) as error:
        site.cloud().create_lease(wish(what))
    assert error.value.refusal is Refusal.NO_SUCH_TYPE


@pytest.mark.parametrize(
    ("more", "usable"),
    [
        ({}, True),
        ({"reservable": False}, False),
        ({"disabled": "True"}, False),
        ({"disabled": False}, True),
        ({"authorized_projects": "p9,p1"}, True),
        ({"authorized_projects": "p9"}, False),
    ],
)
def test_a_machine_out_of_service_or_kept_for_others_is_not_usable(
    more: dict[str, object], usable: bool
) -> None:
    assert reservations.host_of({**HOST, **more}, {"p1", "CHI-1"}).usable is usable


@pytest.mark.parametrize("restricted", [True, False])
def test_a_bare_failure_means_a_restricted_credential_where_it_is_one(
    site: Answers, restricted: bool
) -> None:
    site.restricted = restricted
    site.sign_in()
    site.add("POST", "reservation", "/leases", TOKEN_ONLY, status=500)
    with pytest.raises(CloudRefused if restricted else Faulty) as error:
        site.cloud().create_lease(wish(FlavorWish("g1")))
    assert ("Unrestricted" in str(error.value)) is restricted


def test_leases_of_other_projects_are_not_ours(site: Answers) -> None:
    site.sign_in()
    others = {**LEASE, "id": "l2", "project_id": "p9"}
    site.add("GET", "reservation", "/leases", {"leases": [{**LEASE, "project_id": "p1"}, others]})
    assert [lease.id for lease in site.cloud().leases()] == ["l1"]


@pytest.mark.parametrize("state", ["TERMINATED", "TERMINATING", "DELETING"])
def test_what_has_ended_is_not_extended_though_the_service_might(site: Answers, state: str) -> None:
    site.sign_in()
    site.add("GET", "reservation", "/leases/l1", {"lease": {**LEASE, "status": state}})
    site.add("PUT", "reservation", "/leases/l1", {"lease": LEASE})
    with pytest.raises(CloudRefused, match="has ended") as error:
        site.cloud().move_end("l1", END)
    assert error.value.refusal is Refusal.WRONG_STATE
    assert site.sent("/leases/l1") == []


def test_a_state_that_is_newer_than_this_program_passes() -> None:
    assert reservations.lease_of({**LEASE, "status": "RESTING"}).state is LeaseState.UPDATING


@pytest.mark.parametrize(("status", "body"), [(404, {"error_message": "not found"}), (200, None)])
def test_where_a_site_does_not_tell_openings_there_are_none_to_go_by(
    site: Answers, status: int, body: object
) -> None:
    site.sign_in()
    told = {"flavor_instances": [{"availability": [{"start": "2026-11-22T12:00:00", "end": LEASE["end_date"],
             "available": 3, "total": 4}]}]}  # fmt: skip
    site.add(
        "GET", "reservation", "/flavor-instances/availability", body if status == 404 else told, status=status
    )
    found = site.cloud().openings("g1", END, END + timedelta(hours=1))
    assert (found is None) is (status == 404)
    assert status == 404 or (found is not None and found[0].free == 3)


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1)))
def test_a_time_is_sent_to_the_minute_and_never_earlier(moment: datetime) -> None:
    back = times.read(times.written(moment))
    assert timedelta(0) <= back - moment < timedelta(minutes=1)


def test_times_of_other_zones_and_without_one_are_read_as_meant() -> None:
    noon = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert times.read("2026-11-22T12:00:00.000000") == noon
    assert times.read("2026-11-22 12:00:00") == noon
    assert times.read("2026-11-22T13:00:00+01:00") == noon
    assert times.written(noon.astimezone(timezone(timedelta(hours=5)))) == "2026-11-22 12:00"


# --- servers and addresses --------------------------------------------------------------------------


def served(site: Answers) -> None:
    site.sign_in()
    flavors = {"flavors": [{"id": "f1", "name": "baremetal", "vcpus": 1, "ram": 1, "disk": 1}]}
    site.add("GET", "compute", "/flavors/detail", flavors)
    site.add("GET", "network", "/networks", {"networks": [{"id": "n1"}]})
    site.add("POST", "compute", "/servers", {"server": {"id": "s1"}}, status=202)
    site.add("GET", "compute", "/servers/s1", {"server": {**SERVER, "metadata": {"reprise_run": "r1"}}})


def server_wish(flavor_id: str | None, root_gb: int | None = None) -> ServerWish:
    reservation = Reservation("v1", "active", flavor_id)
    return ServerWish(
        "reprise-r1", reservation, "i1", "reprise-r1", "sharednet1", "r1", root_gb, "#cloud-config"
    )


def test_a_whole_machine_is_booted_by_the_reservation_s_hint(site: Answers) -> None:
    served(site)
    made = site.cloud().create_server(server_wish(None))
    assert (made.id, made.state, made.run_id) == ("s1", ServerState.BUILDING, "r1")
    (sent,) = site.sent("/servers")
    assert sent["os:scheduler_hints"] == {"reservation": "v1"}
    assert (sent["server"]["flavorRef"], sent["server"]["imageRef"]) == ("f1", "i1")
    assert sent["server"]["metadata"] == {"reprise_run": "r1"}
    assert base64.b64decode(sent["server"]["user_data"]) == b"#cloud-config"
    assert "security_groups" not in sent["server"]


@pytest.mark.parametrize("groups", [[], [GROUP], [{**GROUP, "security_group_rules": [SSH_RULE]}]])
def test_a_virtual_machine_boots_by_its_flavor_and_lets_ssh_in(
    site: Answers, groups: list[dict[str, Any]]
) -> None:
    served(site)
    site.add("GET", "network", "/security-groups", {"security_groups": groups})
    site.add("POST", "network", "/security-groups", {"security_group": GROUP}, status=201)
    site.add("POST", "network", "/security-group-rules", {"security_group_rule": {}}, status=201)
    site.cloud().create_server(server_wish("v1", root_gb=200))
    (sent,) = site.sent("/servers")
    assert "os:scheduler_hints" not in sent
    assert sent["server"]["flavorRef"] == "v1"
    assert sent["server"]["security_groups"] == [{"name": "g1"}]
    (volume,) = sent["server"]["block_device_mapping_v2"]
    assert (volume["volume_size"], volume["delete_on_termination"]) == (200, True)
    assert "imageRef" not in sent["server"]
    assert len(site.sent("/security-groups")) == (0 if groups else 1)
    opened = groups and groups[0]["security_group_rules"]
    assert len(site.sent("/security-group-rules")) == (0 if opened else 1)


def test_servers_of_others_are_not_ours_and_long_lists_are_read_to_the_end(site: Answers) -> None:
    site.sign_in()
    ours = {**SERVER, "metadata": {"reprise_run": "r1"}}
    url = f"{site.url('compute')}/servers/detail"
    link = {"rel": "next", "href": "https://elsewhere.example"}
    site.mock.get(url, json={"servers": [{**SERVER, "id": "s0"}], "servers_links": [link]})
    site.mock.get(url, json={"servers": [{**ours, "id": "s9"}]})
    address = {"id": "a1", "floating_ip_address": "192.0.2.7", "port_details": {"device_id": "s9"}}
    site.add("GET", "network", "/floatingips", {"floatingips": [address]})
    (server,) = site.cloud().servers()
    assert (server.id, server.floating_address) == ("s9", "192.0.2.7")
    assert [call.request.url for call in site.mock.calls if "marker=s0" in (call.request.url or "")]


def test_a_server_that_is_being_deleted_is_none_that_we_asked_for() -> None:
    told = {**SERVER, "status": "ACTIVE", "OS-EXT-STS:task_state": "deleting"}
    assert server_of(told).state is ServerState.OTHER
    assert server_of({**SERVER, "status": "SHUTOFF"}).state is ServerState.OTHER


@pytest.mark.parametrize("tagging", [200, 404, 500])
def test_an_address_is_ours_from_the_first_call_on(site: Answers, tagging: int) -> None:
    site.sign_in()
    site.add("GET", "network", "/networks", {"networks": [{"id": "n1"}]})
    told = {"id": "a1", "floating_ip_address": "192.0.2.7", "description": "reprise:r1", "port_id": None}
    site.add("POST", "network", "/floatingips", {"floatingip": told}, status=201)
    site.add("PUT", "network", "/floatingips/a1/tags", {"message": "no"}, status=tagging)
    site.add("GET", "network", "/floatingips", {"floatingips": [{**told, "tags": []}]})
    cloud = site.cloud()
    if tagging == 500:
        with pytest.raises(Retryable):
            cloud.create_floating_ip("reprise:r1")
    else:
        assert cloud.create_floating_ip("reprise:r1").tags == ("reprise:r1",)
    (found,) = cloud.floating_ips()
    assert found.tags == ("reprise:r1",)
    assert site.sent("/floatingips") == [
        {"floatingip": {"floating_network_id": "n1", "description": "reprise:r1"}}
    ]
