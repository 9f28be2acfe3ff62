"""Machines to log in to, for tests of what is done over SSH."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.box.lacking import Lacking
from tests.sshd import machine as sshd
from tests.sshd.machine import Machine

from reprise.adapters.chameleon import key
from reprise.adapters.chameleon.node import SshNode, SshNodes
from reprise.ports.nodes import Access, Address


@pytest.fixture(scope="session")
def shared_machine() -> Iterator[Machine]:
    """Or the test is skipped; where changes are judged, it fails instead."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(sshd.machine())
        except Lacking as problem:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(problem))


@pytest.fixture
def machine(shared_machine: Machine) -> Iterator[Machine]:
    """As if it were new, apart from what was written to its home."""
    yield shared_machine
    shared_machine.mend()
    shared_machine.authorize()
    for program in (shared_machine.folder / "programs").iterdir():
        program.unlink()


@pytest.fixture
def nodes() -> Iterator[SshNodes]:
    nodes = SshNodes()
    yield nodes
    nodes.close()


@pytest.fixture
def access(machine: Machine, tmp_path: Path) -> Access:
    private = tmp_path / "run" / "key"
    machine.authorize(key.ensure(private))
    return Access(Address(machine.address), private, None)


@pytest.fixture
def node(nodes: SshNodes, access: Access) -> Iterator[SshNode]:
    node = nodes.connect(access)
    yield node
    node.close()
