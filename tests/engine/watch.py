"""Stands between the engine and its steps and ports: records each call, breaks one, or stops dead at one.

Stopping dead is what `kill -9` does to a controller, seen from outside: the call hangs before or after its
effect, the engine is frozen, and nothing of that life ever goes on.
"""

import asyncio
import inspect
import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, cast

from reprise.engine.steps import Steps
from reprise.engine.world import World, by_name

Cross = Callable[[str, str, str], bool]
"""(name, side, run id) → whether the controller dies here. May raise instead."""

_OF_BACKENDS = ("builder", "provider", "runner")
PORTS = ("forge", "source", "tracker", "linter", *_OF_BACKENDS)


class Watched:
    """An object whose public methods tell ``cross`` before and after each call."""

    def __init__(self, inner: object, prefix: str, cross: Cross, hang: Callable[[], None]) -> None:
        self._inner = inner
        self._prefix = prefix
        self._cross = cross
        self._hang = hang

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name.startswith("_") or not callable(found):
            return found
        watched = self._awaited if inspect.iscoroutinefunction(found) else self._called
        return watched(f"{self._prefix}{name}", found)

    def _called(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def through(*args: Any, **named: Any) -> Any:
            if self._cross(name, "before", _whose(args)):
                self._hang()
            result = call(*args, **named)
            if self._cross(name, "after", _whose(args)):
                self._hang()
            return result

        return through

    def _awaited(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        async def through(*args: Any, **named: Any) -> Any:
            if self._cross(name, "before", _whose(args)):
                await asyncio.Event().wait()
            result = await call(*args, **named)
            if self._cross(name, "after", _whose(args)):
                await asyncio.Event().wait()
            return result

        return through


def _whose(args: tuple[Any, ...]) -> str:
    """A step's run; of a port's call whatever comes first."""
    return str(args[0]) if args else ""


class Killed(BaseException):
    """Unwinds a thread of a life that is over, so that it has no effect and keeps no lock."""


@dataclass(frozen=True, order=True)
class Point:
    """The ``nth`` crossing of a name, counted from 1, on one side of its effect."""

    name: str
    nth: int
    side: str

    def __str__(self) -> str:
        return f"{self.side} {self.name}" + (f" #{self.nth}" if self.nth > 1 else "")


class Life:
    """Wraps one controller's steps and ports; dies at ``end`` when there is one."""

    def __init__(self, end: Point | None = None) -> None:
        self.crossed: list[Point] = []
        self.died = threading.Event()
        self._end = end
        self._counts: Counter[tuple[str, str]] = Counter()
        self._buried = threading.Event()

    def wrap_steps(self, steps: Steps) -> Steps:
        return cast(Steps, Watched(steps, "", self._cross, self._hang))

    def wrap_world(self, world: World) -> World:
        return _with_ports(world, self._cross, self._hang)

    def bury(self) -> None:
        """After the engine was frozen: what hangs of this life unwinds without any effect."""
        self._buried.set()

    def _cross(self, name: str, side: str, _: str) -> bool:
        if self.died.is_set():
            return True
        self._counts[name, side] += 1
        point = Point(name, self._counts[name, side], side)
        self.crossed.append(point)
        if point == self._end:
            self.died.set()
        return point == self._end

    def _hang(self) -> None:
        self._buried.wait(30)
        raise Killed


def _with_ports(world: World, cross: Cross, hang: Callable[[], None]) -> World:
    return with_ports(world, lambda name, port: Watched(port, f"{name}.", cross, hang))


def with_ports(world: World, wrap: Callable[[str, Any], Any], names: Collection[str] = PORTS) -> World:
    """The same with these ports wrapped, those of every backend too."""
    ports: dict[str, Any] = {
        name: wrap(name, getattr(world, name)) for name in names if name not in _OF_BACKENDS
    }
    backends = [
        replace(each, **{name: wrap(name, getattr(each, name)) for name in names if name in _OF_BACKENDS})
        for each in world.backends.values()
    ]
    return replace(world, backends=by_name(*backends), **ports)


def _nobody_dies() -> None:
    raise AssertionError("nothing dies here")


def watching_ports(cross: Cross) -> Callable[[World], World]:
    """Tells of every call to the outside; nobody dies."""
    return lambda world: _with_ports(world, cross, _nobody_dies)


def watching(cross: Cross) -> Callable[[Steps], Steps]:
    """Tells of every step; nobody dies."""
    return lambda steps: cast(Steps, Watched(steps, "", cross, _nobody_dies))


def breaking(step: str, hits: Callable[[str], bool] = lambda run_id: True) -> Callable[[Steps], Steps]:
    """A bug in one step, for the runs that ``hits`` chooses."""

    def cross(name: str, side: str, run_id: str) -> bool:
        if name == step and side == "before" and hits(run_id):
            raise ZeroDivisionError("division by zero")
        return False

    return watching(cross)
