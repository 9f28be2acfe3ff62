"""The decision against another implementation of the test, and what must not change it."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import ttost_ind
from tests.unit.verdict.build import claim, series, spec

from reprise.domain.claims import LEVEL_TEXT
from reprise.domain.equivalence import decide, p_value
from reprise.domain.run import ClaimJudgement, Estimate, Level, Verdict
from reprise.domain.spec.model import Better, Distribution, PublishedKind, Side
from reprise.domain.statistics import (
    ALPHA,
    Sample,
    against_draw,
    against_sample,
    against_target,
    prediction_interval,
    sample,
)
from reprise.domain.verdict import judge

BATCH = 40

counts = st.integers(2, 20)
spreads = st.floats(0.01, 100)
margins = st.floats(0.05, 5)
shifts = st.floats(-6, 6)
grid = st.integers(-512, 512).map(lambda number: number / 64)
"""Sums, halves and doubles of these are exact."""
columns = st.lists(grid, min_size=2, max_size=12)


def judged(
    values: Sequence[float],
    per_seed: Sequence[float],
    compare: Distribution,
    kind: PublishedKind = PublishedKind.MEAN,
) -> ClaimJudgement:
    published = sample(per_seed)
    what = claim(repr(published.mean), compare, kind=kind, per_seed="seeds.json")
    found = judge(spec(what, n=len(values)), series(*values), published={"accuracy": published})
    return found.claims[0]


@settings(max_examples=80)
@given(st.integers(0, 2**32 - 1), counts, counts, spreads, margins, shifts)
def test_another_implementation_gives_the_same_p_value_and_verdict(
    seed: int, n: int, m: int, spread: float, margin: float, shift: float
) -> None:
    """3200 pairs of samples, each with the p-value of Welch's two one-sided tests by statsmodels."""
    random_numbers = np.random.default_rng(seed)
    new = random_numbers.normal(shift * margin / 2, 1, (n, BATCH))
    old = random_numbers.normal(0, spread, (m, BATCH))
    expected, *_ = ttost_ind(new, old, -margin, margin, usevar="unequal")
    compare = Distribution(margin)
    for column in range(BATCH):
        found = against_sample(sample(new[:, column].tolist()), sample(old[:, column].tolist()))
        p = p_value(compare, found)
        assert math.isclose(p, expected[column], rel_tol=1e-9, abs_tol=1e-12)
        assert (decide(compare, found, found) is Verdict.REPRODUCED) is bool(expected[column] <= ALPHA)
    one = judged(new[:, 0].tolist(), old[:, 0].tolist(), compare)
    assert (one.verdict is Verdict.REPRODUCED) is bool(expected[0] <= ALPHA)


@given(columns, columns, margins, st.floats(0.001, 0.2))
def test_the_interval_lies_inside_exactly_when_the_p_value_is_below_alpha(
    values: list[float], published: list[float], margin: float, alpha: float
) -> None:
    compare = Distribution(margin)
    found = against_sample(sample(values), sample(published), alpha)
    p = p_value(compare, found)
    inside = -margin < found.low and found.high < margin
    assert inside is (p <= alpha) or p == pytest.approx(alpha, rel=1e-6)


@settings(max_examples=40)
@given(columns, columns, margins, st.randoms(use_true_random=False))
def test_the_order_of_values_does_not_matter(
    values: list[float], published: list[float], margin: float, shuffler: random.Random
) -> None:
    compare = Distribution(margin)
    before = judged(values, published, compare)
    assert judged(shuffled(values, shuffler), shuffled(published, shuffler), compare) == before


def shuffled(values: list[float], shuffler: random.Random) -> list[float]:
    return shuffler.sample(values, len(values))


@given(columns, columns, margins, st.integers(-20, 20))
def test_another_unit_does_not_matter(
    values: list[float], published: list[float], margin: float, exponent: int
) -> None:
    """By a power of two, so that no digit is lost."""
    unit = 2.0**exponent
    verdict, before = decided(values, published, Distribution(margin))
    scaled = [value * unit for value in values], [value * unit for value in published]
    same, after = decided(*scaled, Distribution(margin * unit))
    assert same is verdict
    assert numbers(after) == pytest.approx([number * unit for number in numbers(before)], abs=0)


@given(columns, columns, margins, st.integers(-1000, 1000))
def test_where_zero_is_does_not_matter(
    values: list[float], published: list[float], margin: float, shift: int
) -> None:
    verdict, before = decided(values, published, Distribution(margin))
    shifted = [value + shift for value in values], [value + shift for value in published]
    same, after = decided(*shifted, Distribution(margin))
    assert numbers(after) == pytest.approx(numbers(before), rel=1e-9, abs=1e-9)
    on_the_edge = any(abs(abs(end) - margin) < 1e-6 for end in (before.low, before.high))
    assert same is verdict or on_the_edge


@given(columns, columns, margins)
def test_with_the_sign_the_better_side_turns(
    values: list[float], published: list[float], margin: float
) -> None:
    turned = [-value for value in values], [-value for value in published]
    for side in Side:
        higher, _ = decided(values, published, Distribution(margin, side, Better.HIGHER))
        lower, _ = decided(*turned, Distribution(margin, side, Better.LOWER))
        assert lower is higher


@given(columns, columns, margins, st.floats(1, 10))
def test_a_wider_margin_never_takes_an_equivalence_back(
    values: list[float], published: list[float], margin: float, wider: float
) -> None:
    narrow, _ = decided(values, published, Distribution(margin))
    wide, _ = decided(values, published, Distribution(margin * wider))
    assert narrow is not Verdict.REPRODUCED or wide is Verdict.REPRODUCED
    assert wide is not Verdict.NOT_REPRODUCED or narrow is Verdict.NOT_REPRODUCED


@given(columns, columns, margins)
def test_what_is_equivalent_is_no_worse_on_either_side(
    values: list[float], published: list[float], margin: float
) -> None:
    both, _ = decided(values, published, Distribution(margin))
    one = [decided(values, published, Distribution(margin, Side.NO_WORSE, better))[0] for better in Better]
    assert (both is Verdict.REPRODUCED) is all(each is Verdict.REPRODUCED for each in one)
    assert (both is Verdict.NOT_REPRODUCED) is any(each is Verdict.NOT_REPRODUCED for each in one)


def decided(
    values: Sequence[float], published: Sequence[float], compare: Distribution
) -> tuple[Verdict, Estimate]:
    found = against_sample(sample(values), sample(published))
    return decide(compare, found, found), found


@given(columns, grid)
def test_a_draw_is_less_sure_than_a_target_and_a_sample_of_many_is_nearly_one(
    values: list[float], published: float
) -> None:
    new = sample(values)
    draw, target = against_draw(new, published), against_target(new, published)
    assert draw.low <= target.low <= target.high <= draw.high
    many = against_sample(new, Sample(published, new.sd, 10**9))
    assert numbers(many) == pytest.approx(numbers(target), rel=1e-3, abs=1e-9)


@given(st.lists(st.floats(-1e150, 1e150), min_size=2, max_size=50))
def test_every_sample_of_usable_numbers_has_a_finite_mean_and_scatter(values: list[float]) -> None:
    found = sample(values)
    assert min(values) <= found.mean <= max(values)
    assert 0 <= found.sd <= 2e150
    assert (found.sd == 0) is (min(values) == max(values)) or found.sd < 1e-300


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=9))
def test_no_sample_of_finite_numbers_breaks_the_calculation(values: list[float]) -> None:
    low, high = prediction_interval(sample(values))
    assert low <= high


@given(st.floats(-1e6, 1e6), st.integers(2, 9))
def test_equal_values_have_no_scatter(value: float, count: int) -> None:
    assert sample([value] * count) == Sample(value, 0, count)


def numbers(estimate: Estimate) -> list[float]:
    return [estimate.difference, estimate.standard_error, estimate.low, estimate.high]


def test_every_level_has_its_words() -> None:
    assert set(LEVEL_TEXT) == set(Level)


def test_sharing_alpha_never_makes_a_failure() -> None:
    found = against_target(Sample(1.0, 0.5, 5), 0.0)
    shared = replace(found, low=found.low - 1, high=found.high + 1)
    compare = Distribution(0.3)
    assert decide(compare, found, found) is Verdict.NOT_REPRODUCED
    assert decide(compare, found, shared) is Verdict.INCONCLUSIVE
