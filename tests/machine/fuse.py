"""The moments at which a life may end, or something else happen in between: both sides of every call to
the outside and of every write of our rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from tests.engine.watch import Killed, Watched, with_ports

from reprise.engine.world import World
from reprise.store.database import Connection, Database


class Fuse:
    """Counts the moments. ``end_after`` and ``then`` are for a moment that is still to come."""

    def __init__(self) -> None:
        self._passed = 0
        self._end: int | None = None
        self._then: dict[int, Callable[[], None]] = {}

    def end_after(self, moments: int) -> None:
        self._end = self._passed + moments

    def then(self, moments: int, act: Callable[[], None]) -> None:
        self._then[self._passed + moments] = act

    def forget_plans(self) -> None:
        """A life may still end; nothing else happens in between any more."""
        self._then.clear()

    def wrap(self, world: World) -> World:
        watched = with_ports(world, lambda name, port: Watched(port, f"{name}.", self._cross, _unused))
        return replace(watched, store=cast(Database, _Store(world.store, self.pass_by)))

    def pass_by(self) -> None:
        """Raises Killed when this is the end."""
        self._passed += 1
        if self._end is not None and self._passed >= self._end:
            self._end = None
            raise Killed
        act = self._then.pop(self._passed, None)
        if act is not None:
            act()

    def _cross(self, name: str, side: str, first: str) -> bool:
        self.pass_by()
        return False


class _Store:
    """A Database of whose writes somebody hears."""

    def __init__(self, inner: Database, pass_by: Callable[[], None]) -> None:
        self._inner = inner
        self._pass_by = pass_by
        self.read = inner.read

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._pass_by()
        with self._inner.write() as connection:
            yield connection
        self._pass_by()


def _unused() -> None:
    raise AssertionError("a life ends by Killed here")
