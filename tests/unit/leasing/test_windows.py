"""When hosts and flavors are free, by examples and against a search minute by minute."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.domain.leasing.windows import GAP, Room, Span, Window, earliest, earliest_room

NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATEST = NOW + timedelta(days=3)
Calendar = Mapping[str, Sequence[Span]]


def span(start: float, end: float) -> Span:
    """In hours from now."""
    return Span(NOW + start * HOUR, NOW + end * HOUR)


def test_an_empty_calendar_is_free_at_once() -> None:
    assert earliest({"n1": ()}, now=NOW, length=HOUR, latest=LATEST) == Window(NOW, ("n1",))


def test_no_host_is_never_free() -> None:
    assert earliest({}, now=NOW, length=HOUR, latest=LATEST) is None


def test_a_gap_stays_between_two_leases() -> None:
    found = earliest({"n1": [span(-1, 2)]}, now=NOW, length=HOUR, latest=LATEST)
    assert found is not None
    assert found.start >= NOW + 2 * HOUR + GAP
    assert (found.start.second, found.start - (NOW + 2 * HOUR + GAP)) == (0, timedelta(seconds=30))


def test_the_free_hour_before_somebody_else_is_used_when_it_is_long_enough() -> None:
    calendar = {"n1": [span(1.5, 5)]}
    assert earliest(calendar, now=NOW, length=HOUR, latest=LATEST) == Window(NOW, ("n1",))
    longer = earliest(calendar, now=NOW, length=1.5 * HOUR, latest=LATEST)
    assert longer is not None
    assert longer.start > NOW + 5 * HOUR


def test_several_hosts_have_to_be_free_at_the_same_time() -> None:
    calendar = {"n1": [span(-1, 2)], "n2": [span(3, 6)], "n3": [span(0, 30)]}
    found = earliest(calendar, now=NOW, length=HOUR, latest=LATEST, count=2)
    assert found is not None
    assert found.hosts == ("n1", "n2")
    assert found.start > NOW + 6 * HOUR


def test_a_start_that_comes_too_late_is_none() -> None:
    assert earliest({"n1": [span(-1, 80)]}, now=NOW, length=HOUR, latest=LATEST) is None


def test_a_flavor_is_free_over_stretches_that_touch() -> None:
    rooms = [
        Room(NOW - HOUR, NOW + HOUR, 0),
        Room(NOW + HOUR, NOW + 2 * HOUR, 1),
        Room(NOW + 2 * HOUR, NOW + 4 * HOUR, 3),
    ]
    found = earliest_room(rooms, now=NOW, length=3 * HOUR - timedelta(minutes=1), latest=LATEST)
    assert found is not None
    assert found.start == NOW + HOUR + timedelta(seconds=30)
    assert earliest_room(rooms, now=NOW, length=4 * HOUR, latest=LATEST) is None
    two = earliest_room(rooms, now=NOW, length=HOUR, latest=LATEST, count=2)
    assert two is not None
    assert two.start >= NOW + 2 * HOUR


spans = st.lists(
    st.tuples(st.integers(-60, 400), st.integers(1, 200)).map(
        lambda pair: Span(NOW + timedelta(minutes=pair[0]), NOW + timedelta(minutes=pair[0] + pair[1]))
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), spans, min_size=1),
    st.integers(1, 240),
    st.integers(1, 2),
)
def test_no_earlier_minute_would_do(calendar: Calendar, minutes: int, count: int) -> None:
    length, latest = timedelta(minutes=minutes), NOW + timedelta(minutes=300)
    found = earliest(calendar, now=NOW, length=length, latest=latest, count=count)
    minute = NOW.replace(second=0) + timedelta(minutes=1)
    tried = [NOW, *(minute + timedelta(minutes=each) for each in range(300))]
    good = [start for start in tried if len(_free(calendar, start, length)) >= count and start <= latest]
    if not good:
        assert found is None
        return
    assert found is not None
    assert found.start == good[0]
    assert set(found.hosts) == _free(calendar, found.start, length)


def _free(calendar: Calendar, start: datetime, length: timedelta) -> set[str]:
    end = start + length
    return {
        host
        for host, taken in calendar.items()
        if not any(start < each.end + GAP and each.start < end + GAP for each in taken)
    }
