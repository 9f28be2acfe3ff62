from hypothesis import given
from hypothesis import strategies as st

from reprise.engine.workflow import BRIEF, SOME, UNTIL_TOLD, Patience, pause

RUN = "r0123456789ab"
attempts = st.integers(0, 10_000)
asked = st.floats(0, 10**6)


@given(attempts, asked, st.floats(1, 900))
def test_a_pause_is_the_same_when_it_is_computed_again(attempt: int, after: float, longest: float) -> None:
    assert pause(RUN, "report", attempt, longest, after) == pause(RUN, "report", attempt, longest, after)


@given(attempts, asked, st.floats(1, 900))
def test_a_pause_is_at_least_what_was_asked_for_and_has_a_bound(
    attempt: int, after: float, longest: float
) -> None:
    seconds = pause(RUN, "report", attempt, longest, after)
    assert seconds >= after
    assert seconds <= max(longest, after) * 1.25


def test_pauses_grow_until_the_longest() -> None:
    seconds = [pause(RUN, "report", attempt, 60, 0) for attempt in range(8)]
    assert seconds[0] < seconds[1] < seconds[2] < seconds[3] < seconds[4] < seconds[5]
    assert all(60 <= each <= 75 for each in seconds[6:])


def test_runs_that_failed_together_do_not_try_again_together() -> None:
    assert len({pause(f"r{number}", "report", 3, 60, 0) for number in range(50)}) > 25


def total(patience: Patience) -> float:
    waits = range(patience.attempts - 1)
    return sum(pause(RUN, "report", attempt, patience.longest, 0) for attempt in waits)


def test_patience_lasts_as_long_as_it_says() -> None:
    assert total(BRIEF) < 5
    assert 5 * 60 < total(SOME) < 10 * 60
    assert 6 * 86_400 < total(UNTIL_TOLD) < 10 * 86_400
