"""The durable engine on a disk that is full for a while."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.disks import full, small_disk
from tests.integration.spine.controller import until

from reprise.engine import durable
from reprise.engine.durable import Engine

pytestmark = pytest.mark.real


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    with ExitStack() as mounted:
        try:
            mounted.enter_context(small_disk(tmp_path / "state"))
        except OSError as error:
            pytest.skip(str(error))
        yield tmp_path / "state"


def test_a_step_that_cannot_be_recorded_waits_for_room_and_the_workflow_goes_on(state: Path) -> None:
    begun, filled = threading.Event(), threading.Event()
    done: list[str] = []

    async def note(name: str) -> str:
        done.append(name)
        begun.set()
        await asyncio.to_thread(filled.wait, 20)
        return "x" * 2_000_000  # the database's log has no room for so much

    async def body(_: str) -> None:
        for name in ("first", "second"):
            await durable.step(name, note, name)

    engine = Engine(state, body)
    try:
        engine.launch()
        engine.start("run")
        assert begun.wait(20)
        with full(state):
            filled.set()
            with pytest.raises(AssertionError, match="not within"):
                until(lambda: len(done) > 1 or engine.over("run"), seconds=1.5)
        until(lambda: engine.over("run"), seconds=30)
        assert (done, engine.broken("run")) == (["first", "second"], False)
    finally:
        engine.shutdown()
