"""The box itself: what the other tests here take for granted."""

import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.box.leftovers import marked
from tests.integration.openstack.asking import (
    STAMP,
    active_lease,
    flavor_wish,
    floating_ip,
    hosts_wish,
    lease,
    server,
)
from tests.integration.openstack.box import CloudBox
from tests.openstack.api import Api, Refusal
from tests.openstack.knobs import Knobs
from tests.openstack.nodes import Nodes
from tests.openstack.rules import Rules

GPU, CPU = hosts_wish("gpu_rtx_6000"), hosts_wish("compute_skylake")
LIMIT = 30


def test_a_leased_node_is_logged_in_to_at_its_floating_ip(
    cloud_box: CloudBox, cloud_nodes: Nodes, tmp_path: Path
) -> None:
    key = make_key(tmp_path)
    alice = cloud_box.people["alice"]
    with cloud_box.holder(alice.unrestricted) as api:
        keypair = {"name": "ours", "public_key": key.with_suffix(".pub").read_text()}
        api.post("nova", "/os-keypairs", {"keypair": keypair})
        made = active_lease(api, "node", GPU)
        node = server(api, "node", reservation=made["reservations"][0]["id"], key="ours")
        assert node["status"] == "ACTIVE", node
        uid = node["OS-EXT-SRV-ATTR:hypervisor_hostname"]
        assert uid in (cloud_box.machines["gpu-1"], cloud_box.machines["gpu-2"])
        address = floating_ip(api, node["id"])
        assert "Quadro RTX 6000" in said_over_ssh(
            key, address, "nvidia-smi --query-gpu=name --format=csv,noheader"
        )
        charge = next(one for one in cloud_box.charges() if one["lease"] == "node")
        assert (charge["project"], charge["rate"]) == (alice.project_id, 2.0)
    assert sorted(cloud_box.left_over()) == [
        f"floating IP {address}",
        "keypair ours",
        "lease node",
        "server node",
    ]
    cloud_box.clear("alice")
    assert cloud_box.left_over() == []
    assert not next(one for one in cloud_box.charges() if one["lease"] == "node")["ongoing"]


def test_a_restricted_credential_makes_no_lease(cloud_box: CloudBox) -> None:
    with (
        cloud_box.holder(cloud_box.people["alice"].restricted) as api,
        pytest.raises(Refusal, match=r"500.*Internal Server Error"),
    ):
        lease(api, "never", GPU)


def test_more_than_there_is_is_refused(cloud_box: CloudBox) -> None:
    with cloud_box.person("alice") as alice, cloud_box.person("bob") as bob:
        lease(alice, "mine", CPU)
        with pytest.raises(Refusal, match="Not enough hosts available"):
            lease(bob, "theirs", CPU)
        lease(bob, "theirs", CPU, start=(datetime.now(UTC) + timedelta(hours=2)).strftime(STAMP))


def test_a_reserved_flavor_carries_a_server(cloud_box: CloudBox) -> None:
    with cloud_box.holder(cloud_box.people["bob"].unrestricted) as api:
        made = active_lease(api, "virtual", flavor_wish("g1.h100.pci.1"))
        reserved = made["reservations"][0]["id"]
        node = server(api, "virtual", reservation=reserved, flavor=reserved)
        assert node["status"] == "ACTIVE", node
        assert node["OS-EXT-SRV-ATTR:hypervisor_hostname"] == cloud_box.machines["kvm-1"]
    assert next(one for one in cloud_box.charges() if one["lease"] == "virtual")["rate"] == 0.5


def test_a_machine_may_fail_to_come_up(cloud_box: CloudBox) -> None:
    cloud_box.knobs.fail("cpu-1", "its disk is broken")
    with cloud_box.person() as api:
        made = active_lease(api, "unlucky", CPU)
        node = server(api, "unlucky", reservation=made["reservations"][0]["id"])
    assert node["status"] == "ERROR"
    assert "Exceeded maximum number of retries" in node["fault"]["message"]


@pytest.mark.parametrize(
    ("rules", "hours", "words"),
    [
        (Rules(project_sus=1), 1, r"for project CHI-100001 would spend \d.\d\d SUs, only 1.00 left"),
        (Rules(user_sus=1), 1, r"for user alice would spend \d.\d\d SUs, only 1.00 left in user budget"),
        (Rules(), 24 * 8, r"must be less than or equal to the maximum lease duration of 604800 seconds"),
        (Rules(project_ends=datetime(2020, 1, 1)), 1, r"Cannot create a lease beyond .* expiration date"),
        (Rules(down=True), 1, r"External service enforcement filter denied the request"),
        (Rules(silent=True), 1, r"500.*Internal Server Error"),
    ],
)
def test_the_portal_denies(cloud_box: CloudBox, rules: Rules, hours: float, words: str) -> None:
    cloud_box.knobs.portal(rules)
    before = cloud_box.charges()
    with cloud_box.person() as api, pytest.raises(Refusal, match=words):
        lease(api, "denied", GPU, hours=hours)
    assert cloud_box.charges() == before


def test_an_extension_comes_late_enough_and_is_charged(cloud_box: CloudBox) -> None:
    with cloud_box.person() as api:
        made = active_lease(api, "longer", GPU, hours=2)
        cloud_box.knobs.portal(Rules(window_seconds=60))
        with pytest.raises(Refusal, match="Lease can only be extended within 60 seconds"):
            extend(api, made["id"], 3)
        cloud_box.knobs.portal(Rules(project_sus=5))
        with pytest.raises(Refusal, match=r"Reservation update for project .* would spend"):
            extend(api, made["id"], 6)
        extend(api, made["id"], 2.1)
    charge = next(one for one in cloud_box.charges() if one["lease"] == "longer")
    assert 4.1 < charge["units"] < 4.3


def test_a_service_may_hold_its_breath(cloud_box: CloudBox) -> None:
    started = time.monotonic()
    with cloud_box.person() as api:
        with cloud_box.paused("blazar"):
            assert api.get("nova", "/servers") == {"servers": []}
        assert api.get("blazar", "/leases") == {"leases": []}
    assert time.monotonic() - started < LIMIT


def test_every_service_would_be_found_if_its_keeper_were_killed(cloud_box: CloudBox) -> None:
    services = ("mariadb", "keystone", "placement", "glance", "neutron", "nova", "blazar")
    assert {cloud_box.pid(service) for service in services} <= set(marked(cloud_box.folder))


def test_knobs_are_as_at_first_for_the_next_test(tmp_path: Path) -> None:
    knobs = Knobs(tmp_path / "knobs")
    knobs.folder.mkdir()
    knobs.boot_takes(3)
    knobs.portal(Rules(down=True))
    knobs.reset()
    assert list(knobs.folder.iterdir()) == []


def extend(api: Api, lease_id: str, hours: float) -> None:
    ends = datetime.now(UTC) + timedelta(hours=hours)
    api.put("blazar", f"/leases/{lease_id}", {"end_date": ends.strftime(STAMP)})


def make_key(folder: Path) -> Path:
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, timeout=LIMIT)
    return key


def said_over_ssh(key: Path, address: str, command: str) -> str:
    """As soon as it answers."""
    options = [
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "ConnectTimeout=5",
        "LogLevel=ERROR",
    ]
    asking = ["ssh", "-i", str(key), *(f"-o{option}" for option in options), f"cc@{address}", command]
    deadline = time.monotonic() + LIMIT
    while True:
        done = subprocess.run(asking, capture_output=True, text=True, timeout=LIMIT)
        if done.returncode == 0:
            return done.stdout
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.3)
