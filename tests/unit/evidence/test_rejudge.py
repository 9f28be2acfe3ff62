"""A run judged again from its record and raw files."""

import json
from dataclasses import replace

import pytest
from tests.unit.evidence import recorded
from tests.unit.evidence.recorded import RECORD, files

from reprise.domain.rejudge import Newer, differences, rejudge
from reprise.domain.run import Level, Reason, Verdict
from reprise.domain.spec.model import BadSpec

MLFLOW = recorded.SPEC.replace(b"{file: results/metrics.json, pointer: /lda}", b"{mlflow: lda}")


def test_the_values_come_from_the_metric_files() -> None:
    judged = rejudge(RECORD, files())
    assert judged.judgement.verdict is Verdict.REPRODUCED
    assert judged.judgement.level is Level.B
    assert judged.results[0].values == {"lda": recorded.LDA, "qda": recorded.QDA}
    assert [result.plan.seed for result in judged.results[:2]] == [7, 7]


def test_another_number_in_a_file_gives_another_verdict() -> None:
    judged = rejudge(RECORD, files((90.0, 99.4), (90.0, 99.4), (98.9, 99.4)))
    assert judged.judgement.verdict is Verdict.NOT_REPRODUCED


def test_a_file_that_is_not_there_is_a_metric_that_is_missing() -> None:
    judged = rejudge(replace(RECORD, trials=RECORD.trials[:1]), {"declaration.yaml": recorded.SPEC})
    assert judged.judgement.reason is Reason.METRIC_MISSING
    assert judged.results[0].problems.keys() == {"lda", "qda"}


def test_why_a_file_was_not_collected_is_said_again() -> None:
    why = "results/metrics.json is a link out of the tree"
    one = replace(RECORD.trials[0], uncollected={"results/metrics.json": why})
    judged = rejudge(replace(RECORD, trials=(one,)), {"declaration.yaml": recorded.SPEC})
    assert judged.results[0].problems == {"lda": why, "qda": why}


def test_a_job_that_failed_is_not_asked_for_metrics() -> None:
    record = replace(RECORD, trials=(recorded.trial(0, 7, reason=Reason.COMMAND_FAILED),))
    judged = rejudge(record, files())
    assert (judged.judgement.verdict, judged.judgement.reason) == (Verdict.NOT_RUN, Reason.COMMAND_FAILED)
    assert judged.results[0].values == {}


def test_a_run_that_ended_early_is_not_run_for_its_reason() -> None:
    judgement = rejudge(recorded.ended_early(), files()).judgement
    assert (judgement.verdict, judgement.reason) == (Verdict.NOT_RUN, Reason.BUILD_FAILED)
    assert [claim.id for claim in judgement.claims] == ["lda", "qda"]


def test_a_spec_that_cannot_be_used_lists_its_first_problem() -> None:
    record = recorded.ended_early(Reason.SPEC_INVALID, "whatever was said")
    judged = rejudge(record, {"declaration.yaml": b"version: 1\nrun: {comand: x}\n"})
    assert isinstance(judged.spec, BadSpec)
    assert judged.judgement.reason is Reason.SPEC_INVALID
    assert judged.judgement.message.startswith("reprise.yaml:2:")


def test_a_run_without_a_spec_has_no_claims() -> None:
    judgement = rejudge(recorded.ended_early(Reason.COMMIT_MISSING, "the commit is gone"), {}).judgement
    assert (judgement.reason, judgement.claims) == (Reason.COMMIT_MISSING, ())


def test_only_the_claims_that_were_asked_for_are_judged() -> None:
    judgement = rejudge(replace(RECORD, claims_asked=("qda",)), files()).judgement
    assert [claim.id for claim in judgement.claims] == ["qda"]
    assert judgement.notes[-1] == "Only qda was asked for and judged."


def test_a_committed_file_that_the_spec_names_is_read_from_the_declaration() -> None:
    spec = recorded.SPEC.replace(b'{value: "98.9"}', b'{value: "98.9", kind: mean, per_seed: published.json}')
    broken = rejudge(RECORD, files(spec=spec))
    whole = rejudge(RECORD, {**files(spec=spec), "declaration/published.json": b"[98.8, 99.0]"})
    assert isinstance(broken.spec, BadSpec)
    assert whole.judgement.verdict is Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("logged", "value", "problem"),
    [
        ({"lda": [[1, 90.0, 0], [2, recorded.LDA, 1]]}, recorded.LDA, None),
        ({"problem": "the job logged several MLflow runs (a, b)"}, None, "the job logged several"),
        ({"problem": [[1, 2.0, 0]], "lda": [[1, 3.0, 0]]}, 3.0, None),
        ({"other": [[1, 2.0, 0]]}, None, "the job logged no metric lda"),
        ({"lda": [[1, float("nan"), 0]]}, None, "the logged metric lda is NaN"),
        ([1, 2], None, "the logged metrics cannot be read"),
    ],
)
def test_a_logged_metric_is_the_last_value(logged: object, value: float | None, problem: str | None) -> None:
    given = {**files(spec=MLFLOW), "runs/0-1/mlflow.json": json.dumps(logged).encode()}
    first = rejudge(replace(RECORD, trials=RECORD.trials[:1]), given).results[0]
    assert first.values.get("lda") == value
    assert problem is None or first.problems["lda"].startswith(problem)


@pytest.mark.parametrize("newer", [{"format": 3}, {"rules": 99}])
def test_what_a_later_release_made_is_said_to_be_so(newer: dict[str, int]) -> None:
    with pytest.raises(Newer, match="made by a newer Reprise"):
        rejudge(replace(RECORD, **newer), files())  # type: ignore[arg-type]


def test_two_judgements_are_told_apart_field_by_field() -> None:
    judged = rejudge(RECORD, files()).judgement
    claim = replace(judged.claims[0], got=98.9)
    assert differences(judged, judged) == ()
    assert differences(replace(judged, claims=(claim, *judged.claims[1:])), judged) == (
        "claim lda: got: 98.9 stands, 98.876 follows",
    )
    assert differences(replace(judged, verdict=Verdict.INCONCLUSIVE), judged) == (
        "verdict: inconclusive stands, reproduced follows",
    )


DISTRIBUTION = recorded.SPEC.replace(
    b"""    published: {value: "99.4"}
    compare: {mode: tolerance, tolerance: {abs: 0.5}}
""",
    b"""    published: {value: "99.4", kind: mean, per_seed: seeds.json}
    compare: {mode: distribution, margin: "2"}
""",
)
SEEDS = b"[99.3, 99.4, 99.5]"


def test_a_distribution_is_judged_against_the_declared_seeds() -> None:
    given = {**files((98.9, 99.3), (98.9, 99.3), (98.9, 99.5)), "declaration.yaml": DISTRIBUTION}
    judged = rejudge(RECORD, {**given, "declaration/seeds.json": SEEDS}).judgement
    claim = judged.claims[1]
    assert claim.estimate is not None
    assert (claim.estimate.n, claim.estimate.m, claim.level) == (2, 3, Level.D)
    assert isinstance(rejudge(RECORD, given).spec, BadSpec)


@pytest.mark.parametrize(("factor", "same"), [(1 + 1e-12, True), (1 + 1e-6, False)])
def test_only_the_last_digits_of_an_interval_may_differ(factor: float, same: bool) -> None:
    given = {**files((98.9, 99.3), (98.9, 99.3), (98.9, 99.5)), "declaration.yaml": DISTRIBUTION}
    judged = rejudge(RECORD, {**given, "declaration/seeds.json": SEEDS}).judgement
    exact, claim = judged.claims
    assert claim.estimate is not None
    assert claim.estimate.expected is not None
    low, high = claim.estimate.expected
    other = replace(claim, estimate=replace(claim.estimate, expected=(low * factor, high)))
    assert (differences(replace(judged, claims=(exact, other)), judged) == ()) is same
