"""A gate must be able to fail: what a control shows, and what it does to a claim that it reaches as well."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.verdict.build import DIGEST, claim, failed, series, spec, tolerance, trial
from tests.unit.verdict.test_trials import COMMIT, giving, run_all, shape

from reprise.domain.control import control_notes, control_object, reaches, shown_args
from reprise.domain.run import (
    ControlOutcome,
    Judgement,
    Level,
    Reason,
    TrialPlan,
    TrialResult,
    Value,
    Verdict,
)
from reprise.domain.spec.model import (
    Artifact,
    Better,
    Claim,
    Compare,
    Distribution,
    PublishedKind,
    Side,
    Spec,
)
from reprise.domain.trials import (
    claims_of,
    controls_of,
    counted,
    most_executions,
    next_trial,
    trial_names,
)
from reprise.domain.verdict import judge
from reprise.store.codec import dump, load

SHUFFLED = ("--shuffle-labels",)
OTHER = ("--no-features", "--epochs=0")


def judged(value: Value | None, control: TrialResult | None, *, compare: Compare | None = None) -> Judgement:
    """A claim of 0.97 that got a value, with its probe, and what its control gave."""
    what = spec(claim("0.97", compare, control=SHUFFLED))
    results = series(value, probe=value) if value is not None else [failed()]
    return judge(what, [*results, *([control] if control is not None else [])])


def shuffled(value: Value) -> TrialResult:
    return trial(value, index=2, control=SHUFFLED)


def outcome(judgement: Judgement) -> ControlOutcome | None:
    (only,) = judgement.claims
    return only.control.outcome if only.control is not None else None


# --- executions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "values", "expected"),
    [
        (spec(claim(control=SHUFFLED)), (0.97,), "tpc"),
        (spec(claim(control=SHUFFLED), self_repeat=False, n=2), (0.97,), "ttc"),
        (spec(claim("1", tolerance(0.5), control=SHUFFLED)), (0.97, 0.96), "tpttc"),
        (spec(claim(control=SHUFFLED), claim(id="b", control=SHUFFLED)), (0.97,), "tpc"),
        (spec(claim(control=SHUFFLED), claim(id="b", control=OTHER), claim(id="c")), (0.97,), "tpcc"),
        (spec(claim(control=SHUFFLED)), (Reason.COMMAND_FAILED,), "t"),
        (spec(claim("1", tolerance(1), control=SHUFFLED), n=3), (1, 1, Reason.TIMED_OUT), "tpt"),
        (
            spec(claim("1", tolerance(1), control=SHUFFLED), n=3, allow_failed=1),
            (1, 1, Reason.TIMED_OUT, 1),
            "tpttc",
        ),
        (
            spec(claim(control=SHUFFLED), claim(id="b", control=OTHER)),
            (0.97, 0.97, Reason.COMMAND_FAILED),
            "tpcc",
        ),
        (
            spec(claim(control=SHUFFLED), claim(id="b", control=OTHER)),
            (0.97, 0.97, Reason.INFRASTRUCTURE),
            "tpc",
        ),
    ],
)
def test_controls_come_last_and_are_not_paid_for_when_the_trials_failed(
    what: Spec, values: tuple[Value | Reason, ...], expected: str
) -> None:
    results = run_all(what, giving(*values))
    assert shape(results) == expected
    assert len(results) <= most_executions(what)


def test_a_control_has_the_authors_seed_and_its_own_arguments() -> None:
    what = spec(claim("1", tolerance(1), control=SHUFFLED), n=3)
    *_, last = run_all(what, giving(1))
    assert last.plan == TrialPlan(4, 0, probe=False, control=SHUFFLED)


def test_a_control_has_to_give_values_only_for_the_claims_that_declare_it() -> None:
    what = spec(claim(control=SHUFFLED), claim(id="b", control=OTHER), claim(id="c"))
    assert controls_of(what) == (SHUFFLED, OTHER)
    assert [each.id for each in claims_of(what, TrialPlan(2, 0, False, OTHER))] == ["b"]
    assert [each.id for each in claims_of(what, TrialPlan(0, 0, False))] == ["accuracy", "b", "c"]


@pytest.mark.parametrize(
    ("plans", "names"),
    [
        ([(0, False, None), (1, True, None), (2, False, None)], ["0", "probe", "1"]),
        ([(0, False, None), (1, False, SHUFFLED)], ["0", "control"]),
        ([(0, False, None), (1, False, SHUFFLED), (2, False, OTHER)], ["0", "control 1", "control 2"]),
        ([(0, False, None), (0, False, None), (1, False, SHUFFLED)], ["0", "0", "control"]),
    ],
)
def test_executions_are_named_for_people(
    plans: list[tuple[int, bool, tuple[str, ...] | None]], names: list[str]
) -> None:
    assert trial_names([TrialPlan(index, 0, probe, control) for index, probe, control in plans]) == names


def test_a_plan_of_before_there_were_controls_is_read() -> None:
    assert load(TrialPlan, {"index": 0, "seed": 7, "probe": False}) == TrialPlan(0, 7, probe=False)
    plan = TrialPlan(2, 0, probe=False, control=("--x", "ü b"))
    assert load(TrialPlan, json.loads(json.dumps(dump(plan)))) == plan


# --- judging --------------------------------------------------------------------------------------

BOTH = Distribution(0.02)
NO_WORSE = Distribution(0.02, Side.NO_WORSE, Better.HIGHER)
NO_HIGHER = Distribution(0.02, Side.NO_WORSE, Better.LOWER)
NARROW = [0.969, 0.970, 0.971]
WIDE = [0.90, 0.97, 1.04]


@pytest.mark.parametrize(
    ("published", "compare", "value", "own", "reproduces"),
    [
        ("0.97", None, 0.97, [0.97], True),
        ("0.97", None, 0.965, [0.97], True),
        ("0.97", None, 0.964, [0.97], False),
        ("850", None, 850, [850], True),
        ("850", None, 849, [850], False),
        ("cat", None, "cat", ["cat"], True),
        ("cat", None, "dog", ["cat"], False),
        ("0.97", None, "0.97", [0.97], True),
        ("0.97", tolerance(0.02), 0.95, [0.97], True),
        ("0.97", tolerance(0.02), 0.9499, [0.97], False),
        ("100", tolerance(0, 0.1), 90, [100], True),
        ("100", tolerance(0, 0.1), 89, [100], False),
        ("0.97", tolerance(0.0001), 0.974, [0.97], True),
        ("0.97", BOTH, 0.95, NARROW, True),
        ("0.97", BOTH, 0.94, NARROW, False),
        ("0.97", BOTH, 1.0, NARROW, False),
        ("0.97", BOTH, 0.94, WIDE, True),
        ("0.97", BOTH, 0.60, WIDE, False),
        ("0.97", BOTH, 0.94, [0.97], False),
        ("0.97", BOTH, 0.94, [0.97, 0.97], False),
        ("0.97", NO_WORSE, 1.2, NARROW, True),
        ("0.97", NO_WORSE, 0.94, NARROW, False),
        ("0.97", NO_WORSE, 0.94, WIDE, True),
        ("0.97", NO_HIGHER, 0.5, NARROW, True),
        ("0.97", NO_HIGHER, 1.0, NARROW, False),
        ("0.97", NO_HIGHER, 1.0, WIDE, True),
    ],
)
def test_a_single_value_against_each_kind_of_bar(
    published: str, compare: Compare | None, value: Value, own: list[Value], reproduces: bool
) -> None:
    assert reaches(bar(published, compare), value, own) is reproduces


def bar(published: str, compare: Compare | None) -> Claim:
    return claim(published, compare)


numbers = st.floats(-1e6, 1e6)


@given(st.lists(numbers, min_size=2, max_size=8), numbers, st.floats(0.001, 1e3))
def test_a_value_of_the_job_itself_is_never_a_control_that_was_caught(
    own: list[float], published: float, margin: float
) -> None:
    """The mean of the run's own values is where one more trial most probably lies."""
    mean = math.fsum(own) / len(own)
    spread = max(own) - min(own)
    if spread > 1e-6 * max(map(abs, own)):
        assert reaches(bar(f"{published:.6f}", Distribution(margin)), mean, list(own))


@given(st.lists(numbers, min_size=2, max_size=8), numbers, numbers, st.floats(0.001, 1e3))
def test_a_better_value_never_makes_a_control_that_is_caught(
    own: list[float], low: float, more: float, margin: float
) -> None:
    compare = Distribution(margin, Side.NO_WORSE, Better.HIGHER)
    if reaches(bar("0.5", compare), low, list(own)):
        assert reaches(bar("0.5", compare), low + abs(more), list(own))


def test_a_control_that_misses_the_bar_is_caught_and_the_claim_stands() -> None:
    found = judged(0.97, shuffled(0.1))
    assert (found.verdict, found.level) == (Verdict.REPRODUCED, Level.B)
    assert outcome(found) is ControlOutcome.CAUGHT
    assert found.notes[-1] == (
        "The control --shuffle-labels was caught by accuracy, as it should be "
        "(got 0.1, published 0.97, allowed ±0.005)."
    )


def test_a_claim_whose_control_reproduces_as_well_has_shown_nothing() -> None:
    found = judged(0.97, shuffled(0.9712))
    assert (found.verdict, found.level, found.reason) == (Verdict.INCONCLUSIVE, None, Reason.COMPLETED)
    (only,) = found.claims
    assert only.message == (
        "its control --shuffle-labels reaches the bar as well (got 0.9712), so that reaching it shows "
        "nothing: narrow the bar, or declare a control that breaks the result; "
        "got 0.97, published 0.97: equal"
    )
    assert any("was not caught by accuracy" in note for note in found.notes)


def test_a_control_that_fails_has_not_reproduced_and_is_said_to_show_little() -> None:
    broken = trial(
        index=2, control=SHUFFLED, reason=Reason.COMMAND_FAILED, message="python ended with exit code 2"
    )
    found = judged(0.97, broken)
    assert (found.verdict, found.level) == (Verdict.REPRODUCED, Level.B)
    assert outcome(found) is ControlOutcome.FAILED
    assert found.notes[-1] == (
        "The control --shuffle-labels gave no value for accuracy, which is no reproduction but shows little "
        "(python ended with exit code 2)."
    )


def test_a_control_without_the_metric_gives_no_value() -> None:
    silent = trial(
        index=2,
        control=SHUFFLED,
        reason=Reason.METRIC_MISSING,
        message="metrics.json was not written",
        problems={"accuracy": "metrics.json was not written"},
    )
    found = judged(0.97, silent)
    assert found.verdict is Verdict.REPRODUCED
    assert outcome(found) is ControlOutcome.FAILED


def test_a_claim_that_missed_stays_missed_whatever_its_control_gave() -> None:
    for value in (0.97, 0.1):
        assert judged(0.9, shuffled(value)).verdict is Verdict.NOT_REPRODUCED


def test_identical_artifacts_do_not_rescue_a_gate_that_cannot_fail() -> None:

    what = spec(claim(control=SHUFFLED), artifacts=[Artifact("out.csv", DIGEST, False)])
    results = [
        trial(0.97, artifacts={"out.csv": DIGEST}),
        trial(0.97, index=1, probe=True, artifacts={"out.csv": DIGEST}),
        trial(0.97, index=2, control=SHUFFLED, artifacts={"out.csv": DIGEST}),
    ]
    found = judge(what, results)
    assert (found.verdict, found.level) == (Verdict.INCONCLUSIVE, None)


def test_a_control_counts_neither_as_trial_nor_as_failure_nor_for_artifacts() -> None:
    what = spec(claim("0.97", tolerance(0.01), control=SHUFFLED), n=3)
    broken = trial(index=4, control=SHUFFLED, reason=Reason.COMMAND_FAILED, message="exit code 1")
    results = [*series(0.97, 0.978, 0.968, probe=0.97), broken]
    found = judge(what, results)
    assert len(counted(results)) == 3
    assert (found.verdict, found.level) == (Verdict.REPRODUCED, Level.C)


def test_a_control_that_the_infrastructure_lost_leaves_no_answer() -> None:
    lost = trial(index=2, control=SHUFFLED, reason=Reason.INFRASTRUCTURE, message="the disk became full")
    found = judged(0.97, lost)
    assert (found.verdict, found.reason) == (Verdict.NOT_RUN, Reason.INFRASTRUCTURE)


def test_a_shared_control_is_told_once_with_each_claim() -> None:
    what = spec(claim(control=SHUFFLED), claim("0.5", id="loss", control=SHUFFLED))
    values: dict[str, Value] = {"accuracy": 0.97, "loss": 0.5}
    results = [
        trial(values=dict(values)),
        trial(values=dict(values), index=1, probe=True),
        trial(values={"accuracy": 0.1, "loss": 0.5}, index=2, control=SHUFFLED),
    ]
    found = judge(what, results)
    assert [each.verdict for each in found.claims] == [Verdict.REPRODUCED, Verdict.INCONCLUSIVE]
    (note,) = control_notes(what, found.claims)
    assert "was caught by accuracy" in note
    assert "was not caught by loss" in note


@pytest.mark.parametrize(
    ("control", "verdict", "level"),
    [
        (0.80, Verdict.REPRODUCED, Level.D),
        (0.955, Verdict.INCONCLUSIVE, None),
        (0.9685, Verdict.INCONCLUSIVE, None),
    ],
)
def test_a_distribution_has_to_be_missed_by_its_control_too(
    control: float, verdict: Verdict, level: Level | None
) -> None:
    compare = Distribution(0.02)
    what = spec(claim("0.97", compare, control=SHUFFLED, kind=PublishedKind.TARGET), n=5, self_repeat=False)
    own = series(0.969, 0.970, 0.971, 0.9705, 0.9695)
    found = judge(what, [*own, trial(control, index=5, control=SHUFFLED)])
    assert (found.verdict, found.level) == (verdict, level)


def test_programs_read_what_the_control_gave() -> None:
    found = judged(0.97, shuffled(0.1))
    assert control_object(found.claims[0].control) == {
        "args": ["--shuffle-labels"],
        "outcome": "caught",
        "got": 0.1,
    }
    assert control_object(None) is None


def test_a_run_that_ended_before_its_control_says_nothing_about_it() -> None:
    found = judged(None, None)
    assert outcome(found) is None
    assert control_notes(spec(claim(control=SHUFFLED)), found.claims) == []


def test_a_judgement_with_a_control_is_stored_and_read() -> None:
    found = judged(0.97, shuffled(0.9712))
    assert load(Judgement, json.loads(json.dumps(dump(found)))) == found


def test_long_arguments_are_cut() -> None:
    assert shown_args(("--name", "two words")) == "--name 'two words'"
    assert len(shown_args(("x" * 500,))) == 80


def test_nothing_follows_once_each_control_was_executed() -> None:
    what = spec(claim(control=SHUFFLED))
    results = [*series(0.97, probe=0.97), shuffled(0.1)]
    assert next_trial(what, results, commit=COMMIT, coin="42") is None
