"""The machine to log in to is one: own network, users, programs; and nothing of it stays."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.sshd import machine as sshd
from tests.sshd.machine import PREFIX, Machine

PROJECT = Path(__file__).parents[3]
LIMIT = 30.0
KEEPING = """
import subprocess, sys
from tests.sshd.machine import machine
with machine() as node:
    print(node.folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def key(tmp_path: Path) -> Path:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, timeout=LIMIT)
    return key


def ssh(key: Path, address: str, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    asked = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=2"]
    words = ["ssh", "-F", "none", "-i", str(key), *(word for one in asked for word in ("-o", one)), *options]
    return subprocess.run([*words, f"cc@{address}", command], capture_output=True, text=True, timeout=LIMIT)


def test_whoever_it_authorizes_gets_in_and_may_become_root(machine: Machine, key: Path) -> None:
    assert ssh(key, machine.address, "true").returncode == 255

    machine.authorize(key.with_suffix(".pub").read_text())

    assert ssh(key, machine.address, "id -un; hostname; sudo -n id -un; pwd").stdout.split() == [
        "cc", f"node-{machine.name}", "root", str(machine.home),
    ]  # fmt: skip


def test_it_has_programs_of_its_own_and_may_lack_ours(key: Path) -> None:
    with sshd.machine(lacking=("tar",)) as node:
        node.authorize(key.with_suffix(".pub").read_text())
        node.program("nvidia-smi", "#!/bin/sh\necho two GPUs\n")

        assert ssh(key, node.address, "nvidia-smi; sudo -n nvidia-smi").stdout == "two GPUs\n" * 2
        assert ssh(key, node.address, "tar --version").returncode == 127
        assert ssh(key, node.address, "sudo -n tar --version").returncode == 1


def test_what_it_writes_to_etc_stays_there(machine: Machine) -> None:
    machine.run("sh", "-c", "echo here > /etc/reprise-was-here")

    assert machine.run("cat", "/etc/reprise-was-here") == "here\n"
    assert not Path("/etc/reprise-was-here").exists()


def test_a_floating_address_leads_to_it_while_it_has_one(machine: Machine, key: Path) -> None:
    machine.authorize(key.with_suffix(".pub").read_text())
    machine.at("127.66.200.1")

    assert ssh(key, "127.66.200.1", "hostname").stdout.strip() == f"node-{machine.name}"
    machine.not_at("127.66.200.1")
    machine.not_at("127.66.200.1")
    assert ssh(key, "127.66.200.1", "hostname").returncode == 255


def test_it_can_be_cut_off_and_stopped_for_a_while(machine: Machine, key: Path) -> None:
    machine.authorize(key.with_suffix(".pub").read_text())
    machine.cut()
    assert "timed out" in ssh(key, machine.address, "true").stderr
    machine.mend()
    assert ssh(key, machine.address, "true").returncode == 0

    machine.stop()
    assert "refused" in ssh(key, machine.address, "true").stderr
    machine.start()
    assert ssh(key, machine.address, "true").returncode == 0


def test_one_behind_another_is_reached_through_it(machine: Machine, key: Path) -> None:
    with sshd.machine(behind=machine) as hidden:
        machine.authorize(key.with_suffix(".pub").read_text())
        hidden.authorize(key.with_suffix(".pub").read_text())
        through = (
            f"ProxyCommand=ssh -F none -i {key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
            f" -W %h:%p cc@{machine.address}"
        )

        assert ssh(key, hidden.address, "hostname", "-o", through).stdout == f"node-{hidden.name}\n"


def test_nothing_stays_of_one_whose_owner_was_killed(machine: Machine) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", KEEPING], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    with owner.stdin, owner.stdout:
        folder = Path(owner.stdout.readline().strip())
        assert folder.is_dir()
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait(LIMIT)
        deadline = time.monotonic() + LIMIT
        while folder.exists() or f"{PREFIX}{folder.name[-8:]}" in links():
            assert time.monotonic() < deadline, "it stays"
            time.sleep(0.05)


def links() -> set[str]:
    shown = subprocess.run(["ip", "-json", "link"], capture_output=True, check=True, timeout=LIMIT)
    return {link["ifname"] for link in json.loads(shown.stdout)}
