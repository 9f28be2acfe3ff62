"""A trial that went on from a checkpoint is told, and without ``resume: exact`` shows no identity."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.verdict.build import DIGEST, claim, series, spec, tolerance, trial

from reprise.domain.run import Level, Resumed, TrialResult, Value, Verdict
from reprise.domain.spec.model import Artifact, Checkpoint, Resume, Spec
from reprise.domain.verdict import judge

RESUMED = Resumed(1, datetime(2026, 3, 1, 14, 2, tzinfo=UTC))
TOLD = "Trial 0 continued from a checkpoint of 14:02 UTC after its machine was lost."
LIMIT = "No level above C: the spec does not say `resume: exact` of its checkpoints."
IDENTICAL = Artifact("predictions.csv", DIGEST, required=False)


def kept(wanted: Spec, resume: Resume) -> Spec:
    return replace(wanted, checkpoint=Checkpoint("checkpoints", resume))


def continued(value: Value, *, probe: bool = False) -> list[TrialResult]:
    first, second = series(value, probe=value)
    found: dict[str, str | None] = {"predictions.csv": DIGEST}
    return [
        replace(first, artifacts=found, resumed=None if probe else RESUMED),
        replace(second, artifacts=found, resumed=RESUMED if probe else None),
    ]


@pytest.mark.parametrize(
    ("wanted", "exact", "approximate"),
    [
        (spec(claim("0.97")), Level.B, Level.C),
        (spec(claim("0.97"), artifacts=[IDENTICAL]), Level.A, Level.C),
        (spec(claim("0.97", tolerance(0.1)), artifacts=[IDENTICAL]), Level.A, Level.C),
        (spec(claim("0.95", tolerance(0.1))), Level.C, Level.C),
        (spec(artifacts=[IDENTICAL]), Level.A, None),
    ],
)
def test_levels_of_identity_need_an_exact_resume(
    wanted: Spec, exact: Level, approximate: Level | None
) -> None:
    whole = judge(kept(wanted, Resume.EXACT), continued(0.97))
    limited = judge(kept(wanted, Resume.APPROXIMATE), continued(0.97))

    assert (whole.level, limited.level) == (exact, approximate)
    assert whole.verdict is limited.verdict
    assert [claim.level for claim in limited.claims] == [approximate for _ in wanted.claims]
    assert TOLD in whole.notes
    assert LIMIT not in whole.notes
    assert TOLD in limited.notes
    assert LIMIT in limited.notes


def test_a_probe_that_was_continued_is_told_and_limits_nothing() -> None:
    judged = judge(kept(spec(claim("0.97")), Resume.APPROXIMATE), continued(0.97, probe=True))

    assert judged.level is Level.B
    assert "The probe continued from a checkpoint of 14:02 UTC after its machine was lost." in judged.notes
    assert LIMIT not in judged.notes


def test_trials_are_numbered_as_everywhere_else() -> None:
    results = series(0.97, 0.97, probe=0.97)
    results[-1] = replace(results[-1], resumed=RESUMED)
    control = replace(trial(0.1, index=3, control=("--shuffle",)), resumed=RESUMED)

    said = judge(kept(spec(claim("0.97"), n=2), Resume.EXACT), [*results, control]).notes

    assert "Trial 1 continued from a checkpoint of 14:02 UTC after its machine was lost." in said
    assert "A control continued from a checkpoint of 14:02 UTC after its machine was lost." in said


@given(st.floats(0.9, 1.0), st.sampled_from(Resume), st.booleans())
def test_continuing_never_changes_a_verdict(value: float, resume: Resume, probe: bool) -> None:
    wanted = kept(spec(claim("0.97"), claim("0.95", tolerance(0.01), id="other")), resume)
    results = [
        replace(result, values={"accuracy": value, "other": value}) for result in continued(0.0, probe=probe)
    ]
    plain = [replace(result, resumed=None) for result in results]

    assert judge(wanted, results).verdict is judge(wanted, plain).verdict
    assert judge(wanted, plain).verdict in (Verdict.REPRODUCED, Verdict.NOT_REPRODUCED)
