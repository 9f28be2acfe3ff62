"""Traps of DBOS that tests/contract/test_durable.py cannot name, because no other engine has them."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dbos import _queue
from tests.engine.recovery import quick_recovery

from reprise.engine.durable import CLAIMING, Engine


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    with quick_recovery():
        yield


class Lives:
    """Lives of one engine whose workflow stands still until it may go on."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.begun = 0
        self.may_end = False

    def begin(self) -> Engine:
        engine = Engine(self._state, self._body)
        engine.launch()
        return engine

    async def _body(self, _workflow_id: str) -> None:
        self.begun += 1
        while not self.may_end:
            await asyncio.sleep(0.01)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "not within 10 s"
        time.sleep(0.01)


def test_a_run_that_is_taken_up_again_while_the_controller_stops_is_neither_lost_nor_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = Lives(tmp_path)
    first = lives.begin()
    first.start("one")
    until(lambda: lives.begun)
    first.shutdown()
    claimed = threading.Event()
    execute = _queue.execute_dequeued_workflow  # type: ignore[attr-defined] # not exported

    def slowly(dbos: object, *rest: object) -> object:
        claimed.set()
        for event in dbos.background_thread_stop_events:  # type: ignore[attr-defined] # not exported
            assert event.wait(10), "the shutdown has not begun"
        time.sleep(0.1)
        return execute(dbos, *rest)  # type: ignore[arg-type] # handed on

    with monkeypatch.context() as patched:
        patched.setattr(_queue, "execute_dequeued_workflow", slowly)
        second = lives.begin()
        assert claimed.wait(10)
        second.shutdown()
    lives.may_end = True
    third = lives.begin()
    try:
        until(lambda: third.over("one"))
        assert not third.broken("one")
    finally:
        third.shutdown()


def test_the_threads_that_take_up_workflows_are_called_as_the_shutdown_expects(tmp_path: Path) -> None:
    engine = Lives(tmp_path).begin()
    try:
        until(lambda: any(thread.name.startswith(CLAIMING) for thread in threading.enumerate()))
    finally:
        engine.shutdown()
    assert not any(thread.name.startswith(CLAIMING) for thread in threading.enumerate())
