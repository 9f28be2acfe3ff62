"""Machines to log in to, for tests of what is done over SSH."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.box.lacking import Lacking
from tests.sshd.machine import Machine, machine


@pytest.fixture
def node() -> Iterator[Machine]:
    with ExitStack() as stack:
        yield had(stack)


def had(stack: ExitStack) -> Machine:
    """One, or the test is skipped; where changes are judged, it fails instead."""
    try:
        return stack.enter_context(machine())
    except Lacking as problem:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(problem))
