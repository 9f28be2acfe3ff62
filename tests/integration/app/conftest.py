"""A forge on which ada installed our App, and a proxy before it that can misbehave."""

from collections.abc import Iterator

import pytest
from tests.contract.forges import AdapterWorld, LoopbackForge
from tests.faulty import Faulty, faulty


@pytest.fixture(scope="package")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackForge]:
    started = LoopbackForge(tmp_path_factory.mktemp("loopback"))
    yield started
    started.close()


@pytest.fixture
def world(loopback: LoopbackForge) -> AdapterWorld:
    return AdapterWorld(loopback)


@pytest.fixture
def between(loopback: LoopbackForge) -> Iterator[Faulty]:
    with faulty(loopback.running.url) as proxy:
        yield proxy
