"""A verdict in the three words of an in-toto test result."""

from reprise.domain.run import FAULT, Fault, Reason, Verdict

PASSED, WARNED, FAILED = "PASSED", "WARNED", "FAILED"

_RESULT: dict[Verdict, str] = {
    Verdict.REPRODUCED: PASSED,
    Verdict.NOT_REPRODUCED: FAILED,
    Verdict.INCONCLUSIVE: WARNED,
    Verdict.NOT_RUN: WARNED,
    Verdict.NOT_JUDGED: WARNED,
}
"""PASSED is a bar that was met, so a run that judged nothing is none. See `outcome_of` for NOT_RUN."""


def outcome_of(verdict: Verdict, reason: Reason) -> str:
    """A repository that has to be mended failed; where a machine did, nothing is known."""
    if verdict is Verdict.NOT_RUN and FAULT[reason] is Fault.REPOSITORY:
        return FAILED
    return _RESULT[verdict]
