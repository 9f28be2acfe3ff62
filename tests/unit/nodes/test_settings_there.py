"""What is changed on a node: Docker's settings and its firewall, as little as possible."""

from reprise.adapters.chameleon.equip import settings
from reprise.adapters.chameleon.firewall import Open, closed, parse

LISTED = """public (active)
  target: default
  icmp-block-inversion: no
  interfaces: eno1
  sources:
  services: cockpit dhcpv6-client ssh
  ports: 8080/tcp 9100/tcp
  protocols:
  forward: yes
  rich rules:
"""


def test_a_machine_without_gpus_keeps_docker_as_it_is() -> None:
    assert settings({}, vendor=None, mirrors=()) == {}
    assert settings({"debug": True}, vendor="amd", mirrors=()) == {"debug": True}


def test_nvidia_gets_its_runtime_and_a_driver_that_keeps_gpus() -> None:
    there = {"exec-opts": ["native.cgroupdriver=systemd", "other=1"], "log-driver": "json-file"}

    wanted = settings(there, vendor="nvidia", mirrors=())

    assert wanted["exec-opts"] == ["other=1", "native.cgroupdriver=cgroupfs"]
    assert wanted["runtimes"]["nvidia"]["path"] == "nvidia-container-runtime"
    assert wanted["log-driver"] == "json-file"
    assert settings(wanted, vendor="nvidia", mirrors=()) == wanted


def test_mirrors_come_before_those_that_are_there() -> None:
    there = {"registry-mirrors": ["http://theirs"]}

    wanted = settings(there, vendor=None, mirrors=["http://ours", "http://theirs"])

    assert wanted == {"registry-mirrors": ["http://ours", "http://theirs"]}


def test_all_but_ssh_is_closed() -> None:
    found = parse(LISTED)

    assert found == Open(("cockpit", "dhcpv6-client", "ssh"), ("8080/tcp", "9100/tcp"))
    assert closed(found) == (
        "--remove-service=cockpit",
        "--remove-port=8080/tcp",
        "--remove-port=9100/tcp",
    )
    assert closed(Open(("ssh",), ())) == ()
