"""Decides a claim in mode distribution: equivalent, not reproduced, or not enough to tell.

Equivalent when the whole interval lies strictly inside the margin; not reproduced when it has no point in the
closed margin, at alpha shared among the claims of the run, so that many claims do not make false failures;
anything else is inconclusive. With ``no-worse`` only the end on the worse side counts. Used by
`distribution`, by `settling` and by plans.
"""

import math
from dataclasses import replace

from reprise.domain.run import Estimate, Verdict
from reprise.domain.spec.model import Better, Distribution, Side
from reprise.domain.statistics import t_probability

_SLACK = 1e-12
"""Relative; the last bits of doubles, which alone would decide where the interval is a point."""


def decide(compare: Distribution, positive: Estimate, negative: Estimate) -> Verdict:
    """``positive`` is the estimate at alpha, ``negative`` the same at alpha / claims."""
    low, high = allowed(compare)
    if low < positive.low and positive.high < high:
        return Verdict.REPRODUCED
    if negative.high < low or high < negative.low:
        return Verdict.NOT_REPRODUCED
    return Verdict.INCONCLUSIVE


def decide_point(compare: Distribution, point: Estimate, published: float) -> Verdict:
    """Of values without any scatter: the difference itself, on the edge where only rounding tells."""
    slack = _SLACK * (2 * abs(published) + abs(point.difference) + compare.margin)
    blurred = replace(point, low=point.difference - slack, high=point.difference + slack)
    return decide(compare, blurred, blurred)


def allowed(compare: Distribution) -> tuple[float, float]:
    """The differences that count as equal, as an interval; infinite where ``no-worse`` does not look."""
    if compare.side is Side.BOTH:
        return -compare.margin, compare.margin
    worse_is_lower = compare.better is Better.HIGHER
    return (-compare.margin, math.inf) if worse_is_lower else (-math.inf, compare.margin)


def p_value(compare: Distribution, found: Estimate) -> float:
    """Of "equivalent": the larger one of the one-sided tests. At most alpha when the interval lies inside."""
    low, high = allowed(compare)
    if not found.standard_error:
        return 0.0 if low < found.difference < high else 1.0
    distances = (found.difference - low, high - found.difference)
    return max(t_probability(-each / found.standard_error, found.degrees_of_freedom) for each in distances)
