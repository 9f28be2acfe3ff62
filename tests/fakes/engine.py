"""A durable engine in memory that is driven by hand, so that every interleaving can be had and had again.

`Records` is what survives a crash; a `FakeEngine` is one life on them. A workflow stands still at each of
its awaits and on both sides of every step's call, and goes on when `turn` says so: wherever it stands, the
life may end. tests/contract/test_durable.py holds this to what the real engine does.
"""

import contextvars
import json
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any

from reprise.ports import Clock

Body = Callable[[str], Coroutine[Any, Any, None]]


class Mismatch(Exception):
    """A replay asks for another step than the one that was recorded."""


@dataclass(slots=True)
class Records:
    """What stands on the disk."""

    steps: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """workflow → (name, JSON of what it returned), in order; of every workflow that was started"""
    ends: dict[str, Exception | None] = field(default_factory=dict)
    """workflow → the error that it ended in, None = it ended well"""


@dataclass(slots=True)
class _Life:
    """One workflow in one life of the engine."""

    id: str
    coroutine: Coroutine[Any, Any, None]
    context: contextvars.Context
    replayed: int = 0
    """Steps that were asked for so far."""
    wakes: float = 0
    """Seconds since the epoch."""


class _Pause:
    def __init__(self, until: float = 0) -> None:
        self._until = until

    def __await__(self) -> Generator[float, None, None]:
        yield self._until


class FakeEngine:
    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._body: Body | None = None
        self._lives: dict[str, _Life] = {}
        self._current: _Life | None = None

    # --- what reprise.engine.durable.Engine does ---------------------------------------------------

    def launch(self, body: Body) -> None:
        self._body = body
        for workflow_id in self._records.steps:
            if workflow_id not in self._records.ends:
                self._begin(workflow_id)

    def start(self, workflow_id: str) -> None:
        if self._body is None:
            raise RuntimeError("the engine is not launched")
        if workflow_id not in self._records.steps:
            self._records.steps[workflow_id] = []
            self._begin(workflow_id)

    def broken(self, workflow_id: str) -> bool:
        return self._records.ends.get(workflow_id) is not None

    def over(self, workflow_id: str) -> bool:
        return workflow_id in self._records.ends

    # --- what a workflow awaits --------------------------------------------------------------------

    async def step(self, name: str, call: Callable[..., Awaitable[Any]], *args: object) -> Any:
        life = self._running()
        recorded = self._recorded(life, name)
        if recorded is None:
            await _Pause()
            recorded = json.dumps(await call(*args))
            await _Pause()
            self._records.steps[life.id].append((name, recorded))
            await _Pause()
        return json.loads(recorded)

    async def sleep(self, seconds: float) -> None:
        life = self._running()
        recorded = self._recorded(life, "sleep")
        if recorded is None:
            recorded = json.dumps(self._now() + seconds)
            self._records.steps[life.id].append(("sleep", recorded))
        await _Pause(float(recorded))

    # --- driving it --------------------------------------------------------------------------------

    def turn(self, which: int = 0) -> bool:
        """One of those that could go on makes a move; False when there is none."""
        awake = [life for life in self._lives.values() if life.wakes <= self._now()]
        if not awake:
            return False
        self._move(awake[which % len(awake)])
        return True

    def next_wake(self) -> float | None:
        """Seconds from now until the first sleeper goes on; None when nobody sleeps."""
        wakes = [life.wakes for life in self._lives.values()]
        return max(min(wakes) - self._now(), 0) if wakes else None

    def crash(self) -> None:
        """The end of this life, wherever its workflows stand."""
        self._body = None
        for life in self._lives.values():
            life.context.run(life.coroutine.close)
        self._lives.clear()

    # --- underneath --------------------------------------------------------------------------------

    def _begin(self, workflow_id: str) -> None:
        assert self._body is not None
        self._lives[workflow_id] = _Life(workflow_id, self._body(workflow_id), contextvars.Context())

    def _move(self, life: _Life) -> None:
        self._current = life
        try:
            life.wakes = life.context.run(life.coroutine.send, None) or 0
        except StopIteration:
            self._end(life, None)
        except Exception as error:  # noqa: BLE001 - whatever a workflow ends in is recorded
            self._end(life, error)
        finally:
            self._current = None

    def _end(self, life: _Life, error: Exception | None) -> None:
        self._records.ends[life.id] = error
        del self._lives[life.id]

    def _running(self) -> _Life:
        assert self._current is not None, "only a workflow awaits this"
        return self._current

    def _recorded(self, life: _Life, name: str) -> str | None:
        steps = self._records.steps[life.id]
        life.replayed += 1
        if life.replayed > len(steps):
            return None
        known, recorded = steps[life.replayed - 1]
        if known != name:
            raise Mismatch(f"step {life.replayed} of {life.id} is recorded as {known}, not {name}")
        return recorded

    def _now(self) -> float:
        return self._clock.now().timestamp()
