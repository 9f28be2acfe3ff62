"""One claim against the values of the trials, and the words it is told in."""

from collections.abc import Sequence

import pytest
from tests.unit.verdict.build import claim, series, tolerance, trial

from reprise.domain import figures
from reprise.domain.claims import Setting, judge_claim, worst_first
from reprise.domain.run import Level, Reason, Value, Verdict
from reprise.domain.spec.model import Better, Claim, PublishedKind, Side, Tolerance

YES, NO, UNKNOWN = True, False, None
REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("what", "value", "repeats", "verdict", "level"),
    [
        (claim("0.97"), 0.9689, UNKNOWN, REPRODUCED, Level.B),
        (claim("0.97"), 0.9689, NO, REPRODUCED, Level.B),
        (claim("0.97"), 0.95, YES, NOT_REPRODUCED, None),
        (claim("0.97"), 0.95, NO, INCONCLUSIVE, None),
        (claim("0.97"), 0.95, UNKNOWN, INCONCLUSIVE, None),
        (claim("147"), 147, YES, REPRODUCED, Level.B),
        (claim("147"), 147.0, YES, REPRODUCED, Level.B),
        (claim("147"), 148, YES, NOT_REPRODUCED, None),
        (claim("setosa"), "setosa", YES, REPRODUCED, Level.B),
        (claim("setosa"), "virginica", YES, NOT_REPRODUCED, None),
        (claim("setosa"), "Setosa", NO, INCONCLUSIVE, None),
        (claim("0.97", kind=PublishedKind.BEST_OF), 0.97, YES, INCONCLUSIVE, None),
        (claim("0.97", kind=PublishedKind.MEAN), 0.97, YES, REPRODUCED, Level.B),
    ],
)
def test_exact_is_judged_by_trial_zero_and_the_probe(
    what: Claim, value: Value, repeats: bool | None, verdict: Verdict, level: Level | None
) -> None:
    judged = judge_claim(what, [trial(value)], Setting(repeats))
    assert (judged.verdict, judged.level, judged.got) == (verdict, level, value)


def test_exact_does_not_look_at_further_trials() -> None:
    judged = judge_claim(claim("0.97"), series(0.97, 0.5, 0.4), Setting(True))
    assert (judged.verdict, judged.got) == (REPRODUCED, 0.97)


@pytest.mark.parametrize(
    ("values", "repeats", "verdict", "level", "got"),
    [
        ([0.97], YES, REPRODUCED, Level.B, 0.97),
        ([0.962], YES, REPRODUCED, Level.C, 0.962),
        ([0.962], UNKNOWN, REPRODUCED, Level.C, 0.962),
        ([0.962], NO, INCONCLUSIVE, None, 0.962),
        ([0.962, 0.971], NO, INCONCLUSIVE, None, 0.962),
        ([0.962, 0.971, 0.975], NO, REPRODUCED, Level.C, 0.962),
        ([0.97, 0.971, 0.972], NO, REPRODUCED, Level.B, 0.972),
        ([0.95], YES, NOT_REPRODUCED, None, 0.95),
        ([0.95], UNKNOWN, INCONCLUSIVE, None, 0.95),
        ([0.95], NO, INCONCLUSIVE, None, 0.95),
        ([0.95, 0.94, 0.93], NO, NOT_REPRODUCED, None, 0.93),
        ([0.95, 0.94, 0.93], UNKNOWN, NOT_REPRODUCED, None, 0.93),
        ([0.95, 0.97, 0.93], NO, INCONCLUSIVE, None, 0.93),
        ([0.95, 0.97], YES, INCONCLUSIVE, None, 0.95),
        ([0.95, 0.99, 0.94], YES, INCONCLUSIVE, None, 0.94),
    ],
)
def test_tolerance_counts_every_value(
    values: Sequence[float], repeats: bool | None, verdict: Verdict, level: Level | None, got: float
) -> None:
    judged = judge_claim(claim("0.97", tolerance(0.01)), series(*values), Setting(repeats))
    assert (judged.verdict, judged.level, judged.got) == (verdict, level, got)


@pytest.mark.parametrize(
    ("compare", "low", "high"),
    [
        (tolerance(0.02), 0.95, 0.99),
        (tolerance(0, 0.1), 0.873, 1.067),
        (tolerance(0.02, 0.1), 0.873, 1.067),
        (tolerance(0.001), 0.965, 0.975),
        (None, 0.965, 0.975),
    ],
)
def test_the_bar_is_the_wider_of_tolerance_and_printed_digits(
    compare: object, low: float, high: float
) -> None:
    what = claim("0.97", compare)  # type: ignore[arg-type]
    bar = judge_claim(what, [trial(0.97)], Setting(True)).bar
    assert (bar.low, bar.high) == (low, high)


def test_only_valid_trials_give_values() -> None:
    trials = [trial(0.97), trial(0.5, index=1, reason=Reason.TIMED_OUT)]
    assert judge_claim(claim("0.97", tolerance(0.01)), trials, Setting(True)).got == 0.97


def test_a_claim_without_a_value_says_why() -> None:
    judged = judge_claim(
        claim(), [trial(reason=Reason.METRIC_MISSING, problems={"accuracy": "no file"})], Setting(None)
    )
    assert (judged.verdict, judged.message) == (Verdict.NOT_RUN, "no file")


@pytest.mark.parametrize(("published", "got"), [("98.9", 0.98876), ("0.989", 98.876), ("97", 0.9689)])
def test_a_factor_of_hundred_is_named(published: str, got: float) -> None:
    message = judge_claim(claim(published), [trial(got)], Setting(True)).message
    assert "a factor of 100 apart: write both in the same unit" in message


@pytest.mark.parametrize(("published", "got"), [("0.97", 0.95), ("0", 100.0), ("1", 0), ("-98.9", 0.989)])
def test_other_differences_are_not_called_a_factor(published: str, got: float) -> None:
    assert "factor" not in judge_claim(claim(published), [trial(got)], Setting(True)).message


@pytest.mark.parametrize(
    ("published", "value", "got", "difference", "bar"),
    [
        ("0.97", 0.9688542825361512, "0.9689", "−0.0011", "±0.005"),
        ("98.9", 98.87640449438202, "98.876", "−0.024", "±0.05"),
        ("0.97", 0.97, "0.97", "0", "±0.005"),
        ("0.97", 0.97500000001, "0.97500000001", "+0.00500000001", "±0.005"),
        ("0.97", 1e-9, "1e-9", "−0.9700", "±0.005"),
        ("1.5e-3", 0.00151234567, "0.001512", "+0.000012", "±5e-05"),
        ("1.2e-12", 1.21e-12, "1.21e-12", "+1e-14", "±5e-14"),
        ("147", 147, "147", "0", "equal"),
        ("147", 150, "150", "+3", "equal"),
        ("setosa", "virginica", "virginica", "–", "equal"),
    ],
)
def test_numbers_show_what_decided(published: str, value: Value, got: str, difference: str, bar: str) -> None:
    judged = judge_claim(claim(published), [trial(value)], Setting(True))
    assert (figures.got(judged), figures.difference(judged), figures.bar(judged)) == (got, difference, bar)


def test_messages_name_both_numbers() -> None:
    def said(what: Claim, *values: Value, repeats: bool | None = True) -> str:
        return judge_claim(what, series(*values), Setting(repeats)).message

    assert said(claim("0.97"), 0.9688) == "got 0.9688, published 0.97: equal at the published precision"
    assert said(claim("0.97"), 0.97) == "got 0.97, published 0.97: equal"
    assert said(claim("0.97"), 0.95) == "got 0.95, published 0.97: off by −0.02, allowed ±0.005"
    assert said(claim("a"), "b") == "got b, published a: not equal"
    assert said(claim("0.97"), 0.95, repeats=False) == (
        "the job does not repeat itself, so declare a tolerance in compare; "
        "got 0.95, published 0.97: off by −0.02, allowed ±0.005"
    )
    assert said(claim("0.97", tolerance(0.02)), 0.96, 0.955) == (
        "got 0.955, published 0.97: within the declared tolerance (±0.02); the worst of 2 values"
    )


def test_the_worst_claim_comes_first() -> None:
    far, near, fine = (claim("0.97", id=name) for name in ("far", "near", "fine"))
    judged = [
        judge_claim(what, [trial(values={what.id: value})], Setting(True))
        for what, value in ((fine, 0.97), (near, 0.96), (far, 0.5))
    ]
    assert [each.id for each in worst_first(judged)] == ["far", "near", "fine"]


REACHED = Tolerance(0.01, 0.0, Side.NO_WORSE, Better.HIGHER)
KEPT_BELOW = Tolerance(0.0, 0.1, Side.NO_WORSE, Better.LOWER)


@pytest.mark.parametrize(
    ("compare", "values", "verdict", "level", "got", "bar"),
    [
        (REACHED, [0.5], REPRODUCED, Level.B, 0.5, "≥ 0.49"),
        (REACHED, [0.9], REPRODUCED, Level.C, 0.9, "≥ 0.49"),
        (REACHED, [0.491], REPRODUCED, Level.C, 0.491, "≥ 0.49"),
        (REACHED, [0.489], NOT_REPRODUCED, None, 0.489, "≥ 0.49"),
        (REACHED, [0.9, 0.495, 0.7], REPRODUCED, Level.C, 0.495, "≥ 0.49"),
        (REACHED, [0.9, 0.4, 0.7], INCONCLUSIVE, None, 0.4, "≥ 0.49"),
        (KEPT_BELOW, [0.1], REPRODUCED, Level.C, 0.1, "≤ 0.55"),
        (KEPT_BELOW, [0.6], NOT_REPRODUCED, None, 0.6, "≤ 0.55"),
    ],
)
def test_of_a_target_within_a_tolerance_only_the_worse_side_counts(
    compare: Tolerance, values: list[float], verdict: Verdict, level: Level | None, got: float, bar: str
) -> None:
    what = claim("0.500", compare, kind=PublishedKind.TARGET)
    judged = judge_claim(what, series(*values), Setting(YES))
    found = (judged.verdict, judged.level, judged.got, figures.bar(judged))
    assert found == (verdict, level, got, bar)
