"""How often a commit's experiment reached its bar: every verification counts, and none hides another.

A later success does not undo an earlier failure, so the report, programs and evidence tell how many of the
verifications of this commit reached the bar. Counted is what says something about the repository: a verdict
on all claims, or a repository that could not be run. What was stopped, what the infrastructure lost, and what
was asked about some claims only is listed and not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reprise.domain.run import FAULT, Fault, Judgement, RunId, Verdict

SHOWN = 50
"""Of the list in a report; the newest ones."""


@dataclass(frozen=True, slots=True)
class Verification:
    """One judged run of an experiment at a commit."""

    run_id: RunId
    requested_at: datetime
    """UTC."""
    occasion: str
    """What started it, in words."""
    judgement: Judgement
    partial: bool = False
    """It was asked about some claims only."""

    @property
    def counted(self) -> bool:
        if self.partial or self.judgement.verdict is Verdict.NOT_JUDGED:
            return False
        return self.judgement.verdict is not Verdict.NOT_RUN or _of_repository(self.judgement)

    @property
    def reached(self) -> bool:
        return self.counted and self.judgement.verdict is Verdict.REPRODUCED


def ledger_line(ledger: Sequence[Verification]) -> str:
    """``1 of 2 verifications of this commit reached the bar``; empty when none counts."""
    counted = sum(each.counted for each in ledger)
    reached = sum(each.reached for each in ledger)
    if not counted:
        return ""
    plural = "" if counted == 1 else "s"
    return f"{reached} of {counted} verification{plural} of this commit reached the bar"


def not_always(ledger: Sequence[Verification]) -> str:
    """``1 of 2 verifications`` where some reached the bar and some did not, else nothing."""
    counted, reached = [each for each in ledger if each.counted], [each for each in ledger if each.reached]
    return f"{len(reached)} of {len(counted)} verifications" if 0 < len(reached) < len(counted) else ""


def ledger_object(ledger: Sequence[Verification]) -> list[dict[str, Any]]:
    """Plain data for programs and evidence: every verification, oldest first."""
    return [
        {
            "run_id": each.run_id,
            "requested_at": each.requested_at.isoformat(),
            "verdict": each.judgement.verdict.value,
            "level": each.judgement.level.value if each.judgement.level is not None else None,
            "reason": each.judgement.reason.value,
            "counted": each.counted,
            "reached": each.reached,
        }
        for each in ledger
    ]


def why_not_counted(each: Verification) -> str:
    """Empty when it is counted."""
    if each.counted:
        return ""
    if each.partial:
        return "some claims only"
    if each.judgement.verdict is Verdict.NOT_JUDGED:
        return "nothing to judge"
    return "stopped" if FAULT[each.judgement.reason] is Fault.PERSON else "not the repository's doing"


def _of_repository(judgement: Judgement) -> bool:
    return FAULT[judgement.reason] is Fault.REPOSITORY
