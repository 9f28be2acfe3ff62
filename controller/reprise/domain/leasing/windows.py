"""When machines are free for long enough, from a site's calendar. Pure; half-open intervals, aware times.

A lease that begins within minutes of another one's end races with its clean-up, so a gap is kept on both
sides. Requests count in minutes, so a start that is not now is a whole minute.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

GAP = timedelta(minutes=10)
"""Between two leases of one host."""

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Somebody has the machine."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Room:
    """Between ``start`` and ``end``, ``free`` more of a flavor can be leased; unmentioned times have none."""

    start: datetime
    end: datetime
    free: int


@dataclass(frozen=True, slots=True)
class Window:
    start: datetime
    """``now`` itself where it is free at once, else a whole minute."""
    hosts: tuple[str, ...] = ()
    """All that are free for the whole time, in the order of the calendar; empty for flavors."""


def earliest(
    calendar: Mapping[str, Sequence[Span]],
    *,
    now: datetime,
    length: timedelta,
    latest: datetime,
    count: int = 1,
    gap: timedelta = GAP,
) -> Window | None:
    """The first time, not after ``latest``, from which ``count`` hosts are free for ``length``.

    ``calendar`` has an entry for every host that would do, an empty one where nobody has booked it.
    """
    ends = (span.end + gap for spans in calendar.values() for span in spans)
    for start in _starts(ends, now, latest):
        free = tuple(host for host, spans in calendar.items() if _is_free(spans, start, length, gap))
        if len(free) >= max(count, 1):
            return Window(start, free)
    return None


def earliest_room(
    rooms: Sequence[Room], *, now: datetime, length: timedelta, latest: datetime, count: int = 1
) -> Window | None:
    """The same for a flavor, whose free number is told for each stretch of time."""
    enough = sorted((room for room in rooms if room.free >= max(count, 1)), key=lambda room: room.start)
    for start in _starts((room.start for room in enough), now, latest):
        if _covered_until(enough, start) >= start + length:
            return Window(start)
    return None


def _starts(candidates: Iterable[datetime], now: datetime, latest: datetime) -> list[datetime]:
    later = {_whole_minute(each) for each in candidates if each > now}
    return [start for start in (now, *sorted(later)) if start <= latest]


def _is_free(spans: Sequence[Span], start: datetime, length: timedelta, gap: timedelta) -> bool:
    end = start + length
    return all(span.end + gap <= start or end + gap <= span.start for span in spans)


def _covered_until(rooms: Sequence[Room], start: datetime) -> datetime:
    """Up to when every moment from ``start`` on has room; ``rooms`` in order of their starts."""
    until = start
    for room in rooms:
        if room.start <= until < room.end:
            until = room.end
    return until


def _whole_minute(at: datetime) -> datetime:
    floor = at.replace(second=0, microsecond=0)
    return floor if floor == at else floor + _MINUTE
