"""The chances of each verdict, against simulations that others made and against what must be true of any."""

import pytest
from bench.calibration import EXPECTED_POWER
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.domain.planning import (
    Design,
    chances,
    in_units,
    margin_for,
    per_side_for,
    power,
    sd_interval,
    trials_for,
)
from reprise.domain.spec.model import Better, Distribution, Side
from reprise.domain.statistics import Sample

SAMPLE, DRAW = EXPECTED_POWER.values()
TABLE_ERROR = 0.011
"""Of a simulation with 20,000 draws that is written with two digits."""


@pytest.mark.parametrize("n", SAMPLE)
def test_as_many_published_values_as_trials_have_the_power_of_the_table(n: int) -> None:
    found = [power(Design(n, n), Distribution(margin)) for margin in (1, 1.5, 2, 3)]
    assert found == pytest.approx(SAMPLE[n], abs=TABLE_ERROR)


@pytest.mark.parametrize("n", DRAW)
def test_one_published_number_has_the_power_of_the_table(n: int) -> None:
    found = [power(Design(n, 1), Distribution(margin)) for margin in (2, 3, 4, 6)]
    assert found == pytest.approx(DRAW[n], abs=TABLE_ERROR)


def test_the_runs_per_side_for_four_in_five() -> None:
    margins = {0.75: 32, 1: 18, 1.25: 12, 1.5: 9, 2: 6, 2.5: 4, 3: 4}
    assert {margin: per_side_for(0.8, Distribution(margin)) for margin in margins} == margins


def test_a_shift_of_two_margins_is_detected_by_five_trials() -> None:
    found = chances(Design(5, 5), Distribution(2), shift=4)
    assert found.not_reproduced == pytest.approx(0.88, abs=0.01)
    assert found.reproduced < 0.001


@pytest.mark.parametrize("m", [0, 1])
@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_exact_intervals_err_with_exactly_alpha_at_the_margin(n: int, m: int) -> None:
    found = chances(Design(n, m), Distribution(100.0), shift=100.0)
    assert found.reproduced == pytest.approx(0.05, abs=0.001)
    assert found.not_reproduced == pytest.approx(0.05, abs=0.001)
    shared = chances(Design(n, m), Distribution(100.0), shift=100.0, tests=5)
    assert shared.not_reproduced == pytest.approx(0.01, abs=0.001)


@settings(max_examples=20)
@given(
    n=st.integers(2, 12),
    m=st.integers(0, 6),
    margin=st.floats(0.01, 10),
    shift=st.floats(-20, 20),
    better=st.sampled_from(Better),
)
def test_chances_are_chances_and_one_side_accepts_more(
    n: int, m: int, margin: float, shift: float, better: Better
) -> None:
    both = chances(Design(n, m), Distribution(margin), shift=shift)
    parts = (both.reproduced, both.inconclusive, both.not_reproduced)
    assert all(-1e-12 <= part <= 1 + 1e-12 for part in parts)
    assert sum(parts) == pytest.approx(1)
    one = chances(Design(n, m), Distribution(margin, Side.NO_WORSE, better), shift=shift)
    assert one.reproduced >= both.reproduced - 1e-9
    assert one.not_reproduced <= both.not_reproduced + 1e-9


def test_more_trials_cannot_make_up_for_few_published_values() -> None:
    assert trials_for(0.8, Distribution(3.0), m=5) == 3
    assert trials_for(0.8, Distribution(1.5), m=5) is None
    assert trials_for(0.8, Distribution(3.0), m=1) == 49
    assert per_side_for(0.8, Distribution(1.5)) == 9


def test_the_smallest_margin_has_just_the_power_that_was_asked_for() -> None:
    margin = margin_for(0.8, Design(5, 5), Distribution(1.0))
    assert margin is not None
    assert power(Design(5, 5), Distribution(margin)) == pytest.approx(0.8, abs=0.001)


def test_a_margin_in_units_keeps_its_side() -> None:
    compare = Distribution(0.005, Side.NO_WORSE, Better.LOWER)
    assert in_units(compare, 0.0025) == Distribution(2.0, Side.NO_WORSE, Better.LOWER)


def test_few_values_leave_the_scatter_uncertain() -> None:
    assert sd_interval(Sample(0, 1, 5)) == pytest.approx((0.599, 2.874), abs=0.001)
