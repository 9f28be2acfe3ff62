"""What a durable engine promises; the fake and the real one alike."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from tests.engine.recovery import quick_recovery
from tests.fakes.clock import FakeClock
from tests.fakes.engine import Body, FakeEngine, Records

from reprise.engine import durable
from reprise.ports import Durable, Workflows

Written = Callable[[Durable], Body]
"""A workflow, given what it awaits."""


class House(Protocol):
    """An engine's lives on one folder."""

    def live(self, written: Written) -> Workflows:
        """A life begins."""
        ...

    def until(self, condition: Callable[[], object]) -> None: ...

    def crash(self) -> None: ...

    def pass_time(self, seconds: float) -> None: ...


class RealHouse:
    def __init__(self, state: Path) -> None:
        self._state = state
        self._engine: durable.Engine | None = None

    def live(self, written: Written) -> Workflows:
        self._engine = durable.Engine(self._state, written(durable))
        self._engine.launch()
        return self._engine

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "not within 10 s"
            time.sleep(0.01)

    def crash(self) -> None:
        if self._engine is not None:
            self._engine.shutdown()

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)


class FakeHouse:
    def __init__(self) -> None:
        self._clock = FakeClock()
        self._records = Records()
        self._engine: FakeEngine | None = None

    def live(self, written: Written) -> Workflows:
        self._engine = FakeEngine(self._records, self._clock)
        self._engine.launch(written(self._engine))
        return self._engine

    def until(self, condition: Callable[[], object]) -> None:
        assert self._engine is not None
        for turn in range(1000):
            if condition():
                return
            if not self._engine.turn(turn):
                self._clock.advance(0.1)
        raise AssertionError("not within 1,000 turns")

    def crash(self) -> None:
        if self._engine is not None:
            self._engine.crash()

    def pass_time(self, seconds: float) -> None:
        self._clock.advance(seconds)


@pytest.fixture(params=["fake", "dbos"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    made: House = FakeHouse() if request.param == "fake" else RealHouse(tmp_path)
    with quick_recovery():
        yield made
        made.crash()


class Diary:
    """A workflow of some steps that writes down what was really called; it hangs where it is told to."""

    def __init__(self, *names: str, hangs: str | None = None, breaks: bool = False) -> None:
        self.called: list[str] = []
        self.returned: list[object] = []
        self._names = names
        self._hangs = hangs
        self._breaks = breaks

    def __call__(self, durable: Durable) -> Body:
        async def body(workflow_id: str) -> None:
            for name in self._names:
                if name == "sleep":
                    await durable.sleep(1)
                else:
                    self.returned.append(await durable.step(name, self._call, name))
            if self._breaks:
                raise ZeroDivisionError("a bug")

        return body

    async def _call(self, name: str) -> object:
        self.called.append(name)
        while name == self._hangs:
            await asyncio.sleep(0)
        return {"name": name, "pair": [1, None]}


def killed_in(house: House, step: str, *names: str) -> None:
    """A life of workflow ``one`` that ends inside this step."""
    diary = Diary(*names, hangs=step)
    house.live(diary).start("one")
    house.until(lambda: step in diary.called)
    house.crash()


def test_a_recorded_step_is_not_called_again_and_the_one_that_was_interrupted_is(house: House) -> None:
    killed_in(house, "c", "a", "b", "c", "d")
    after = Diary("a", "b", "c", "d")
    engine = house.live(after)
    house.until(lambda: engine.over("one"))
    assert after.called == ["c", "d"]
    assert after.returned == [{"name": name, "pair": [1, None]} for name in "abcd"]


def test_a_crash_before_anything_was_recorded_starts_from_the_beginning(house: House) -> None:
    killed_in(house, "a", "a", "b")
    after = Diary("a", "b")
    engine = house.live(after)
    house.until(lambda: engine.over("one"))
    assert after.called == ["a", "b"]


def test_several_crashes_lose_nothing(house: House) -> None:
    for step in "abcd":
        killed_in(house, step, "a", "b", "c", "d")
    after = Diary("a", "b", "c", "d")
    engine = house.live(after)
    house.until(lambda: engine.over("one"))
    assert after.called == ["d"]


def test_starting_a_known_workflow_does_nothing(house: House) -> None:
    diary = Diary("a")
    engine = house.live(diary)
    engine.start("one")
    engine.start("one")
    house.until(lambda: engine.over("one"))
    engine.start("one")
    engine.start("two")
    house.until(lambda: engine.over("two"))
    assert diary.called == ["a", "a"]


def test_each_workflow_has_records_of_its_own(house: House) -> None:
    diary = Diary("a", "b", hangs="b")
    engine = house.live(diary)
    engine.start("one")
    engine.start("two")
    house.until(lambda: diary.called.count("b") == 2)
    house.crash()
    after = Diary("a", "b")
    engine = house.live(after)
    house.until(lambda: engine.over("one") and engine.over("two"))
    assert after.called == ["b", "b"]


def test_only_what_is_left_of_a_sleep_is_waited_for_after_a_restart(house: House) -> None:
    before = Diary("a", "sleep", "b")
    house.live(before).start("one")
    house.until(lambda: before.returned)
    house.pass_time(0.3)
    house.crash()
    house.pass_time(0.8)
    began = time.monotonic()
    after = Diary("a", "sleep", "b")
    engine = house.live(after)
    house.until(lambda: engine.over("one"))
    assert time.monotonic() - began < 0.9
    assert (before.called, after.called) == (["a"], ["b"])


def test_a_sleep_is_not_cut_short(house: House) -> None:
    diary = Diary("a", "sleep", "b")
    engine = house.live(diary)
    engine.start("one")
    house.until(lambda: diary.returned)
    house.pass_time(0.5)
    assert not engine.over("one")
    house.until(lambda: engine.over("one"))


def test_a_workflow_is_over_when_it_ended_and_broken_when_by_an_error(house: House) -> None:
    diary = Diary("a", hangs="a")
    engine = house.live(diary)
    engine.start("live")
    house.until(lambda: diary.called)
    assert (engine.over("live"), engine.broken("live")) == (False, False)
    assert (engine.over("unknown"), engine.broken("unknown")) == (False, False)
    house.crash()
    engine = house.live(Diary("a", breaks=True))
    house.until(lambda: engine.over("live"))
    assert engine.broken("live")
    house.crash()
    engine = house.live(Diary("a"))
    engine.start("well")
    house.until(lambda: engine.over("well"))
    assert not engine.broken("well")
    assert engine.broken("live"), "an end stands"


def test_a_replay_that_asks_for_another_step_is_broken(house: House) -> None:
    killed_in(house, "b", "a", "b")
    changed = Diary("other", "b")
    engine = house.live(changed)
    house.until(lambda: engine.over("one"))
    assert engine.broken("one")
    assert changed.called == []


def test_an_engine_that_is_down_starts_nothing(house: House) -> None:
    engine = house.live(Diary("a"))
    house.crash()
    with pytest.raises(RuntimeError, match="not launched"):
        engine.start("one")
