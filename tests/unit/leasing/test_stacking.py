from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.leasing.stacking import covered, objection
from reprise.domain.leasing.windows import Span

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def span(start: float, end: float) -> Span:
    """In hours from now."""
    return Span(NOW + start * HOUR, NOW + end * HOUR)


def test_the_first_lease_of_a_type_is_taken() -> None:
    assert objection("gpu_v100", span(0, 5), [], at_once=1) is None


def test_no_more_leases_at_once_than_the_operator_allows() -> None:
    ours = [span(0, 5), span(3, 9)]

    assert objection("gpu_v100", span(4, 6), ours, at_once=2) == (
        "2 of 2 leases of gpu_v100 that may be are held or booked then"
    )
    assert objection("gpu_v100", span(6, 8), ours, at_once=2) is None


def test_at_most_half_of_a_type_with_many_machines() -> None:
    ours = [span(0, 5)] * 3

    assert objection("gpu_p100", span(0, 5), ours, at_once=9, machines=6) is not None
    assert objection("gpu_p100", span(0, 5), ours, at_once=9, machines=15) is None
    assert objection("gpu_v100", span(0, 5), ours, at_once=9, machines=4) is None


def test_a_type_is_not_held_for_nine_tenths_of_three_weeks() -> None:
    ours = [span(-20 * 24, -13 * 24), span(-13 * 24, -6 * 24), span(-6 * 24, -1)]

    said = objection("gpu_v100", span(0, 24), ours, at_once=2)

    assert said is not None
    assert "three weeks" in said
    assert objection("gpu_v100", span(0, 24), ours[:2], at_once=2) is None


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 30)), max_size=8))
def test_what_is_covered_is_counted_once(drawn: list[tuple[int, int]]) -> None:
    spans = [span(start, start + length) for start, length in drawn]
    hours = {hour for start, length in drawn for hour in range(start, start + length) if -10 <= hour < 20}

    assert covered(spans, span(-10, 20)) == len(hours) * HOUR
