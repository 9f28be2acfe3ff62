"""The JSON object and the exit code of an ended run: what programs read where people read the report."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from reprise.domain.control import control_object
from reprise.domain.leasing.bill import bill_object
from reprise.domain.ledger import ledger_object
from reprise.domain.run import FAULT, ClaimJudgement, Estimate, Fault, Judgement, TrialResult, Verdict
from reprise.domain.view import RunView

EXIT_CODE: dict[Verdict, int] = {
    Verdict.REPRODUCED: 0,
    Verdict.NOT_JUDGED: 0,
    Verdict.NOT_REPRODUCED: 1,
    Verdict.INCONCLUSIVE: 2,
    Verdict.NOT_RUN: 4,
}
"""The last one is 3 when somebody has to change something first: see `exit_code`."""

NOT_RUN_CODE: dict[Fault, int] = {
    Fault.NOBODY: 4,
    Fault.REPOSITORY: 3,
    Fault.INFRASTRUCTURE: 4,
    Fault.PERSON: 3,
}
"""4 is worth another try as it is; what was refused or stopped is not, though no machine failed."""


def exit_code(judgement: Judgement) -> int:
    """0 bar met or nothing to judge, 1 not reproduced, 2 inconclusive, 3 not run, 4 infrastructure."""
    if judgement.verdict is Verdict.NOT_RUN:
        return NOT_RUN_CODE[FAULT[judgement.reason]]
    return EXIT_CODE[judgement.verdict]


def result_object(view: RunView) -> dict[str, Any]:
    """Plain data with a stable set of keys; verdict, level, reason and message are None in a live run."""
    return {
        "run_id": view.run_id,
        "commit": view.commit,
        "experiment": view.experiment,
        "phase": view.phase.value,
        **judged_object(view.judgement, view.trials, view.why),
        "ledger": ledger_object(view.ledger),
        "cost": bill_object(view.bill) if view.bill is not None else None,
        "evidence": view.links.evidence,
    }


def judged_object(
    judgement: Judgement | None, trials: Sequence[TrialResult], why: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """The part of it that follows from the trials; ``why`` is what the spec says of each claim's bar."""
    return {
        "verdict": judgement.verdict.value if judgement else None,
        "level": judgement.level.value if judgement and judgement.level else None,
        "reason": judgement.reason.value if judgement else None,
        "message": judgement.message if judgement else None,
        "claims": [_claim(claim, why.get(claim.id)) for claim in judgement.claims] if judgement else [],
        "hardware": asdict(judgement.hardware) if judgement and judgement.hardware else None,
        "trials": [_trial(trial) for trial in trials],
    }


def _claim(claim: ClaimJudgement, why: str | None) -> dict[str, Any]:
    return {
        "id": claim.id,
        "verdict": claim.verdict.value,
        "level": claim.level.value if claim.level else None,
        "published": claim.published,
        "got": claim.got,
        "difference": claim.difference,
        "bar": {"mode": claim.bar.mode, "low": claim.bar.low, "high": claim.bar.high, "why": why},
        "control": control_object(claim.control),
        "estimate": _estimate(claim.estimate) if claim.estimate is not None else None,
    }


def _estimate(found: Estimate) -> dict[str, Any]:
    return {
        "n": found.n,
        "m": found.m,
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "standard_error": found.standard_error,
        "degrees_of_freedom": found.degrees_of_freedom,
        "alpha": found.alpha,
        "p_value": found.p_value,
        "sd": found.sd,
        "expected": list(found.expected) if found.expected is not None else None,
        "trials_needed": found.trials_needed,
        "seeds_needed": found.seeds_needed,
    }


def _trial(trial: TrialResult) -> dict[str, Any]:
    return {
        "seed": trial.plan.seed,
        "probe": trial.plan.probe,
        "control": list(trial.plan.control) if trial.plan.control is not None else None,
        "exit_code": trial.exit_code,
        "seconds": round(trial.seconds, 3),
    }
