"""What the rows say about who needs what, and the bodies of deliveries, which need not be kept."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, Select, func, select, update

from reprise.domain.run import Phase, RunId
from reprise.store.tables import deliveries, runs, triggers


@dataclass(frozen=True, slots=True)
class Over:
    """A run that nobody works on and whose answer was given."""

    ended_at: datetime
    recorded: bool
    """Whether what the job logged is in the tracker."""


def over_runs(connection: Connection, only: RunId | None = None) -> dict[RunId, Over]:
    """All of them, or this one."""
    query = select(runs.c.id, runs.c.ended_at, runs.c.tracked, runs.c.tracking_problem).where(
        runs.c.ended_at.is_not(None), runs.c.phase == Phase.DONE.value
    )
    if only is not None:
        query = query.where(runs.c.id == only)
    return {
        RunId(row.id): Over(row.ended_at, row.tracked is not None and row.tracking_problem is None)
        for row in connection.execute(query)
    }


def known_runs(connection: Connection) -> set[RunId]:
    return {RunId(run_id) for run_id in connection.execute(select(runs.c.id)).scalars()}


def environments_in_use(connection: Connection) -> set[str]:
    """Keys of what unfinished runs built."""
    built = connection.execute(select(runs.c.built).where(runs.c.ended_at.is_(None))).scalars()
    return {found["key"] for found in built if found is not None}


def repositories_with_runs(connection: Connection) -> set[int]:
    return set(connection.execute(select(runs.c.repository_id).distinct()).scalars())


@dataclass(frozen=True, slots=True)
class Day:
    """The deliveries of one day, in UTC, whose bodies are still kept."""

    day: date
    bytes: int
    last: datetime
    open: bool
    """Whether a tag or comment of that day has still to be looked at."""


def days_of_deliveries(connection: Connection) -> list[Day]:
    query = select(deliveries.c.id, deliveries.c.received_at, func.length(deliveries.c.body).label("size"))
    found: dict[date, Day] = {}
    waiting = set(connection.execute(_opened()).scalars())
    for row in connection.execute(query.where(func.length(deliveries.c.body) > 0)):
        day = row.received_at.date()
        old = found.get(day, Day(day, 0, row.received_at, open=False))
        last = max(old.last, row.received_at)
        found[day] = Day(day, old.bytes + row.size, last, open=old.open or row.id in waiting)
    return sorted(found.values(), key=lambda each: each.day)


def forget_bodies(connection: Connection, day: date) -> None:
    """The rows stay: their ids keep a redelivery from being taken for something new."""
    begin = datetime.combine(day, time(), UTC)
    this_day = (deliveries.c.received_at >= begin, deliveries.c.received_at < begin + timedelta(days=1))
    settled = deliveries.c.id.not_in(_opened())
    connection.execute(update(deliveries).where(*this_day, settled).values(body=b""))


def _opened() -> Select[tuple[str]]:
    return select(triggers.c.delivery).where(
        triggers.c.delivery.is_not(None), triggers.c.next_at.is_not(None)
    )
