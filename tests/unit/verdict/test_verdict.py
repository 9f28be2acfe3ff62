"""What a run means: every verdict, the order of the questions, and that a wider bar never hurts."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.verdict.build import DIGEST, OTHER_DIGEST, claim, failed, series, spec, tolerance, trial

from reprise.domain.run import Level, Reason, TrialResult, Value, Verdict
from reprise.domain.spec.model import (
    Artifact,
    BadSpec,
    Better,
    Problem,
    PublishedKind,
    Side,
    Spec,
    Tolerance,
)
from reprise.domain.verdict import judge, not_run, spec_invalid

PREDICTIONS = Artifact("predictions.csv", DIGEST, required=False)
MODEL = Artifact("model.bin", DIGEST, required=True)
TWO = (claim("0.97", id="a"), claim("0.5", id="b"))


def both(a: Value, b: Value, *, probe: Sequence[Value] | None = None) -> list[TrialResult]:
    results = [trial(values={"a": a, "b": b})]
    if probe is not None:
        results.append(trial(values={"a": probe[0], "b": probe[1]}, index=1, probe=True))
    return results


@pytest.mark.parametrize(
    ("what", "results", "verdict", "level", "reason"),
    [
        (spec(claim()), series(0.97, probe=0.97), Verdict.REPRODUCED, Level.B, Reason.COMPLETED),
        (spec(claim()), series(0.95, probe=0.95), Verdict.NOT_REPRODUCED, None, Reason.COMPLETED),
        (spec(claim()), series(0.95, probe=0.951), Verdict.INCONCLUSIVE, None, Reason.COMPLETED),
        (spec(claim(), self_repeat=False), series(0.95), Verdict.INCONCLUSIVE, None, Reason.COMPLETED),
        (spec(), [trial(values={})], Verdict.NOT_JUDGED, None, Reason.COMPLETED),
        (spec(claim()), [failed()], Verdict.NOT_RUN, None, Reason.COMMAND_FAILED),
        (spec(claim()), [failed(reason=Reason.INFRASTRUCTURE)], Verdict.NOT_RUN, None, Reason.INFRASTRUCTURE),
        (spec(), [failed()], Verdict.NOT_RUN, None, Reason.COMMAND_FAILED),
        (spec(claim()), [], Verdict.NOT_RUN, None, Reason.INTERNAL_ERROR),
        (spec(*TWO), both(0.97, 0.5), Verdict.REPRODUCED, Level.B, Reason.COMPLETED),
        (spec(*TWO), both(0.97, 0.7, probe=(0.97, 0.7)), Verdict.NOT_REPRODUCED, None, Reason.COMPLETED),
        (spec(*TWO), both(0.97, 0.7, probe=(0.97, 0.8)), Verdict.INCONCLUSIVE, None, Reason.COMPLETED),
        (
            spec(claim("0.97", tolerance(0.1), id="a"), claim("0.5", id="b")),
            both(0.9, 0.5),
            Verdict.REPRODUCED,
            Level.C,
            Reason.COMPLETED,
        ),
        (
            spec(claim("0.97", kind=PublishedKind.BEST_OF)),
            series(0.97, probe=0.97),
            Verdict.INCONCLUSIVE,
            None,
            Reason.COMPLETED,
        ),
    ],
)
def test_verdict_level_and_reason(
    what: Spec, results: list[TrialResult], verdict: Verdict, level: Level | None, reason: Reason
) -> None:
    judged = judge(what, results)
    assert (judged.verdict, judged.level, judged.reason) == (verdict, level, reason)
    assert judged.message


def test_a_miss_outranks_an_open_question() -> None:
    """One claim is outside on three values, the other scatters around its bar."""
    what = spec(
        claim("0.9", tolerance(0.01), id="a"), claim("0.5", tolerance(0.01), id="b"), n=3, self_repeat=False
    )
    values: tuple[dict[str, Value], ...] = ({"a": 0.7, "b": 0.5}, {"a": 0.7, "b": 0.6}, {"a": 0.7, "b": 0.4})
    judged = judge(what, [trial(values=each, index=index) for index, each in enumerate(values)])
    assert [each.verdict for each in judged.claims] == [Verdict.NOT_REPRODUCED, Verdict.INCONCLUSIVE]
    assert judged.verdict is Verdict.NOT_REPRODUCED


def test_a_claim_that_lacks_its_metric_makes_the_run_not_run_and_the_others_are_shown() -> None:
    why = "m.json has no /b: did you mean /a?"
    lacking = trial(values={"a": 0.97}, problems={"b": why}, reason=Reason.METRIC_MISSING, message=why)
    judged = judge(spec(*TWO), [lacking])
    assert (judged.verdict, judged.reason, judged.message) == (Verdict.NOT_RUN, Reason.METRIC_MISSING, why)
    assert [each.verdict for each in judged.claims] == [Verdict.REPRODUCED, Verdict.NOT_RUN]
    assert judged.claims[0].got == 0.97
    assert judged.claims[1].message == why


def test_more_failures_than_allowed_are_inconclusive_and_named() -> None:
    what = spec(claim("0.97", tolerance(0.01)), n=3)
    judged = judge(what, [trial(0.97), trial(0.97, index=1, probe=True), failed(2)])
    assert (judged.verdict, judged.reason) == (Verdict.INCONCLUSIVE, Reason.COMMAND_FAILED)
    assert judged.message == "trial 1 of 2 failed and runs.allow_failed is 0: the command exited with 1"


def test_allowed_failures_are_noted() -> None:
    what = spec(claim("0.97", tolerance(0.01)), n=3, allow_failed=1, self_repeat=False)
    judged = judge(what, [trial(0.97), failed(1), trial(0.972, index=2)])
    assert (judged.verdict, judged.level) == (Verdict.REPRODUCED, Level.B)
    assert "1 of 3 trials failed, as runs.allow_failed permits." in judged.notes


def test_a_trial_lost_to_the_infrastructure_says_nothing_about_the_repository() -> None:
    what = spec(claim("0.97", tolerance(0.01)), n=2, self_repeat=False)
    judged = judge(what, [trial(0.5), failed(1, Reason.INFRASTRUCTURE, "the node went away")])
    assert (judged.verdict, judged.reason) == (Verdict.NOT_RUN, Reason.INFRASTRUCTURE)
    assert {each.verdict for each in judged.claims} == {Verdict.NOT_RUN}


def test_exact_without_trial_zero_is_inconclusive() -> None:
    judged = judge(spec(claim(), n=2, allow_failed=1), [failed(), trial(0.97, index=1)])
    assert judged.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("artifacts", "found", "verdict", "level"),
    [
        ([PREDICTIONS], {"predictions.csv": DIGEST}, Verdict.REPRODUCED, Level.A),
        ([PREDICTIONS], {"predictions.csv": OTHER_DIGEST}, Verdict.REPRODUCED, Level.B),
        ([PREDICTIONS], {"predictions.csv": None}, Verdict.REPRODUCED, Level.B),
        ([PREDICTIONS, MODEL], {"predictions.csv": DIGEST, "model.bin": DIGEST}, Verdict.REPRODUCED, Level.A),
        (
            [PREDICTIONS, MODEL],
            {"predictions.csv": OTHER_DIGEST, "model.bin": DIGEST},
            Verdict.REPRODUCED,
            Level.B,
        ),
        ([MODEL], {"model.bin": OTHER_DIGEST}, Verdict.NOT_REPRODUCED, None),
        ([MODEL], {}, Verdict.NOT_REPRODUCED, None),
        ([Artifact("log.txt", None, False)], {"log.txt": DIGEST}, Verdict.REPRODUCED, Level.B),
        ([Artifact("log.txt", None, True)], {"log.txt": None}, Verdict.NOT_REPRODUCED, None),
        (
            [PREDICTIONS, Artifact("log.txt", None, False)],
            {"predictions.csv": DIGEST},
            Verdict.REPRODUCED,
            Level.A,
        ),
    ],
)
def test_artifacts_raise_the_level_or_fail_the_run(
    artifacts: list[Artifact], found: dict[str, str | None], verdict: Verdict, level: Level | None
) -> None:
    judged = judge(spec(claim(), artifacts=artifacts), [trial(0.97, artifacts=found)])
    assert (judged.verdict, judged.level) == (verdict, level)


def test_identical_artifacts_never_rescue_a_missed_claim() -> None:
    results = [trial(0.5, artifacts={"predictions.csv": DIGEST}), trial(0.5, index=1, probe=True)]
    judged = judge(spec(claim(), artifacts=[PREDICTIONS]), results)
    assert (judged.verdict, judged.level) == (Verdict.NOT_REPRODUCED, None)
    assert any("artifacts are identical" in note for note in judged.notes)


def test_a_required_artifact_counts_without_claims_too() -> None:
    judged = judge(spec(artifacts=[MODEL]), [trial(values={}, artifacts={"model.bin": OTHER_DIGEST})])
    assert judged.verdict is Verdict.NOT_REPRODUCED
    assert judged.message == "the required artifact model.bin has another digest than declared"


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({"accuracy": 0.9324}, "ran: accuracy 0.9324, no claim declared"),
        ({}, "ran: no metric found, no claim declared"),
        ({"loss": 0.2, "accuracy": 0.9324}, "ran: accuracy 0.9324, loss 0.2, no claim declared"),
        (
            {"a": 1, "b": 0.123456789, "c": "x", "d": 4, "e": 5},
            "ran: a 1, b 0.123457, c x, 2 more, no claim declared",
        ),
    ],
)
def test_a_run_without_claims_shows_its_metrics(metrics: dict[str, Value], message: str) -> None:
    judged = judge(spec(), [trial(values={})], metrics=metrics)
    assert (judged.verdict, judged.message) == (Verdict.NOT_JUDGED, message)


def test_several_claims_are_counted_and_the_worst_is_named() -> None:
    assert judge(spec(*TWO), both(0.97, 0.5)).message == "2 of 2 claims, equal at the published precision"
    missed = judge(spec(*TWO), both(0.97, 0.7, probe=(0.97, 0.7))).message
    assert missed == (
        "1 of 2 claims not reproduced, worst b: got 0.7, published 0.5: off by +0.2, allowed ±0.05"
    )
    unsure = judge(spec(*TWO), both(0.97, 0.7, probe=(0.97, 0.5))).message
    assert unsure.startswith("1 of 2 claims inconclusive, worst b: ")


def test_a_level_that_not_every_claim_has_is_called_the_weakest() -> None:
    what = spec(claim("0.97", tolerance(0.02), id="a"), claim("0.5", id="b"))
    message = judge(what, both(0.96, 0.5)).message
    assert message == "2 of 2 claims, the weakest within the declared tolerance"


def test_which_of_several_values_is_shown_is_told_for_both_sides() -> None:
    compare = Tolerance(0.01, 0.0, Side.NO_WORSE, Better.HIGHER)
    judged = judge(spec(claim("0.5", compare), n=3), series(0.9, 0.495, 0.7))
    assert judged.claims[0].got == 0.495
    assert any("furthest to that side" in note for note in judged.notes)


def test_a_private_coin_is_noted_where_it_chose_seeds() -> None:
    what = spec(claim("0.97", tolerance(0.1)), n=2, self_repeat=False)
    results = series(0.97, 0.96)
    assert any("not public" in note for note in judge(what, results, coin_public=False).notes)
    assert not any("not public" in note for note in judge(what, results).notes)
    assert not any("not public" in note for note in judge(what, results[:1], coin_public=False).notes)


def test_a_run_that_ended_early_answers_for_all_its_claims() -> None:
    judged = not_run(Reason.LOCK_STALE, "uv.lock is stale: run uv lock", spec(*TWO))
    assert (judged.verdict, judged.message) == (Verdict.NOT_RUN, "uv.lock is stale: run uv lock")
    assert [(each.id, each.verdict) for each in judged.claims] == [
        ("a", Verdict.NOT_RUN),
        ("b", Verdict.NOT_RUN),
    ]
    assert not_run(Reason.CANCELLED, "cancelled by ada").claims == ()


def test_a_bad_spec_is_told_with_its_first_problem() -> None:
    problems = tuple(Problem("reprise.yaml", line, 1, "unknown key") for line in (3, 4, 5))
    assert spec_invalid(BadSpec("wine", problems)).message == "reprise.yaml:3:1: unknown key (and 2 more)"
    assert spec_invalid(BadSpec("wine", problems[:1])).message == "reprise.yaml:3:1: unknown key"
    assert spec_invalid(BadSpec("wine")).reason is Reason.SPEC_INVALID


near = st.floats(0.9, 1.04)


@given(
    values=st.lists(near, min_size=1, max_size=5),
    probe=st.none() | near,
    narrow=st.floats(0.0001, 0.1),
    wider=st.floats(0, 0.1),
    relative=st.floats(0, 0.1),
)
def test_a_wider_tolerance_never_turns_reproduced_into_anything_else(
    values: list[float], probe: float | None, narrow: float, wider: float, relative: float
) -> None:
    results = series(*values, probe=probe)
    first = judge(spec(claim("0.97", tolerance(narrow, relative)), n=len(values)), results)
    second = judge(spec(claim("0.97", tolerance(narrow + wider, relative)), n=len(values)), results)
    assert first.verdict is not Verdict.REPRODUCED or second.verdict is Verdict.REPRODUCED
    assert second.verdict is not Verdict.NOT_REPRODUCED or first.verdict is not Verdict.REPRODUCED


@given(st.floats(-1e6, 1e6), st.integers(0, 8), st.floats(-1e6, 1e6))
def test_a_value_that_prints_as_published_is_reproduced_at_level_b(
    value: float, decimals: int, other: float
) -> None:
    judged = judge(spec(claim(f"{value:.{decimals}f}")), series(value, probe=other))
    assert (judged.verdict, judged.level) == (Verdict.REPRODUCED, Level.B)


def test_an_output_that_nobody_may_take_is_named_once() -> None:
    fifo, link = "`a.bin` is a FIFO, not a regular file", "`b.txt` leads out of its folder"
    uncollected = {"a.bin": fifo, "b.txt": link}
    results = [
        replace(trial(0.93, index=number), uncollected=uncollected, problems={"other": link})
        for number in range(2)
    ]
    notes = judge(spec(claim()), results).notes
    assert [note for note in notes if note.startswith("Files:")] == [f"Files: {fifo}."]
