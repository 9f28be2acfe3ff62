"""A node is asked what it is over real SSH, and set up by the programs that it has."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.fakes.cloud import FakeCloud
from tests.sshd import machine as sshd
from tests.sshd import recorded
from tests.sshd.machine import Machine

from reprise.adapters.chameleon import key
from reprise.adapters.chameleon.acceptance import booted, survey
from reprise.adapters.chameleon.equip import Equipped, Installing, equip
from reprise.adapters.chameleon.firewall import narrow
from reprise.adapters.chameleon.kept import Proved
from reprise.adapters.chameleon.node import SshNode, SshNodes
from reprise.adapters.chameleon.proving import Prover
from reprise.adapters.chameleon.sites import Site
from reprise.domain.errors import Retryable
from reprise.domain.leasing.acceptance import Promise, failings, words
from reprise.domain.leasing.catalogue import GIB, entries
from reprise.domain.leasing.choice import Choice
from reprise.domain.leasing.inventory import MACHINES
from reprise.ports.nodes import Access, Address

LIMIT = 20.0
PROMISE = Promise(gpus=2, gpu_memory_bytes=24 * GIB, disk_bytes=1)
EQUIPMENT = ("docker", "dockerd", "containerd", "nvidia-ctk", "rocm-smi", "firewall-cmd", "cloud-init")
MACHINE = entries(MACHINES, "CHI@UC", "gpu_rtx_6000")[0]
CHOICE = Choice(MACHINE, None, datetime.now(UTC) + timedelta(hours=2), (), None, 4.0, "the same card")
PROVER = Prover({"CHI@UC": Site(FakeCloud())})
FIREWALL = """#!/bin/sh
echo "firewall-cmd $*" >> @folder@/calls.txt
case "$1" in
  --state) echo running ;;
  --list-all) printf 'public (active)\\n  services: cockpit dhcpv6-client ssh\\n  ports: 8080/tcp\\n' ;;
esac
"""


def test_a_node_with_the_promised_gpus_is_accepted(machine: Machine, node: SshNode) -> None:
    machine.program("nvidia-smi", recorded.nvidia_smi(2))

    seen = survey(node, "nvidia")

    assert failings(PROMISE, seen) == ()
    assert words(seen).startswith("2 x Quadro RTX 6000 24 GB, driver 560.35.05, ")
    assert seen.clock_ahead_seconds == pytest.approx(0, abs=LIMIT)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (recorded.nvidia_smi(1), "shows 1 GPU instead of 2"),
        (recorded.nvidia_smi(0), "has no GPU driver that answers: No devices were found"),
        (
            recorded.NVIDIA_SMI_WITHOUT_DRIVER,
            "has no GPU driver that answers: NVIDIA-SMI has failed because it couldn't communicate with the",
        ),
        (recorded.NVIDIA_SMI_LOST, "has no GPU driver that answers: Unable to determine the device handle"),
        (
            recorded.nvidia_smi(2, memory_mib=12_288),
            "has a Quadro RTX 6000 with 12 GB instead of 24 GB",
        ),
        (
            "#!/bin/sh\necho '0, Tesla, [GPU is lost], 560'\n",
            "has no GPU driver that answers: nvidia-smi said",
        ),
        ("#!/bin/sh\nexit 127\n", "has no GPU driver that answers: nvidia-smi is not installed"),
    ],
)
def test_a_node_that_lacks_something_is_not(machine: Machine, node: SshNode, script: str, said: str) -> None:
    machine.program("nvidia-smi", script)

    first, *_ = failings(PROMISE, survey(node, "nvidia"))

    assert first.startswith(said)


def test_gpus_of_amd_are_asked_for_their_way(machine: Machine, node: SshNode) -> None:
    machine.program("rocm-smi", recorded.ROCM_SMI)

    seen = survey(node, "amd")

    assert failings(replace(PROMISE, gpu_memory_bytes=32 * GIB), seen) == ()
    assert words(seen).startswith("2 x AMD Instinct MI100 32 GB, driver 6.3.6, ")


def test_a_clock_that_is_off_is_noticed(machine: Machine, node: SshNode) -> None:
    machine.program("date", f"#!/bin/sh\necho {time.time() + 7200:.3f}\n")

    assert failings(replace(PROMISE, gpus=0), survey(node, None)) == ("has a clock that is 7200 s ahead",)


def test_cloud_init_is_told_apart(machine: Machine, node: SshNode) -> None:
    assert booted(node) is None  # it has none
    machine.program("cloud-init", "#!/bin/sh\necho 'status: running'\n")
    assert booted(node) == "cloud-init is still at work (running)"
    machine.program("cloud-init", "#!/bin/sh\necho 'status: done'\n")
    assert booted(node) is None
    machine.program("cloud-init", "#!/bin/sh\necho 'status: error'\nexit 1\n")
    assert booted(node) is None


# --- set up -------------------------------------------------------------------------------------------


@contextmanager
def bare(tmp_path: Path) -> Iterator[tuple[Machine, SshNodes, Access]]:
    """A machine as the cloud's images are: a package manager and no Docker."""
    with sshd.machine(lacking=EQUIPMENT) as made:
        made.authorize(key.ensure(tmp_path / "bare" / "key"))
        offered = made.folder / "offered"
        offered.mkdir()
        for name, script in (("docker", recorded.DOCKER), ("nvidia-ctk", recorded.NVIDIA_CTK)):
            (offered / name).write_text(script)
            (offered / name).chmod(0o755)
        for name, script in (
            ("apt-get", recorded.APT_GET),
            ("apt-cache", recorded.APT_CACHE),
            ("systemctl", recorded.SYSTEMCTL),
        ):
            made.program(name, recorded.filled(script, folder=made.folder))
        nodes = SshNodes()
        yield made, nodes, Access(Address(made.address), tmp_path / "bare" / "key", None)
        nodes.close()


def until_equipped(node: SshNode, vendor: str | None, mirrors: tuple[str, ...] = ()) -> Equipped | str:
    deadline = time.monotonic() + LIMIT
    while isinstance(found := equip(node, vendor=vendor, user="cc", mirrors=mirrors), Installing):
        assert time.monotonic() < deadline, f"still installing {found.what}"
        time.sleep(0.05)
    return found


def calls(machine: Machine) -> list[str]:
    return (machine.folder / "calls.txt").read_text().splitlines()


def test_a_bare_node_gets_docker_and_the_toolkit_once(tmp_path: Path) -> None:
    with bare(tmp_path) as (machine, nodes, access):
        node = nodes.connect(access)
        assert equip(node, vendor="nvidia", user="cc") == Installing("Docker")
        assert until_equipped(node, "nvidia", mirrors=("http://mirror",)) == Equipped("26.1.5")
        told = json.loads(machine.run("cat", "/etc/docker/daemon.json"))
        assert told["exec-opts"] == ["native.cgroupdriver=cgroupfs"]
        assert told["registry-mirrors"] == ["http://mirror"]
        before = calls(machine)

        assert equip(node, vendor="nvidia", user="cc", mirrors=("http://mirror",)) == Equipped("26.1.5")
        assert calls(machine) == before
        node.close()
        again = nodes.connect(access)
        assert "docker" in again.run(("id", "-nG"), timeout=LIMIT).out.split()
        again.close()


def test_a_node_without_gpus_gets_docker_alone(tmp_path: Path) -> None:
    with bare(tmp_path) as (machine, nodes, access):
        node = nodes.connect(access)

        assert until_equipped(node, None) == Equipped("26.1.5")
        assert not any("nvidia" in call for call in calls(machine))
        node.close()


def test_packages_that_do_not_come_are_told_in_their_words(tmp_path: Path) -> None:
    with bare(tmp_path) as (machine, nodes, access):
        machine.program("apt-get", "#!/bin/sh\necho 'E: Unable to fetch some archives' >&2\nexit 100\n")
        node = nodes.connect(access)

        with pytest.raises(Retryable, match="installing Docker failed with status 100: E: Unable to fetch"):
            until_equipped(node, None)
        machine.program("apt-get", recorded.filled(recorded.APT_GET, folder=machine.folder))
        assert until_equipped(node, None) == Equipped("26.1.5")
        node.close()


def test_an_engine_that_does_not_start_is_the_machines_fault(tmp_path: Path) -> None:
    with bare(tmp_path) as (machine, nodes, access):
        machine.program("systemctl", "#!/bin/sh\nexit 0\n")
        node = nodes.connect(access)

        assert until_equipped(node, None) == "has a Docker Engine that does not start"
        node.close()


def test_a_node_without_amds_device_is_the_images_fault(machine: Machine, node: SshNode) -> None:
    machine.program("modprobe", "#!/bin/sh\nexit 1\n")

    assert equip(node, vendor="amd", user="cc") == ("has no /dev/kfd: its image has no driver for AMD's GPUs")


def test_what_was_being_installed_when_a_node_went_down_is_begun_again(tmp_path: Path) -> None:
    with bare(tmp_path) as (machine, nodes, access):
        machine.program("apt-get", "#!/bin/sh\nsleep 600\n")
        node = nodes.connect(access)
        assert equip(node, vendor=None, user="cc") == Installing("Docker")
        assert equip(node, vendor=None, user="cc") == Installing("Docker")
        assert machine.run("ps", "-eo", "args").count("sleep 600") == 1
        machine.stop()
        machine.start()
        machine.program("apt-get", recorded.filled(recorded.APT_GET, folder=machine.folder))

        node.close()
        node = nodes.connect(access)

        assert until_equipped(node, None) == Equipped("26.1.5")
        node.close()


def test_a_bare_node_is_proved_look_by_look(tmp_path: Path) -> None:
    with bare(tmp_path) as (machine, nodes, access):
        for name in ("free", "df", "nvidia-smi"):
            machine.program(name, recorded.machine()[name])
        machine.program("cloud-init", "#!/bin/sh\necho 'status: running'\n")
        node = nodes.connect(access)
        with pytest.raises(Retryable, match="cloud-init is still at work"):
            PROVER(node, CHOICE, 1)
        machine.program("cloud-init", "#!/bin/sh\necho 'status: done'\n")

        proved = until_proved(node)

        assert isinstance(proved, Proved)
        assert proved.words.startswith("1 x Quadro RTX 6000 24 GB, driver 560.35.05, ")
        assert proved.words.endswith(", 186 GB, Docker 26.1.5")
        machine.program("nvidia-smi", recorded.NVIDIA_SMI_LOST)
        assert str(PROVER(node, CHOICE, 1)).startswith("it has no GPU driver that answers: Unable to")
        assert isinstance(PROVER(node, CHOICE, 0), Proved)
        node.close()


def until_proved(node: SshNode) -> Proved | str:
    deadline = time.monotonic() + LIMIT
    while True:
        try:
            return PROVER(node, CHOICE, 1)
        except Retryable as error:
            if "is being installed" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_a_recorded_machine_of_the_cloud_is_proved_at_once(machine: Machine, node: SshNode) -> None:
    for name, script in recorded.machine().items():
        machine.program(name, script)

    proved = PROVER(node, CHOICE, 1)

    assert isinstance(proved, Proved)
    assert proved.words.endswith(", Docker 26.1.5")


def test_its_firewall_lets_in_ssh_and_nothing_else(machine: Machine, node: SshNode) -> None:
    assert narrow(node) is None  # it has none
    machine.program("firewall-cmd", recorded.filled(FIREWALL, folder=machine.folder))

    assert narrow(node) == ("cockpit", "8080/tcp")
    assert calls(machine)[-2:] == [
        "firewall-cmd --remove-service=cockpit",
        "firewall-cmd --remove-port=8080/tcp",
    ]
