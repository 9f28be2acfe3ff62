"""Decides a claim in mode distribution: equivalent, not reproduced, or not enough to tell.

Equivalent when the whole interval lies strictly inside the margin; not reproduced when it has no point in the
closed margin, at alpha shared among the claims of the run, so that many claims do not make false failures;
anything else is inconclusive. With ``no-worse`` only the end on the worse side counts.
"""

import math

from reprise.domain.run import Estimate, Verdict
from reprise.domain.spec.model import Better, Distribution, Side


def decide(compare: Distribution, positive: Estimate, negative: Estimate) -> Verdict:
    """``positive`` is the estimate at alpha, ``negative`` the same at alpha / claims."""
    low, high = allowed(compare)
    if low < positive.low and positive.high < high:
        return Verdict.REPRODUCED
    if negative.high < low or high < negative.low:
        return Verdict.NOT_REPRODUCED
    return Verdict.INCONCLUSIVE


def allowed(compare: Distribution) -> tuple[float, float]:
    """The differences that count as equal, as an interval; infinite where ``no-worse`` does not look."""
    if compare.side is Side.BOTH:
        return -compare.margin, compare.margin
    worse_is_lower = compare.better is Better.HIGHER
    return (-compare.margin, math.inf) if worse_is_lower else (-math.inf, compare.margin)
