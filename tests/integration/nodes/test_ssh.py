"""What the fake cannot show: connections that break, real processes, a way through another machine."""

import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from tests.sshd import machine as sshd
from tests.sshd.machine import Machine

from reprise.adapters.chameleon import key
from reprise.adapters.chameleon.node import KEPT_BYTES, SshNode, SshNodes
from reprise.domain.errors import Refused, Retryable
from reprise.ports.nodes import Access, Address

LIMIT = 20.0
ECHO = """
import os, pathlib, socket, sys
path = pathlib.Path(sys.argv[1])
os.umask(0)
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind(str(path))
    listening.listen()
    while True:
        talk, _ = listening.accept()
        with talk:
            heard = b""
            while piece := talk.recv(65536):
                heard += piece
            talk.sendall(heard.upper())
"""


def test_the_host_key_of_the_first_contact_is_the_machines(machine: Machine, node: SshNode) -> None:
    assert node.host_key == machine.host_key


def test_another_machine_at_the_same_address_is_refused_when_it_breaks(
    machine: Machine, nodes: SshNodes, access: Access
) -> None:
    with sshd.machine() as other:
        other.authorize((machine.folder / "authorized_keys").read_text())
        floating = replace(access, address=Address("127.66.201.1"))
        machine.at("127.66.201.1")
        node = nodes.connect(floating)
        machine.not_at("127.66.201.1")
        other.at("127.66.201.1")

        with pytest.raises((Refused, Retryable)):  # whichever machine says first that it knows no such talk
            node.run(("true",), timeout=LIMIT)
        with pytest.raises(Refused, match="another host key"):
            node.run(("true",), timeout=LIMIT)
        node.close()


def test_after_a_restart_of_its_sshd_it_is_connected_again(machine: Machine, node: SshNode) -> None:
    machine.stop()
    with pytest.raises(Retryable, match=machine.address):
        node.run(("true",), timeout=LIMIT)
    machine.start()

    assert node.run(("echo", "again"), timeout=LIMIT).out == "again\n"


def test_a_connection_that_went_dead_is_given_up_and_made_again(machine: Machine, node: SshNode) -> None:
    machine.cut()
    with pytest.raises(Retryable, match="took longer"):
        node.run(("true",), timeout=0.5)
    machine.mend()

    assert node.run(("echo", "again"), timeout=60).out == "again\n"


def test_nothing_at_the_address_is_said_in_words(nodes: SshNodes, access: Access) -> None:
    nobody = replace(access, address=Address(access.address.host, port=2222))

    assert "refused" in str(nodes.reachable(nobody, timeout=LIMIT)).lower()


def test_a_key_that_is_not_there_is_refused(nodes: SshNodes, access: Access) -> None:
    with pytest.raises(Refused, match="cannot be used"):
        nodes.connect(replace(access, private_key=access.private_key.with_name("lost")))


def test_a_machine_behind_another_is_reached_through_it(
    machine: Machine, nodes: SshNodes, access: Access
) -> None:
    with sshd.machine(behind=machine) as hidden:
        hidden.authorize((machine.folder / "authorized_keys").read_text())
        through = replace(access, address=Address(hidden.address), jump=access.address)

        node = nodes.connect(through)

        assert node.run(("hostname",), timeout=LIMIT).out == f"node-{hidden.name}\n"
        assert (node.host_key, node.jump_host_key) == (hidden.host_key, machine.host_key)
        node.close()
        with pytest.raises(Refused, match=machine.address):
            nodes.connect(replace(through, jump_host_key=hidden.host_key))


def test_the_way_through_another_may_need_another_key(
    machine: Machine, nodes: SshNodes, access: Access, tmp_path: Path
) -> None:
    with sshd.machine(behind=machine) as hidden:
        hidden.authorize((machine.folder / "authorized_keys").read_text())
        machine.authorize(key.ensure(tmp_path / "operator"))
        through = replace(access, address=Address(hidden.address), jump=access.address)

        assert "does not let our key in" in str(nodes.reachable(through, timeout=LIMIT))
        assert nodes.reachable(replace(through, jump_key=tmp_path / "operator"), timeout=LIMIT) is None


def test_a_host_key_of_another_kind_is_another_host_key(
    nodes: SshNodes, access: Access, machine: Machine, tmp_path: Path
) -> None:
    words = ["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(tmp_path / "host")]
    subprocess.run(words, check=True, timeout=LIMIT)
    with sshd.machine(host_key=tmp_path / "host") as other:
        other.authorize((machine.folder / "authorized_keys").read_text())
        there = replace(access, address=Address(other.address))

        assert nodes.reachable(there, timeout=LIMIT) is None
        with pytest.raises(Refused, match="another host key"):
            nodes.connect(replace(there, host_key=machine.host_key))


def test_closing_does_not_wait_for_one_that_is_cut_off(
    machine: Machine, nodes: SshNodes, access: Access
) -> None:
    node = nodes.connect(access)
    machine.cut()
    started = time.monotonic()

    node.close()

    assert time.monotonic() - started < LIMIT / 2


def test_after_all_is_closed_nothing_is_opened(nodes: SshNodes, access: Access) -> None:
    node = nodes.connect(access)
    nodes.close()

    node.close()
    with pytest.raises(Retryable, match="closed by us"):
        nodes.connect(access)


# --- programs -----------------------------------------------------------------------------------------


def test_words_reach_a_program_as_they_are(node: SshNode) -> None:
    words = ("a b", "$HOME", "`id`", "'", '"', "*", "", "ü\n")

    said = node.run(("printf", r"%s\0", *words), timeout=LIMIT)

    assert said.out.split("\0")[:-1] == list(words)


def test_variables_reach_it_and_its_input_too_but_not_its_argv(node: SshNode) -> None:
    said = node.run(
        ("sh", "-c", 'echo "$TOKEN"; cat; tr "\\0" " " < /proc/$PPID/cmdline /proc/$$/cmdline'),
        timeout=LIMIT,
        stdin=b"input\n",
        variables={"TOKEN": "it's a\nsecret"},
    )

    assert said.out.startswith("it's a\nsecret\ninput\n")
    assert said.out.count("secret") == 1


def test_what_it_says_beyond_a_megabyte_is_cut(node: SshNode) -> None:
    said = node.run(("sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"), timeout=LIMIT)

    assert (said.code, len(said.out)) == (0, KEPT_BYTES)


def test_one_that_takes_too_long_is_ended_there(machine: Machine, node: SshNode) -> None:
    with pytest.raises(Retryable, match="running sleep took longer"):
        node.run(("sleep", "777"), timeout=0.2)

    deadline = time.monotonic() + LIMIT
    while "sleep 777" in machine.run("ps", "-eo", "args"):
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.1)


def test_one_that_is_killed_has_the_status_that_shells_give(node: SshNode) -> None:
    assert node.run(("sh", "-c", "kill -9 $$"), timeout=LIMIT).code == 137


def test_many_threads_may_use_one_node(node: SshNode) -> None:
    with ThreadPoolExecutor(30) as threads:
        said = list(threads.map(lambda one: node.run(("echo", str(one)), timeout=LIMIT).out, range(60)))

    assert said == [f"{one}\n" for one in range(60)]


# --- copying ------------------------------------------------------------------------------------------


def test_what_cannot_be_copied_complete_changes_nothing(
    machine: Machine, node: SshNode, tmp_path: Path
) -> None:
    home = PurePosixPath(machine.home)
    (tmp_path / "old").write_text("old")
    (tmp_path / "new").write_bytes(os.urandom(1 << 20) * 200)
    node.put(tmp_path / "old", home / "kept", timeout=LIMIT)
    stopping = threading.Timer(0.1, machine.stop)
    stopping.start()

    try:
        with pytest.raises(Retryable, match=machine.address):
            node.put(tmp_path / "new", home / "kept", timeout=LIMIT)
    finally:
        stopping.join()
        machine.start()

    assert (machine.home / "kept").read_text() == "old"


def test_a_full_or_forbidden_place_is_told_in_its_words(node: SshNode, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(Retryable, match="Permission denied"):
        node.put(tmp_path / "file", PurePosixPath("/usr/file"), timeout=LIMIT)


def test_what_a_container_left_as_root_is_replaced_too(
    machine: Machine, node: SshNode, tmp_path: Path
) -> None:
    (machine.home / "run" / "deep").mkdir(parents=True)
    (machine.home / "run" / "deep" / "of-root").write_text("x")
    os.chown(machine.home / "run", 1000, 1000)
    (tmp_path / "new").mkdir()

    node.put(tmp_path / "new", PurePosixPath(machine.home / "run"), timeout=LIMIT)

    assert list((machine.home / "run").iterdir()) == []


def test_devices_and_fifos_stay_where_they_are(machine: Machine, node: SshNode, tmp_path: Path) -> None:
    for folder in (tmp_path / "sent", machine.home / "there"):
        folder.mkdir()
        (folder / "file").write_text("x")
        os.mkfifo(folder / "fifo")

    node.put(tmp_path / "sent", PurePosixPath(machine.home / "sent"), timeout=LIMIT)
    node.get(PurePosixPath(machine.home / "there"), tmp_path / "back", timeout=LIMIT, limit=100)

    assert [path.name for path in (machine.home / "sent").iterdir()] == ["file"]
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["file"]


def test_what_only_root_may_read_there_comes_too(machine: Machine, node: SshNode, tmp_path: Path) -> None:
    (machine.home / "results").mkdir(mode=0o700)
    (machine.home / "results" / "log.txt").write_text("of a container")

    node.get(PurePosixPath(machine.home / "results"), tmp_path / "back", timeout=LIMIT, limit=100)

    assert (tmp_path / "back" / "log.txt").read_text() == "of a container"


def test_what_was_here_is_replaced_when_all_is_here_and_kept_otherwise(
    machine: Machine, node: SshNode, tmp_path: Path
) -> None:
    (machine.home / "fresh").mkdir()
    (machine.home / "fresh" / "new").write_text("new")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "old").write_text("old")

    node.get(PurePosixPath(machine.home / "none"), tmp_path / "here", timeout=LIMIT, limit=100)
    assert (tmp_path / "here" / "old").exists()
    with pytest.raises(Refused):
        node.get(PurePosixPath(machine.home / "fresh"), tmp_path / "here", timeout=LIMIT, limit=2)
    assert (tmp_path / "here" / "old").exists()
    node.get(PurePosixPath(machine.home / "fresh"), tmp_path / "here", timeout=LIMIT, limit=100)

    assert [path.name for path in (tmp_path / "here").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_log_that_grows_while_it_is_copied_is_copied(
    machine: Machine, node: SshNode, tmp_path: Path
) -> None:
    log = machine.home / "growing.txt"
    ended = threading.Event()

    def write() -> None:
        with log.open("a") as file:
            while not ended.wait(0.0001):
                file.write("a line\n" * 1000)
                file.flush()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(5):
            node.get(PurePosixPath(log), tmp_path / "log.txt", timeout=LIMIT, limit=1 << 30)
    finally:
        ended.set()
        writing.join()

    assert (tmp_path / "log.txt").read_text().startswith("a line\n")


# --- sockets ------------------------------------------------------------------------------------------


def talk(path: Path, text: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(LIMIT)
        one.connect(str(path))
        one.sendall(text)
        one.shutdown(socket.SHUT_WR)
        heard = b""
        while piece := one.recv(65536):
            heard += piece
        return heard


def start_echo(machine: Machine) -> PurePosixPath:
    (machine.home / "echo.py").write_text(ECHO)
    path = PurePosixPath(machine.home / "echo.sock")
    Path(path).unlink(missing_ok=True)
    machine.run("sh", "-c", f"setsid {sys.executable} {machine.home}/echo.py {path} >/dev/null 2>&1 &")
    deadline = time.monotonic() + LIMIT
    while not Path(path).exists():
        assert time.monotonic() < deadline, "nothing listens"
        time.sleep(0.05)
    return path


def test_a_socket_here_leads_to_one_there_with_both_ends(machine: Machine, node: SshNode) -> None:
    there = start_echo(machine)

    here = node.socket(there)

    assert node.socket(there) == here
    assert len(str(here)) < 100
    assert talk(here, b"hello" * 100_000) == b"HELLO" * 100_000


def test_a_socket_outlives_the_connection_under_it(machine: Machine, node: SshNode) -> None:
    here = node.socket(start_echo(machine))
    machine.stop()
    machine.start()
    start_echo(machine)

    assert talk(here, b"again") == b"AGAIN"


def test_a_socket_without_anything_there_just_ends(node: SshNode) -> None:
    assert talk(node.socket(PurePosixPath("/run/nothing.sock")), b"hello") == b""


def test_a_closed_node_leaves_no_socket(machine: Machine, nodes: SshNodes, access: Access) -> None:
    node = nodes.connect(access)
    here = node.socket(PurePosixPath("/run/docker.sock"))

    node.close()
    node.close()

    assert not here.parent.exists()
    with pytest.raises(Retryable, match="closed"):
        node.run(("true",), timeout=LIMIT)
