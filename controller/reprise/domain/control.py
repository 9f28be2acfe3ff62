"""Whether a gate can fail: a variant of the job that the author says must not reach the bar.

A control is executed once, with the author's seed and further arguments, and its single value is held
against the bar of every claim that declares it:

- exact: it reproduces when it equals the published value at its printed precision.
- tolerance: when it lies within the tolerance.
- distribution: when it lies within the margin around the published value, or where one more ordinary trial
  would with 95 %. One value has no scatter of its own, so a job that scatters widely needs a control that is
  further away: being outside a narrow margin by chance is not being caught.

A claim that was reproduced, and whose control reproduces as well, has shown nothing: it is inconclusive. A
control that gives no value has not reproduced; it is said, because a command that breaks shows little.
"""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from reprise.domain import figures
from reprise.domain.claims import level_of
from reprise.domain.equivalence import allowed
from reprise.domain.published import Number, exact, parse_number
from reprise.domain.run import ClaimJudgement, ControlJudgement, ControlOutcome, TrialResult, Value, Verdict
from reprise.domain.spec.model import Better, Claim, Distribution, Exact, Side, Spec, Tolerance
from reprise.domain.statistics import prediction_interval, sample
from reprise.domain.trials import controls_of, counted

_SHOWN_ARGS = 80


def with_controls(
    spec: Spec, claims: Sequence[ClaimJudgement], results: Sequence[TrialResult]
) -> tuple[ClaimJudgement, ...]:
    """Each claim with what its control gave, its verdict changed where that takes its meaning away.

    ``claims`` are judged on the run's own trials, in the order of the spec.
    """
    executed = {result.plan.control: result for result in results if result.plan.control is not None}
    own = [trial for trial in counted(results) if trial.valid]
    return tuple(
        _with(claim, judged, executed[claim.control.args], own)
        if claim.control is not None and claim.control.args in executed
        else judged
        for claim, judged in zip(spec.claims, claims, strict=True)
    )


def control_notes(spec: Spec, claims: Sequence[ClaimJudgement]) -> list[str]:
    """A sentence for each control that was executed."""
    notes = []
    for args in controls_of(spec):
        said = [
            _told(claim, claim.control) for claim in claims if claim.control and claim.control.args == args
        ]
        if said:
            notes.append(f"The control {shown_args(args)} {'; '.join(said)}.")
    return notes


def control_object(control: ControlJudgement | None) -> dict[str, object] | None:
    """Plain data for programs."""
    if control is None:
        return None
    return {"args": list(control.args), "outcome": control.outcome.value, "got": control.got}


def shown_args(args: Sequence[str]) -> str:
    """As a shell would take them."""
    text = shlex.join(args)
    return text if len(text) <= _SHOWN_ARGS else text[: _SHOWN_ARGS - 1] + "…"


def reaches(claim: Claim, value: Value, own: Sequence[Value]) -> bool:
    """Whether a control's single value counts as a reproduction. ``own`` are the run's valid values."""
    number = parse_number(claim.published.text)
    if number is None or isinstance(value, str):
        return value == claim.published.text
    match claim.compare:
        case Exact() | Tolerance():
            return level_of(claim, value) is not None
        case Distribution() as compare:
            return _in_margin(compare, value, number) or _ordinary(compare, value, own)


def _with(
    claim: Claim, judged: ClaimJudgement, executed: TrialResult, own: Sequence[TrialResult]
) -> ClaimJudgement:
    control = _judged(claim, executed, [trial.values[claim.id] for trial in own if claim.id in trial.values])
    judged = replace(judged, control=control)
    if judged.verdict is Verdict.REPRODUCED and control.outcome is ControlOutcome.REPRODUCED:
        return _shows_nothing(judged, control)
    return judged


def _judged(claim: Claim, executed: TrialResult, own: Sequence[Value]) -> ControlJudgement:
    args, value = executed.plan.control or (), executed.values.get(claim.id)
    if value is None:
        why = executed.problems.get(claim.id) or executed.message
        return ControlJudgement(args, ControlOutcome.FAILED, None, why)
    outcome = ControlOutcome.REPRODUCED if reaches(claim, value, own) else ControlOutcome.CAUGHT
    return ControlJudgement(args, outcome, value)


def _shows_nothing(judged: ClaimJudgement, control: ControlJudgement) -> ClaimJudgement:
    why = (
        f"its control {shown_args(control.args)} reaches the bar as well (got {_got(judged, control)}), so "
        "that reaching it shows nothing: narrow the bar, or declare a control that breaks the result"
    )
    message = f"{why}; {judged.message}" if judged.message else why
    return replace(judged, verdict=Verdict.INCONCLUSIVE, level=None, message=message)


def _in_margin(compare: Distribution, value: int | float, number: Number) -> bool:
    low, high = map(Decimal, map(repr, allowed(compare)))
    return low <= exact(value) - number.value <= high


def _ordinary(compare: Distribution, value: int | float, own: Sequence[Value]) -> bool:
    """Whether one more trial of the job itself might have given it; the better side is never caught."""
    numbers = [float(each) for each in own if not isinstance(each, str)]
    if len(numbers) < 2:
        return False
    low, high = map(Decimal, prediction_interval(sample(numbers)))
    if compare.side is Side.BOTH:
        return low <= exact(value) <= high
    return exact(value) >= low if compare.better is Better.HIGHER else exact(value) <= high


def _told(claim: ClaimJudgement, control: ControlJudgement) -> str:
    numbers = f"got {_got(claim, control)}, published {claim.published}, allowed {figures.bar(claim)}"
    match control.outcome:
        case ControlOutcome.CAUGHT:
            return f"was caught by {claim.id}, as it should be ({numbers})"
        case ControlOutcome.REPRODUCED:
            return f"was not caught by {claim.id}: it reaches the bar as well ({numbers})"
        case ControlOutcome.FAILED:
            return f"gave no value for {claim.id}, which is no reproduction but shows little ({control.why})"


def _got(claim: ClaimJudgement, control: ControlJudgement) -> str:
    """Written like the claim's own value."""
    return figures.got(replace(claim, got=control.got))
