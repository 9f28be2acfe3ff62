"""How many calls one run makes, counted on their way to a real forge: GitHub limits them for everybody."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from tests.contract.forges import AdapterWorld, LoopbackForge
from tests.engine.conftest import Make
from tests.engine.harness import FILES, Controller, Outside
from tests.engine.watch import watching
from tests.fakes.clock import FakeClock
from tests.fakes.forge import OWN_LOGIN
from tests.faulty import Faulty, faulty

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import Credentials, TokenCredentials
from reprise.domain.forge import OnPullRequest
from reprise.engine.reporting import QUIET, show_waiting
from reprise.store import intake as inbox
from reprise.store.intake import NewTrigger

MOST_WRITES, MOST_READS = 15, 10
"""Besides the statuses of claims."""
PULL = OnPullRequest(1)


@pytest.fixture(scope="module")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackForge]:
    started = LoopbackForge(tmp_path_factory.mktemp("loopback"))
    yield started
    started.close()


@pytest.fixture
def between(loopback: LoopbackForge) -> Iterator[Faulty]:
    with faulty(loopback.running.url) as proxy:
        yield proxy


@pytest.fixture(params=["token", "App"])
def credentials(request: pytest.FixtureRequest, loopback: LoopbackForge) -> Credentials:
    return loopback.credentials if request.param == "App" else TokenCredentials(loopback.tokens[OWN_LOGIN])


@pytest.fixture
def controllers(
    make: Make, outside: Outside, between: Faulty, credentials: Credentials
) -> Iterator[Callable[..., Controller]]:
    """Controllers that talk to the forge; all phases last long enough to be shown."""
    forge = GitHubForge(f"{between.url}/api/v3", credentials, timeout=10, write_spacing=0)
    outside.clock = Ticking()

    def wait(name: str, side: str, run_id: str) -> bool:
        if side == "before":
            outside.clock.advance(QUIET.total_seconds())
        return False

    def made(**options: Any) -> Controller:
        return make(
            wrap_world=lambda world: replace(world, forge=forge), wrap_steps=watching(wait), **options
        )

    yield made
    forge.close()


class Ticking(FakeClock):
    """Real time passes between entering a phase and telling of it."""

    def now(self) -> datetime:
        self.advance(0.001)
        return super().now()


def counted(asked: list[str]) -> tuple[list[str], list[str]]:
    """(writes, reads)"""
    reads = [each for each in asked if each.startswith("GET ")]
    return [each for each in asked if each not in reads], reads


def assert_few(between: Faulty, claims: int) -> None:
    writes, reads = counted(between.asked)
    assert len(writes) - claims <= MOST_WRITES, "\n".join(writes)
    assert len(reads) <= MOST_READS, "\n".join(reads)


def test_a_run_of_a_tag_that_waits_and_shows_every_phase(
    controllers: Callable[..., Controller],
    outside: Outside,
    loopback: LoopbackForge,
    between: Faulty,
) -> None:
    world = AdapterWorld(loopback)
    sha = outside.source.commit(world.repository, FILES, world.tagged)
    outside.source.tag(world.repository, "v1", sha)
    waiting = controllers(slots=0)
    waiting.told_tag(world.repository, "v1")
    waiting.resolve()
    outside.clock.advance(2)
    show_waiting(waiting.world)
    controllers().work()
    assert_few(between, claims=1)


def test_a_run_of_a_pull_request_that_waits_and_shows_every_phase(
    controllers: Callable[..., Controller],
    outside: Outside,
    loopback: LoopbackForge,
    between: Faulty,
) -> None:
    world = AdapterWorld(loopback)
    outside.source.commit(world.repository, FILES, world.head)
    comment = world.say(PULL, "/reproduce", "wendy")
    where = world.repository.id, world.repository.full_name
    waiting = controllers(slots=0)
    with waiting.world.store.write() as connection:
        new = NewTrigger(inbox.COMMENT, *where, "#1", "wendy", 1, comment, "/reproduce")
        inbox.add_trigger(connection, new, at=outside.clock.now())
    waiting.resolve()
    outside.clock.advance(2)
    show_waiting(waiting.world)
    controllers().work()
    assert_few(between, claims=1)
