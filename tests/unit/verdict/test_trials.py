"""Which trial comes next, and that nobody pays for one that cannot matter."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from tests.unit.verdict.build import DIGEST, claim, failed, series, spec, tolerance, trial

from reprise.domain.run import Reason, Sha, TrialPlan, TrialResult, Value
from reprise.domain.spec.model import Artifact, SeedRule, Spec
from reprise.domain.trials import derived_seed, next_trial, repeats

COMMIT = Sha("1a" * 20)


def following(what: Spec, results: Sequence[TrialResult]) -> TrialPlan | None:
    return next_trial(what, results, commit=COMMIT, coin="42")


def run_all(what: Spec, run: Callable[[TrialPlan], TrialResult]) -> list[TrialResult]:
    """The engine's loop."""
    results: list[TrialResult] = []
    while (plan := following(what, results)) is not None:
        assert plan.index == len(results) < 50
        results.append(run(plan))
    return results


def giving(*values: Value | Reason) -> Callable[[TrialPlan], TrialResult]:
    """Value or failure by execution index; the last one stands for all that follow."""

    def run(plan: TrialPlan) -> TrialResult:
        value = values[min(plan.index, len(values) - 1)]
        if isinstance(value, Reason):
            return replace(trial(reason=value, message="it failed"), plan=plan)
        return replace(trial(value), plan=plan)

    return run


def shape(results: Sequence[TrialResult]) -> str:
    return "".join(
        "c" if result.plan.control is not None else "p" if result.plan.probe else "t" for result in results
    )


@pytest.mark.parametrize(
    ("what", "values", "expected"),
    [
        (spec(claim()), (0.97,), "tp"),
        (spec(claim(), self_repeat=False), (0.97,), "t"),
        (spec(), (0.97,), "t"),
        (spec(n=3), (0.97,), "ttt"),
        (spec(claim(), n=3), (0.97,), "tptt"),
        (spec(claim("0.97", tolerance(0.1))), (0.97,), "tp"),
        (spec(claim("0.97", tolerance(0.1))), (0.97, 0.96), "tptt"),
        (spec(claim("0.97", tolerance(0.1)), n=2), (0.97, 0.96), "tptt"),
        (spec(claim("0.97", tolerance(0.1)), n=5), (0.97, 0.96), "tptttt"),
        (spec(claim("0.97", tolerance(0.1))), (0.97, Reason.COMMAND_FAILED, 0.97), "tptt"),
        (spec(claim()), (0.97, 0.96), "tp"),
        (spec(claim("0.97", tolerance(0.1)), self_repeat=False, n=2), (0.97, 0.9), "tt"),
    ],
)
def test_the_probe_follows_trial_zero_and_decides_how_many_there_are(
    what: Spec, values: tuple[Value | Reason, ...], expected: str
) -> None:
    assert shape(run_all(what, giving(*values))) == expected


@pytest.mark.parametrize(
    ("what", "values", "expected"),
    [
        (spec(claim(), n=5), (Reason.COMMAND_FAILED,), "t"),
        (spec(claim(), n=5, allow_failed=4), (Reason.COMMAND_FAILED,), "t"),
        (spec(claim("1", tolerance(1)), n=5, allow_failed=1), (Reason.COMMAND_FAILED,), "tt"),
        (spec(claim("1", tolerance(1)), n=3, allow_failed=1), (Reason.COMMAND_FAILED, 1), "ttt"),
        (spec(claim("1", tolerance(1)), n=5), (1, 1, 1, Reason.TIMED_OUT), "tptt"),
        (spec(claim("1", tolerance(1)), n=5, allow_failed=3), (1, 1, Reason.INFRASTRUCTURE), "tpt"),
        (spec(n=3, allow_failed=2), (Reason.COMMAND_FAILED,), "ttt"),
        (
            spec(n=3, allow_failed=2, artifacts=[Artifact("a", DIGEST, True)]),
            (Reason.COMMAND_FAILED,),
            "t",
        ),
    ],
)
def test_a_series_that_cannot_be_judged_any_more_ends(
    what: Spec, values: tuple[Value | Reason, ...], expected: str
) -> None:
    assert shape(run_all(what, giving(*values))) == expected


def test_seeds_are_the_authors_then_derived_from_the_coin() -> None:
    what = spec(claim("1", tolerance(1)), n=3, seed=SeedRule("--seed", None, 7))
    seeds = [result.plan.seed for result in run_all(what, giving(1))]
    expected = [
        int.from_bytes(hashlib.sha256(f"{COMMIT}|wine|42|{number}".encode()).digest()[:4], "big") % 2**31
        for number in (1, 2)
    ]
    assert seeds == [7, 7, *expected]


def test_a_derived_seed_is_what_anybody_can_recompute() -> None:
    assert derived_seed(Sha("0" * 40), "table-2", "12345", 1) == 1243805602


def test_without_a_seed_rule_every_trial_has_the_same_seed() -> None:
    what = spec(claim("1", tolerance(1)), n=3, seed=None)
    assert {result.plan.seed for result in run_all(what, giving(1))} == {0}


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (0.97, 0.97, True),
        (0.97, 0.9700000000000001, False),
        (1, 1.0, False),
        (0.0, -0.0, False),
        ("a", "a", True),
    ],
)
def test_a_job_repeats_when_its_values_are_bit_equal(first: Value, second: Value, same: bool) -> None:
    assert repeats(spec(claim()), series(first, probe=second)) is same


def test_a_failed_probe_does_not_repeat() -> None:
    results = [trial(0.97), trial(index=1, probe=True, reason=Reason.OUT_OF_MEMORY)]
    assert repeats(spec(claim()), results) is False


def test_without_a_probe_nothing_is_known_about_repeating() -> None:
    assert repeats(spec(claim()), [trial(0.97)]) is None
    assert repeats(spec(claim()), [failed()]) is None
