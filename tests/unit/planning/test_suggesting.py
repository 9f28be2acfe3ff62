"""What the published values suggest, and what is odd about a declared bound."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.spec.reading import good

from reprise.domain.bounds import half_unit
from reprise.domain.planned import plan_claim
from reprise.domain.planned_text import render_claim, render_suggestion
from reprise.domain.planning import Design, power
from reprise.domain.spec.model import Better, Claim, Distribution, FileMetric, Published, PublishedKind, Side
from reprise.domain.statistics import Sample
from reprise.domain.suggesting import (
    accuracy_error,
    remarks,
    rounded_up,
    suggest,
    tolerance_factor,
)


def claim(value: str, n_eval: int | None = None, kind: PublishedKind = PublishedKind.MEAN) -> Claim:
    metric = FileMetric("metrics.json", "/accuracy", n_eval)
    return Claim("accuracy", None, metric, Published(value, kind, None), Distribution(1.0), None)


def test_factors_of_the_tolerance_interval_are_howes() -> None:
    found = {count: round(tolerance_factor(count), 2) for count in (3, 5, 10, 20, 30)}
    assert found == {3: 9.99, 5: 5.09, 10: 3.38, 20: 2.75, 30: 2.55}


def test_a_suggested_tolerance_holds_the_interval_and_a_suggested_margin_its_power() -> None:
    found = suggest(claim("0.9224"), Sample(0.9224, 0.0044, 60), trials=5, power=0.8)
    assert found is not None
    half = 2.33 * 0.0044
    assert (found.low, found.high) == pytest.approx((0.9224 - half, 0.9224 + half), abs=1e-4)
    assert found.tolerance == 0.011
    assert power(Design(5, 60), Distribution(found.margin / 0.0044)) >= 0.8


def test_values_without_scatter_suggest_nothing() -> None:
    assert suggest(claim("0.9"), Sample(0.9, 0.0, 5), trials=5, power=0.8) is None


@pytest.mark.parametrize(
    ("value", "n_eval", "error"),
    [("0.9224", 899, 0.0089), ("92.24", 899, 0.89), ("1", 100, 0.0), ("250", 100, None), ("0.9", None, None)],
)
def test_a_test_set_has_a_binomial_error(value: str, n_eval: int | None, error: float | None) -> None:
    assert accuracy_error(claim(value, n_eval)) == (None if error is None else pytest.approx(error, rel=0.01))


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (0.00004, ("less than half a unit of the last digit of 0.9324", "less than the standard error")),
        (0.002, ("less than the standard error of an accuracy on 10000 items",)),
        (0.005, ()),
        (0.01, ("more than three standard errors",)),
    ],
)
def test_a_bound_that_says_little_is_named(bound: float, words: tuple[str, ...]) -> None:
    found = tuple(remarks(claim("0.9324", 10000), bound))
    assert len(found) == len(words)
    assert all(word in remark for word, remark in zip(words, found, strict=True))


def test_the_digits_of_a_target_say_nothing() -> None:
    assert tuple(remarks(claim("0.9", kind=PublishedKind.TARGET), 0.01)) == ()
    assert half_unit(claim("0.9").published) == 0.05


@given(st.floats(1e-12, 1e12))
def test_a_suggestion_is_short_and_never_smaller(value: float) -> None:
    found = rounded_up(value)
    assert value <= found <= value * 1.11
    assert float(f"{found:.1e}") == found


@settings(max_examples=10)
@given(
    value=st.sampled_from(("0", "1e-290", "0.9", "-3", "1e290")),
    margin=st.floats(5e-324, 1e300),
    sd=st.floats(0, 1e150),
    m=st.integers(2, 10**6),
    n=st.integers(2, 1000),
    side=st.sampled_from(Side),
)
def test_whatever_a_spec_may_hold_can_be_planned(
    value: str, margin: float, sd: float, m: int, n: int, side: Side
) -> None:
    compare = Distribution(margin, side, Better.HIGHER)
    published = Published(value, PublishedKind.MEAN, None, sd=sd, m=m)
    one = replace(claim(value), published=published, compare=compare)
    spec = replace(good("version: 1\nrun: {command: [x]}\n"), n=n, claims=(one,))
    plan = plan_claim(spec, one, None)
    assert render_claim(plan)
    assert plan.spread is not None
    assert render_suggestion(one, suggest(one, plan.spread, trials=n, power=0.8))
