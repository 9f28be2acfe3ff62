from itertools import pairwise

import pytest

from reprise.adapters.mlflow.supervision import (
    MAX_DELAY_SECONDS,
    SILENT_SECONDS,
    STABLE_SECONDS,
    START_SECONDS,
    Action,
    Watch,
    decide,
)


def test_a_server_that_answers_is_left_alone() -> None:
    watch, action = decide(Watch(0.0), alive=True, healthy=True, now=5.0)
    assert (watch.healthy_at, action) == (5.0, Action.WAIT)


def test_a_dead_server_is_started_at_once() -> None:
    assert decide(Watch(0.0, healthy_at=9.0), alive=False, healthy=False, now=10.0)[1] is Action.START


def test_one_that_dies_again_and_again_is_started_ever_more_seldom() -> None:
    watch, starts = Watch(0.0), []
    for second in range(600):
        watch, action = decide(watch, alive=False, healthy=False, now=float(second))
        if action is Action.START:
            starts.append(second)
    delays = [later - earlier for earlier, later in pairwise(starts)]
    assert delays[:5] == [2, 4, 8, 16, 32]
    assert set(delays[5:]) == {MAX_DELAY_SECONDS}


@pytest.mark.parametrize(
    ("watch", "patience"),
    [(Watch(0.0), START_SECONDS), (Watch(0.0, healthy_at=100.0), 100.0 + SILENT_SECONDS)],
)
def test_a_silent_one_gets_its_time_and_is_then_replaced(watch: Watch, patience: float) -> None:
    assert decide(watch, alive=True, healthy=False, now=patience - 1)[1] is Action.WAIT
    assert decide(watch, alive=True, healthy=False, now=patience)[1] is Action.START


def test_good_health_makes_earlier_failures_forgotten() -> None:
    watch = Watch(100.0, failures=5, not_before=160.0)
    early, _ = decide(watch, alive=True, healthy=True, now=100.0 + STABLE_SECONDS - 1)
    late, _ = decide(watch, alive=True, healthy=True, now=100.0 + STABLE_SECONDS)
    assert (early.failures, late.failures) == (5, 0)
