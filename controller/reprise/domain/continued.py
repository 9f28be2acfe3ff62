"""Trials that went on from a checkpoint after their machine was lost: what they may show, and what is said.

Whether such a job ends with the numbers of one that was never interrupted, only its author knows. Where the
spec does not say ``resume: exact``, its numbers are no witnesses of identity: no level A or B.
"""

from collections.abc import Sequence
from dataclasses import replace

from reprise.domain.run import ClaimJudgement, Judgement, Level, TrialResult
from reprise.domain.spec.model import Resume, Spec

_IDENTICAL = (Level.A, Level.B)


def approximate(spec: Spec, results: Sequence[TrialResult]) -> bool:
    """Whether a trial that counts went on from a checkpoint that does not promise the same numbers."""
    exact = spec.checkpoint is not None and spec.checkpoint.resume is Resume.EXACT
    return not exact and any(result.plan.counts and result.resumed is not None for result in results)


def limited(judged: Judgement) -> Judgement:
    """At best level C; a run that claims nothing then has none. Verdicts and messages stay."""
    claims = tuple(map(_limited, judged.claims))
    if judged.level not in _IDENTICAL:
        return replace(judged, claims=claims)
    levels = [claim.level for claim in claims if claim.level is not None]
    return replace(judged, claims=claims, level=max(levels, key=lambda level: level.value, default=None))


def continued_notes(spec: Spec, results: Sequence[TrialResult]) -> list[str]:
    """One sentence for each such trial, and why the level ends at C."""
    number, said = 0, []
    for result in results:
        if result.resumed is not None:
            at = f"{result.resumed.at:%H:%M} UTC"
            name = _name(result, number)
            said.append(f"{name} continued from a checkpoint of {at} after its machine was lost.")
        number += result.plan.counts
    if approximate(spec, results):
        said.append("No level above C: the spec does not say `resume: exact` of its checkpoints.")
    return said


def _limited(claim: ClaimJudgement) -> ClaimJudgement:
    return replace(claim, level=Level.C) if claim.level in _IDENTICAL else claim


def _name(result: TrialResult, number: int) -> str:
    if result.plan.probe:
        return "The probe"
    return f"Trial {number}" if result.plan.counts else "A control"
