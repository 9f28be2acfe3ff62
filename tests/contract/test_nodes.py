"""What every Nodes promises; the fake and real ones alike."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Protocol

import pytest
from tests.fakes.nodes import HOST_KEY, FakeNodes, Machine

from reprise.domain.errors import Refused, Retryable
from reprise.ports.nodes import Access, Address, Node, Nodes, Said

LIMIT = 20.0
MEGABYTE = 1 << 20
HOME = PurePosixPath("/home/cc")
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKMKhAV3HZuMk2umhVInwkymdxNxbADsOACxgP1sUWPK"


class World(Protocol):
    """A node and what happens to it."""

    nodes: Nodes
    access: Access
    home: PurePosixPath

    def lock(self) -> None:
        """Our key is not let in any more."""
        ...

    def silence(self) -> None: ...

    def program(self, name: str, out: str, code: int) -> None:
        """It has this one from now on, which says that."""
        ...


@dataclass
class FakeWorld:
    nodes: Nodes
    machine: Machine
    access: Access
    home: PurePosixPath = HOME

    def lock(self) -> None:
        self.machine.locked = True

    def silence(self) -> None:
        self.machine.silent = "it is cut off"

    def program(self, name: str, out: str, code: int) -> None:
        self.machine.programs[name] = lambda argv, stdin: Said(code, out, "")


@pytest.fixture
def world(tmp_path: Path) -> World:
    machine = Machine(tmp_path / "disk")
    access = Access(Address("10.0.0.1"), tmp_path / "key", None)
    return FakeWorld(FakeNodes({"10.0.0.1": machine}), machine, access)


@pytest.fixture
def node(world: World) -> Iterator[Node]:
    node = world.nodes.connect(world.access)
    yield node
    node.close()


def test_one_that_answers_is_reachable_and_shows_its_host_key(world: World, node: Node) -> None:
    assert world.nodes.reachable(world.access, timeout=LIMIT) is None
    kind, key = node.host_key.split()
    assert kind == HOST_KEY.split()[0]
    assert key


def test_one_that_shows_the_pinned_host_key_is_reachable(world: World, node: Node) -> None:
    assert world.nodes.reachable(replace(world.access, host_key=node.host_key), timeout=LIMIT) is None


def test_another_host_key_than_the_pinned_one_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="host key"):
        world.nodes.connect(replace(world.access, host_key=OTHER_KEY))


def test_one_that_does_not_know_our_key_is_told_so_and_refused(world: World) -> None:
    world.lock()

    assert "does not let our key in" in str(world.nodes.reachable(world.access, timeout=LIMIT))
    with pytest.raises(Refused, match="does not let our key in"):
        world.nodes.connect(world.access)


def test_silence_is_told_and_may_pass(world: World, node: Node) -> None:
    world.silence()

    assert world.nodes.reachable(world.access, timeout=1.0) is not None
    with pytest.raises(Retryable):
        node.run(("true",), timeout=1.0)


def test_a_program_says_what_it_says_with_its_status(world: World, node: Node) -> None:
    world.program("sensors", "41 °C\n", 3)

    assert node.run(("sensors", "--gpu"), timeout=LIMIT) == Said(3, "41 °C\n", "")


def test_a_program_that_is_not_there_is_status_127(node: Node) -> None:
    assert node.run(("no-such-program",), timeout=LIMIT).code == 127


def test_a_folder_goes_there_and_comes_back_with_links_and_modes(
    world: World, node: Node, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    (sent / "inner").mkdir(parents=True)
    (sent / "inner" / "run.sh").write_text("echo hello")
    (sent / "inner" / "run.sh").chmod(0o750)
    (sent / "link").symlink_to("inner/run.sh")

    node.put(sent, world.home / "deep" / "tree", timeout=LIMIT)
    node.get(world.home / "deep" / "tree", tmp_path / "back", timeout=LIMIT, limit=MEGABYTE)

    assert (tmp_path / "back" / "inner" / "run.sh").read_text() == "echo hello"
    assert (tmp_path / "back" / "inner" / "run.sh").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "back" / "link").readlink() == Path("inner/run.sh")


def test_a_file_goes_there_and_comes_back(world: World, node: Node, tmp_path: Path) -> None:
    (tmp_path / "sent.bin").write_bytes(bytes(range(256)) * 400)

    node.put(tmp_path / "sent.bin", world.home / "there.bin", timeout=LIMIT)
    node.get(world.home / "there.bin", tmp_path / "some" / "back.bin", timeout=LIMIT, limit=MEGABYTE)

    assert (tmp_path / "some" / "back.bin").read_bytes() == (tmp_path / "sent.bin").read_bytes()


def test_what_was_there_before_is_replaced(world: World, node: Node, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)

    node.put(tmp_path / "old", world.home / "tree", timeout=LIMIT)
    node.put(tmp_path / "new", world.home / "tree", timeout=LIMIT)
    node.get(world.home / "tree", tmp_path / "back", timeout=LIMIT, limit=MEGABYTE)

    assert [path.name for path in (tmp_path / "back").iterdir()] == ["new"]


def test_what_is_absent_leaves_nothing(world: World, node: Node, tmp_path: Path) -> None:
    node.get(world.home / "nothing", tmp_path / "back", timeout=LIMIT, limit=MEGABYTE)

    assert not (tmp_path / "back").exists()


def test_more_than_the_limit_is_refused(world: World, node: Node, tmp_path: Path) -> None:
    (tmp_path / "sent").mkdir()
    for name in ("a", "b"):
        (tmp_path / "sent" / name).write_bytes(bytes(600))
    node.put(tmp_path / "sent", world.home / "tree", timeout=LIMIT)

    node.get(world.home / "tree", tmp_path / "back", timeout=LIMIT, limit=1200)
    with pytest.raises(Refused, match=r"more than the 1,199"):
        node.get(world.home / "tree", tmp_path / "too-much", timeout=LIMIT, limit=1199)

    assert not (tmp_path / "too-much").exists()
