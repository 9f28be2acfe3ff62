"""Mode distribution through the whole judge: the golden vectors, every special case, and the sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from tests.unit.verdict.build import DIGEST, OTHER_DIGEST, claim, failed, series, spec, tolerance, trial

from reprise.domain import figures
from reprise.domain.claims import worst_first
from reprise.domain.rules import CURRENT_RULES, RULES
from reprise.domain.run import Bar, ClaimJudgement, Judgement, Level, TrialPlan, Verdict
from reprise.domain.spec.model import Artifact, Better, Claim, Control, Distribution, PublishedKind, Side
from reprise.domain.statistics import sample
from reprise.domain.verdict import judge

A = (0.9210, 0.9199, 0.9244, 0.9221, 0.9288)
R = (0.9232, 0.9177, 0.9255, 0.9210, 0.9266)
WORSE = (0.8998, 0.9021, 0.8954, 0.9010, 0.9032)
REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.INCONCLUSIVE
HIGHER = Distribution(0.01, Side.NO_WORSE, Better.HIGHER)
LOWER = Distribution(0.01, Side.NO_WORSE, Better.LOWER)
INTERVAL = (-0.000440, 0.002246, 7.998, -0.004616, 0.003736)


def judged(
    values: Sequence[float],
    published: str = "0.9232",
    per_seed: Sequence[float] | None = None,
    compare: Distribution = Distribution(0.01),
    *,
    kind: PublishedKind = PublishedKind.SINGLE,
    artifacts: Iterable[Artifact] = (),
) -> Judgement:
    path = None if per_seed is None else "seeds.json"
    what = spec(claim(published, compare, kind=kind, per_seed=path), n=len(values), artifacts=artifacts)
    results = series(*values)
    results[0] = replace(results[0], artifacts={"model.bin": DIGEST})
    return judge(what, results, published={"accuracy": sample(per_seed)} if per_seed else {})


def only(judgement: Judgement) -> ClaimJudgement:
    (one,) = judgement.claims
    return one


@pytest.mark.parametrize(
    ("found", "verdict", "numbers", "sentence"),
    [
        (
            judged(R, per_seed=A),
            REPRODUCED,
            INTERVAL,
            "mean 0.9228 of 5 trials, published 0.9232 of 5 seeds: equivalent, "
            "difference −0.004616 to +0.003736 (90 % interval), allowed ±0.01",
        ),
        (
            judged(R, per_seed=A, compare=Distribution(0.004)),
            INCONCLUSIVE,
            INTERVAL,
            "11 trials would settle it at this difference and scatter; "
            "mean 0.9228 of 5 trials, published 0.9232 of 5 seeds, "
            "difference −0.004616 to +0.003736 (90 % interval), allowed ±0.004",
        ),
        (
            judged(WORSE, per_seed=A),
            NOT_REPRODUCED,
            (-0.022940, 0.002075, 7.813, -0.026811, -0.019069),
            "mean 0.9003 of 5 trials, published 0.9232 of 5 seeds: not equivalent, "
            "difference −0.026811 to −0.019069 (90 % interval), allowed ±0.01",
        ),
        (
            judged(R, "0.9321"),
            INCONCLUSIVE,
            (-0.009300, 0.003917, 4, -0.017650, -0.000950),
            "no number of trials would settle it, because one published run is too few: "
            "143 published seeds and as many trials would; mean 0.9228 of 5 trials, published 0.9321, "
            "difference −0.017650 to −0.000950 (90 % interval), allowed ±0.01",
        ),
        (
            judged(R, "0.9450"),
            NOT_REPRODUCED,
            (-0.022200, 0.003917, 4, -0.030550, -0.013850),
            "mean 0.9228 of 5 trials, published 0.9450: not equivalent, "
            "difference −0.030550 to −0.013850 (90 % interval), allowed ±0.01",
        ),
    ],
    ids=["V1", "V2", "V3", "V4", "V5"],
)
def test_golden_vectors_hold_to_the_printed_digits(
    found: Judgement, verdict: Verdict, numbers: tuple[float, ...], sentence: str
) -> None:
    one = only(found)
    level = Level.D if verdict is REPRODUCED else None
    assert (found.verdict, found.level, one.verdict, one.level) == (verdict, level, verdict, level)
    assert one.estimate is not None
    shown = (
        round(one.estimate.difference, 6),
        round(one.estimate.standard_error, 6),
        round(one.estimate.degrees_of_freedom, 3),
        round(one.estimate.low, 6),
        round(one.estimate.high, 6),
    )
    assert (shown, one.message) == (numbers, sentence)


@pytest.mark.parametrize(("margin", "p_value"), [(0.010, 0.001387), (0.004, 0.075796)])
def test_the_p_value_is_told(margin: float, p_value: float) -> None:
    estimate = only(judged(R, per_seed=A, compare=Distribution(margin))).estimate
    assert estimate is not None
    assert estimate.p_value is not None
    assert round(estimate.p_value, 6) == p_value


def test_got_is_the_mean_and_the_bar_stands_around_the_published_value() -> None:
    one = only(judged(R, per_seed=A))
    assert one.got == pytest.approx(0.9228)
    assert one.difference == pytest.approx(-0.0004)
    assert (one.bar.mode, figures.bar(one)) == ("distribution", "±0.01")
    assert [one.bar.low, one.bar.high] == pytest.approx([0.9132, 0.9332])


def test_the_expected_interval_holds_the_published_draw_or_not() -> None:
    for published, inside in (("0.9321", True), ("0.9450", False)):
        estimate = only(judged(R, published)).estimate
        assert estimate is not None
        assert estimate.expected is not None
        low, high = estimate.expected
        assert (round(low, 4), round(high, 4)) == (0.9119, 0.9337)
        assert (low <= float(published) <= high) is inside


def test_a_published_spread_is_judged_like_the_seeds_that_it_sums_up() -> None:
    summed = sample(A)
    per_seed = only(judged(R, "0.92324", per_seed=A))
    spread = claim("0.92324", Distribution(0.01), sd=summed.sd, m=5)
    by_spread = only(judge(spec(spread, n=5), series(*R)))
    assert (by_spread.verdict, by_spread.message) == (per_seed.verdict, per_seed.message)


def test_one_published_seed_is_one_draw() -> None:
    estimate = only(judged(R, "0.9232", per_seed=(0.9232,))).estimate
    assert estimate is not None
    assert (estimate.m, estimate.degrees_of_freedom) == (1, 4)


def test_a_mean_without_its_spread_is_one_draw_and_said_so() -> None:
    found = judged(R, "0.9232", kind=PublishedKind.MEAN)
    estimate = only(found).estimate
    assert estimate is not None
    assert estimate.m == 1
    assert (
        "Published as a mean without its spread, which is judged like a single run's value: accuracy. "
        "Add per_seed, or sd and m."
    ) in found.notes


def test_published_seeds_that_were_not_handed_over_are_no_draw() -> None:
    what = spec(claim("0.9232", Distribution(0.01), per_seed="seeds.json"), n=5)
    one = only(judge(what, series(*R)))
    assert (one.verdict, one.estimate) == (INCONCLUSIVE, None)
    assert one.message.startswith("the published values in seeds.json cannot be used")


@pytest.mark.parametrize(
    ("values", "compare", "verdict", "bar"),
    [
        (R, HIGHER, NOT_REPRODUCED, "≥ 0.94"),
        ([value + 0.1 for value in R], HIGHER, REPRODUCED, "≥ 0.94"),
        ([value + 0.1 for value in R], LOWER, NOT_REPRODUCED, "≤ 0.96"),
        (R, LOWER, REPRODUCED, "≤ 0.96"),
        ([value + 0.018 for value in R], HIGHER, INCONCLUSIVE, "≥ 0.94"),
        (R, Distribution(0.04), REPRODUCED, "±0.04"),
        ([value + 0.1 for value in R], Distribution(0.04), NOT_REPRODUCED, "±0.04"),
    ],
)
def test_a_target_has_no_scatter_and_may_count_on_one_side_only(
    values: Sequence[float], compare: Distribution, verdict: Verdict, bar: str
) -> None:
    one = only(judged(values, "0.95", compare=compare, kind=PublishedKind.TARGET))
    assert (one.verdict, figures.bar(one)) == (verdict, bar)
    assert one.estimate is not None
    assert one.estimate.m == 0


def test_a_target_too_near_to_the_edge_asks_for_trials_only() -> None:
    values = [value + 0.018 for value in R]
    one = only(judged(values, "0.95", compare=HIGHER, kind=PublishedKind.TARGET))
    assert one.estimate is not None
    assert (one.estimate.trials_needed, one.estimate.seeds_needed) == (56, None)
    assert one.message.startswith("56 trials would settle it")


def test_the_best_of_several_is_never_a_typical_draw() -> None:
    one = only(judged(R, "0.9228", kind=PublishedKind.BEST_OF))
    assert (one.verdict, one.estimate) == (INCONCLUSIVE, None)


@pytest.mark.parametrize(
    ("value", "published", "verdict"),
    [
        (0.93, "0.9232", REPRODUCED),
        (0.94, "0.9232", NOT_REPRODUCED),
        (0.975, "0.965", INCONCLUSIVE),
        (1000000.01, "1000000.00", INCONCLUSIVE),
    ],
)
def test_values_without_scatter_are_decided_directly(value: float, published: str, verdict: Verdict) -> None:
    one = only(judged([value] * 5, published))
    assert (one.verdict, one.got) == (verdict, value)
    assert one.estimate is not None
    assert (one.estimate.standard_error, one.estimate.trials_needed) == (0, None)
    edge = "the difference is the margin itself, which no number of trials would settle"
    assert one.message.startswith(edge) is (verdict is INCONCLUSIVE)


def test_no_scatter_here_still_leaves_that_of_the_published_seeds() -> None:
    estimate = only(judged([0.9232] * 5, per_seed=A)).estimate
    assert estimate is not None
    assert (estimate.degrees_of_freedom, estimate.standard_error > 0) == (4, True)


def test_one_value_is_too_few() -> None:
    what = spec(claim("0.9232", Distribution(0.01)), n=2, allow_failed=1)
    found = judge(what, [trial(0.92), failed(1)])
    assert (found.verdict, only(found).estimate) == (INCONCLUSIVE, None)
    assert "needs the values of 2 trials" in found.message


def test_failed_trials_are_left_out_as_far_as_they_are_allowed() -> None:
    results = [*series(*R), failed(5)]
    one = claim("0.9232", Distribution(0.02))
    allowed = judge(spec(one, n=6, allow_failed=1), results)
    assert (allowed.verdict, allowed.level) == (REPRODUCED, Level.D)
    assert "1 of 6 trials failed, as runs.allow_failed permits." in allowed.notes
    refused = judge(spec(one, n=6), results)
    assert (refused.verdict, refused.level) == (INCONCLUSIVE, None)
    assert refused.message.startswith("trial 5 of 6 failed and runs.allow_failed is 0")


def test_numbers_too_large_to_be_squared_are_no_answer() -> None:
    assert only(judged((1e200, 2e200), "1e200")).message.startswith("such large numbers cannot be squared")


def test_a_factor_of_hundred_is_named() -> None:
    message = only(judged([value * 100 for value in R])).message
    assert message.endswith("they are a factor of 100 apart: write both in the same unit")


def several(count: int, *, shift: float) -> Judgement:
    """As many claims on the same values, against a number that is too high."""
    published = f"{0.9228 + shift:.4f}"
    claims: list[Claim] = [claim(published, Distribution(0.01), id=f"c{index}") for index in range(count)]
    claims += [claim("0.97", tolerance(0.5), id="other"), claim("1", id="best", kind=PublishedKind.BEST_OF)]
    results = [
        trial(values={each.id: value for each in claims}, index=index) for index, value in enumerate(R)
    ]
    return judge(spec(*claims, n=5), results)


def test_many_distributions_share_the_risk_of_a_false_not_reproduced() -> None:
    """Alone the interval ends at −0.0119, with ten claims at −0.0028."""
    alone, ten = (several(count, shift=0.0202).claims[0] for count in (1, 10))
    assert (alone.verdict, ten.verdict) == (NOT_REPRODUCED, INCONCLUSIVE)
    assert alone.estimate is not None
    assert ten.estimate is not None
    assert (ten.estimate.low, ten.estimate.high) == (alone.estimate.low, alone.estimate.high)
    far = several(10, shift=0.1).claims[0]
    assert "(99 % interval, 10 claims share the risk)" in far.message


def artifact(*, digest: str = DIGEST) -> Artifact:
    return Artifact("model.bin", digest, required=False)


@pytest.mark.parametrize(
    ("values", "digest", "verdict", "level"),
    [
        (R, DIGEST, REPRODUCED, Level.A),
        (R, OTHER_DIGEST, REPRODUCED, Level.D),
        ((0.9232, 0.95, 0.90), DIGEST, REPRODUCED, Level.A),
        ((0.9232, 0.95, 0.90), OTHER_DIGEST, INCONCLUSIVE, None),
        (WORSE, DIGEST, NOT_REPRODUCED, None),
    ],
)
def test_a_distribution_is_judged_by_d_or_a(
    values: Sequence[float], digest: str, verdict: Verdict, level: Level | None
) -> None:
    """Identical artifacts settle what the interval leaves open; they never rescue a miss."""
    found = judged(values, per_seed=A, artifacts=[artifact(digest=digest)])
    assert (found.verdict, found.level) == (verdict, level)
    said = "The artifacts are identical; the values alone would not tell: accuracy."
    assert (said in found.notes) is (level is Level.A and values is not R)


def test_identical_artifacts_do_not_rescue_what_its_control_reaches_as_well() -> None:
    what = replace(claim("0.9232", Distribution(0.01)), control=Control(("--shuffle",)))
    shown = spec(what, n=3, artifacts=[artifact()])
    results = series(0.9232, 0.95, 0.90)
    results[0] = replace(results[0], artifacts={"model.bin": DIGEST})
    executed = replace(trial(0.9232, index=3), plan=TrialPlan(3, 0, probe=False, control=("--shuffle",)))
    assert judge(shown, results).verdict is REPRODUCED
    assert judge(shown, [*results, executed]).verdict is INCONCLUSIVE


def test_the_authors_own_seed_decides_nothing() -> None:
    found = judged((0.9232, *WORSE), "0.9232")
    assert "The author's own seed gives the published value: accuracy." in found.notes
    assert found.verdict is INCONCLUSIVE


@pytest.mark.parametrize("bar", [Bar("distribution", 0.9, None), Bar("distribution", None, 1.1)])
def test_an_open_bar_is_missed_on_its_closed_side_only(bar: Bar) -> None:
    def at(difference: float) -> ClaimJudgement:
        return ClaimJudgement(f"{difference}", INCONCLUSIVE, None, "1", 1 + difference, difference, bar, "")

    worse = -1 if bar.low is not None else 1
    order = [each.id for each in worst_first([at(-worse * 0.5), at(worse * 0.01), at(worse * 0.3)])]
    assert order == [f"{worse * 0.3}", f"{worse * 0.01}", f"{-worse * 0.5}"]


def test_older_evidence_is_judged_by_its_own_rules() -> None:
    """A looser set would let this one pass, and the judgement says which set it was."""
    assert set(RULES) == set(range(1, CURRENT_RULES.version + 1))
    assert all(rules.version == version for version, rules in RULES.items())
    looser = replace(CURRENT_RULES, version=2, alpha=0.1)
    what = spec(claim("0.9232", Distribution(0.004), per_seed="seeds.json"), n=5)
    published = {"accuracy": sample(A)}
    now = judge(what, series(*R), published=published)
    then = judge(what, series(*R), published=published, rules=looser)
    assert (now.verdict, now.rules) == (INCONCLUSIVE, 1)
    assert (then.verdict, then.rules) == (REPRODUCED, 2)


def test_the_number_of_values_that_a_job_without_repeat_needs_is_a_rule_too() -> None:
    what = spec(claim("0.97", tolerance(0.01)), n=3)
    results = series(0.97, 0.971, 0.969, probe=0.972)
    stricter = replace(CURRENT_RULES, version=2, unrepeatable=4)
    assert judge(what, results).verdict is REPRODUCED
    assert judge(what, results, rules=stricter).verdict is INCONCLUSIVE
