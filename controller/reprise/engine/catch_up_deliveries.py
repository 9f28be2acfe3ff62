"""Walks the App's delivery log and takes in what never arrived, as if it came to the webhook now.

A forge delivers once. What was answered with success is in our rows, because that answer comes after the
commit; of all else the rows say whether we have it. A walk goes from the newest attempt back to where the
last one began, three days at most, a few pages at a time, and goes on after a restart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.event import Event
from reprise.domain.missed import OLDEST
from reprise.engine.told import delivery_of
from reprise.engine.world import World
from reprise.ports import Attempt, LogPage
from reprise.store import catch_up
from reprise.store.catch_up import Walk
from reprise.store.intake import record_deliveries

log = structlog.get_logger()

OVERLAP = timedelta(minutes=10)
"""How much is looked at twice: an attempt is listed when it has ended, by the forge's clock."""
PAGES = 5
"""In one look; a hundred attempts each."""
TRIES = 3
"""After which a delivery that cannot be read holds up the others no more."""
Parse = Callable[[str, bytes], Event]
Watches = Callable[[int, str], bool]


@dataclass(slots=True)
class DeliveryLog:
    """Reads the log for the leader. ``parse`` and ``watches`` are those of the webhook."""

    world: World
    parse: Parse
    watches: Watches
    _arrived: set[str] = field(default_factory=set)
    """GUIDs of which a newer attempt of this walk arrived."""
    _failed: dict[str, int] = field(default_factory=dict)

    def look(self) -> "Look":
        """Raises Retryable or Refused when the forge does not show its log; then the walk goes on later.

        Whether there is a log says too whether a click can be heard: see `World.unheard`.
        """
        with self.world.store.read() as connection:
            walk = catch_up.walk(connection)
            mark = catch_up.cursor(connection, catch_up.DELIVERIES)
        now = self.world.clock.now()
        if walk is None:
            walk = Walk(now, None)
            self._arrived.clear()
        oldest = now - OLDEST if mark is None else max(mark, now - OLDEST)
        found = 0
        for _ in range(PAGES):
            page = self.world.conversation.delivery_log(walk.page)
            if page is None:
                self.world.unheard.set()
                return Look(found, whole=True, absent=True)
            self.world.unheard.clear()
            found += self._take_in(page, oldest)
            if page.next is None or any(each.at < oldest for each in page.attempts):
                self._end(walk)
                return Look(found, whole=True)
            walk = Walk(walk.begun_at, page.next)
            with self.world.store.write() as connection:
                catch_up.keep_walk(connection, walk)
        return Look(found, whole=False)

    def _end(self, walk: Walk) -> None:
        with self.world.store.write() as connection:
            catch_up.end_walk(connection, walk.begun_at - OVERLAP)
        self._arrived.clear()

    def _take_in(self, page: LogPage, oldest: datetime) -> int:
        """Oldest first, as it happened."""
        self._arrived |= {each.guid for each in page.attempts if each.ok}
        recent = [each for each in page.attempts if each.at >= oldest]
        missed = self._unknown(one_of_each(recent, without=self._arrived))
        return sum(self._record(attempt) for attempt in missed)

    def _unknown(self, attempts: Sequence[Attempt]) -> list[Attempt]:
        with self.world.store.read() as connection:
            known = catch_up.known_deliveries(connection, [each.guid for each in attempts])
        return [each for each in attempts if each.guid not in known]

    def _record(self, attempt: Attempt) -> bool:
        event = self._read(attempt)
        if event is None:
            return False
        body, said = event
        delivery = delivery_of(
            attempt.guid, attempt.event, body, said, watches=self.watches, received_at=attempt.at
        )
        new = record_deliveries(self.world.store, [delivery])[0]
        if new:
            log.warning(
                "missed delivery", id=attempt.guid, delivery_event=attempt.event, outcome=delivery.outcome
            )
        return new

    def _read(self, attempt: Attempt) -> tuple[bytes, Event] | None:
        """None when it cannot be read. Raises Retryable while that may change."""
        try:
            body = self.world.conversation.delivery_payload(attempt)
            return body, self.parse(attempt.event, body)
        except Retryable as error:
            tries = self._failed[attempt.guid] = self._failed.get(attempt.guid, 0) + 1
            if tries < TRIES:
                raise
            why = str(error)
        except (Refused, UserError) as error:
            why = str(error)
        self._failed.pop(attempt.guid, None)
        log.error("missed delivery lost", id=attempt.guid, delivery_event=attempt.event, why=why)
        return None


@dataclass(frozen=True, slots=True)
class Look:
    found: int
    whole: bool
    """Whether the walk came to its end; else there is more to look at, soon."""
    absent: bool = False
    """Whether there is no log, because our App has no webhook."""


def one_of_each(attempts: Sequence[Attempt], *, without: set[str]) -> list[Attempt]:
    """The oldest attempt of each delivery, in the order in which they happened."""
    oldest = {each.guid: each for each in attempts if each.guid not in without}
    return sorted(oldest.values(), key=lambda each: (each.at, each.id))
