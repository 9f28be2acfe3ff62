"""Several hands for triggers: each repository's in their order, of several repositories at a time.

A repository that is slow to fetch, or made to be, then keeps only itself waiting. Called by the leader.
"""

import threading
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter

import structlog

from reprise.domain.errors import Retryable
from reprise.engine.intake import resolve_all
from reprise.engine.world import World
from reprise.store import intake as inbox
from reprise.store.intake import Trigger

log = structlog.get_logger()

HANDS = 8
LONGEST_REST = 3.0
"""Seconds."""


def rest_after(worked: float, triggers: int) -> float:
    """Seconds that a repository rests after a look at some of its triggers, which took ``worked`` seconds.

    A flood of its deliveries would else keep a hand, git and the disk busy all the time, and whoever answers
    the deliveries needs them too. A single trigger makes the next one wait no longer than it took itself.
    """
    return min(triggers * worked, LONGEST_REST)


class Hands:
    def __init__(self, world: World, *, added: Callable[[], None]) -> None:
        """``added`` is called, from any thread, when there are new runs."""
        self._world = world
        self._added = added
        self._busy: set[int] = set()
        self._rested_at: dict[int, float] = {}
        self._changed = threading.Condition()

    def look(self) -> None:
        """Begin with every due trigger for whose repository a hand is free; never waits for one."""
        with self._changed:
            now = time.monotonic()
            self._rested_at = {number: at for number, at in self._rested_at.items() if at > now}
            busy, resting = frozenset(self._busy), frozenset(self._rested_at)
        with self._world.store.read() as connection:
            due = inbox.due_triggers(connection, self._world.clock.now(), without=busy | resting)
        by_repository = attrgetter("repository_id", "number")
        groups = groupby(sorted(due, key=by_repository), key=attrgetter("repository_id"))
        oldest_first = sorted((list(group) for _, group in groups), key=lambda group: group[0].number)
        for triggers in oldest_first[: HANDS - len(busy)]:
            self._begin(triggers)

    def finish(self, timeout: float) -> None:
        """Wait for what was begun, at most ``timeout`` seconds; the rest is due again at the next start."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy, timeout)

    def _begin(self, triggers: Sequence[Trigger]) -> None:
        with self._changed:
            self._busy.add(triggers[0].repository_id)
        # Python would wait at exit for the threads of a pool.
        threading.Thread(target=self._work, args=(triggers,), name="hand", daemon=True).start()

    def _work(self, triggers: Sequence[Trigger]) -> None:
        added, began = 0, time.monotonic()
        try:
            added = resolve_all(self._world, triggers)
        except Retryable as error:  # what was not settled is due again at the next look
            log.warning("hand postponed", repository=triggers[0].repository, why=str(error))
        except Exception:
            log.exception("hand failed", repository=triggers[0].repository)
        finally:
            with self._changed:
                self._busy.discard(triggers[0].repository_id)
                ended = time.monotonic()
                self._rested_at[triggers[0].repository_id] = ended + rest_after(ended - began, len(triggers))
                self._changed.notify_all()
        if added:
            self._added()
