"""What every Nodes promises, asked of a real sshd."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
from tests.contract.test_nodes import (  # noqa: F401 - collected here with another node
    World,
    node,
    test_a_file_goes_there_and_comes_back,
    test_a_folder_goes_there_and_comes_back_with_links_and_modes,
    test_a_program_says_what_it_says_with_its_status,
    test_a_program_that_is_not_there_is_status_127,
    test_another_host_key_than_the_pinned_one_is_refused,
    test_more_than_the_limit_is_refused,
    test_one_that_answers_is_reachable_and_shows_its_host_key,
    test_one_that_does_not_know_our_key_is_told_so_and_refused,
    test_one_that_shows_the_pinned_host_key_is_reachable,
    test_silence_is_told_and_may_pass,
    test_what_is_absent_leaves_nothing,
    test_what_was_there_before_is_replaced,
)
from tests.sshd.machine import Machine

from reprise.adapters.chameleon import key
from reprise.adapters.chameleon.node import SshNodes
from reprise.ports.nodes import Access, Address, Nodes


@dataclass
class RealWorld:
    nodes: Nodes
    machine: Machine
    access: Access
    home: PurePosixPath

    def lock(self) -> None:
        self.machine.authorize()

    def silence(self) -> None:
        self.machine.cut()

    def program(self, name: str, out: str, code: int) -> None:
        self.machine.program(name, f"#!/bin/sh\nprintf '%s' '{out}'\nexit {code}\n")


@pytest.fixture
def world(machine: Machine, nodes: SshNodes, tmp_path: Path) -> Iterator[World]:
    machine.authorize(key.ensure(tmp_path / "run" / "key"))
    access = Access(Address(machine.address), tmp_path / "run" / "key", None)
    yield RealWorld(nodes, machine, access, PurePosixPath(machine.home))
    machine.mend()
