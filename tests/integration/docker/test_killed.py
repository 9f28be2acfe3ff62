"""What a killed rehearsal left in the Engine goes with the next command; what lives or is another's stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import jobs
from tests.integration.docker import trials
from tests.integration.docker.box import Box
from tests.integration.docker.trials import Here

from reprise.adapters.process.storage import LIVES
from reprise.bootstrap import REHEARSALS, give_back_killed
from reprise.containers import names
from reprise.containers.engine import Engine
from reprise.locks import locked
from reprise.settings import Settings
from reprise.settings.containers import Docker


@pytest.fixture
def engine(box: Box) -> Iterator[Engine]:
    asked = Engine(box.docker_host)
    yield asked
    asked.close()


def settings(root: Path, host: str) -> Settings:
    """Of a controller that runs nothing in containers itself."""
    return Settings(state_dir=root, docker=Docker(host=host))


def started(state: Path, engine: Engine, box: Box) -> Here:
    """With a job that runs; nobody holds a lock yet."""
    made = trials.here(state, box.docker_host, box.base, engine=engine)
    made.provider.request(jobs.RUN_ID, trials.spec())
    assert made.runner.start(made.job("import time\ntime.sleep(600)")) is None
    return made


def held(place: Here) -> int:
    """How many containers."""
    return len(place.engine.containers(names.of_state(place.state)))


def test_containers_of_the_dead_go_and_of_nobody_else(engine: Engine, box: Box, tmp_path: Path) -> None:
    root = tmp_path / "mine"
    killed = started(root / REHEARSALS / "killed", engine, box)
    lives = started(root / REHEARSALS / "lives", engine, box)
    controllers = started(root, engine, box)
    anothers = started(tmp_path / "anothers" / REHEARSALS / "killed", engine, box)
    others = lives, controllers, anothers
    try:
        with locked(lives.state / LIVES, timeout=0):
            give_back_killed(settings(root, box.docker_host))
            assert (held(killed), killed.provider.owned()) == (0, ())
            assert [held(each) for each in others] == [1, 1, 1]
        give_back_killed(settings(root, box.docker_host))
        assert [held(each) for each in others] == [0, 1, 1]
    finally:
        for each in (killed, *others):
            each.provider.release(jobs.RUN_ID)
