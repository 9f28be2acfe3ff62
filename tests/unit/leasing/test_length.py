"""How long a lease is: the formula with its numbers, and its bounds."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.records import claim, spec

from reprise.domain.leasing.length import Length, lease_length
from reprise.domain.spec.model import Determinism, Exact, Spec, Tolerance

HOUR = timedelta(hours=1)
OVERHEAD = timedelta(minutes=30)


def wanting(duration: timedelta | None, *, timeout: timedelta = 24 * HOUR, **changed: object) -> Spec:
    made = spec(claim("accuracy"))
    return replace(
        made,
        resources=replace(made.resources, duration=duration),
        run=replace(made.run, timeout=timeout),
        **changed,  # type: ignore[arg-type] # any field may change
    )


def hours(made: Spec) -> float:
    return lease_length(made, overhead=OVERHEAD).lease / HOUR


def test_one_trial_and_its_probe() -> None:
    assert hours(wanting(HOUR)) == 0.5 + 2 * 1.25


def test_without_a_probe_one_execution_is_kept() -> None:
    assert hours(wanting(HOUR, determinism=Determinism(None, self_repeat=False))) == 0.5 + 1.25


def test_a_tolerance_may_need_three_trials() -> None:
    tolerant = replace(claim("accuracy"), compare=Tolerance(0.1, 0))
    assert hours(replace(wanting(HOUR), claims=(tolerant,))) == 0.5 + 4 * 1.25
    assert hours(replace(wanting(HOUR, n=5), claims=(tolerant,))) == 0.5 + 6 * 1.25
    assert hours(replace(wanting(HOUR, n=5), claims=(replace(tolerant, compare=Exact()),))) == 0.5 + 6 * 1.25


def test_nothing_is_kept_beyond_the_timeout() -> None:
    assert hours(wanting(HOUR, timeout=HOUR)) == 0.5 + 2


def test_without_a_duration_the_timeout_counts() -> None:
    assert hours(wanting(None, timeout=2 * HOUR)) == 0.5 + 4


def test_minutes_are_whole() -> None:
    lease = lease_length(wanting(timedelta(seconds=61)), overhead=timedelta(seconds=1)).lease
    assert lease == timedelta(minutes=3)


@pytest.mark.parametrize("duration", [3 * 24 * HOUR, 20 * 24 * HOUR])
def test_a_lease_is_never_longer_than_a_week(duration: timedelta) -> None:
    found = lease_length(wanting(duration, timeout=30 * 24 * HOUR), overhead=OVERHEAD)
    week = timedelta(days=7)
    assert found == Length(week, OVERHEAD + 2 * duration * 1.25 - week)
