"""Decides a claim in mode distribution: equivalent, not reproduced, or not enough to tell.

Equivalent when the whole interval lies strictly inside the margin; not reproduced when it has no point in the
closed margin, at alpha shared among the claims of the run, so that many claims do not make false failures;
anything else is inconclusive. With ``no-worse`` only the end on the worse side counts. Used by
`distribution` and by plans, which also ask how much more would be enough.
"""

import math
from dataclasses import dataclass, replace

from reprise.domain.run import Estimate, Verdict
from reprise.domain.spec.model import Better, Distribution, Side
from reprise.domain.statistics import (
    Sample,
    against_draw,
    against_sample,
    against_target,
    t_probability,
)

MOST_TRIALS = 1000
"""What a spec may ask for; more is not looked at."""
_SLACK = 1e-12
"""Relative; the last bits of doubles, which alone would decide where the interval is a point."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Published once, by one run."""

    value: float


@dataclass(frozen=True, slots=True)
class Target:
    """A fixed number: certified, or to be reached."""

    value: float


Standard = Sample | Draw | Target
"""What the new values are compared with."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """How a claim is decided. ``tests``: how many claims share alpha for the negative verdict."""

    compare: Distribution
    alpha: float
    tests: int = 1


def estimate(new: Sample, standard: Standard, alpha: float) -> Estimate:
    match standard:
        case Sample():
            return against_sample(new, standard, alpha)
        case Draw(value):
            return against_draw(new, value, alpha)
        case Target(value):
            return against_target(new, value, alpha)


def decide(compare: Distribution, positive: Estimate, negative: Estimate) -> Verdict:
    """``positive`` is the estimate at alpha, ``negative`` the same at alpha / claims."""
    low, high = allowed(compare)
    if low < positive.low and positive.high < high:
        return Verdict.REPRODUCED
    if negative.high < low or high < negative.low:
        return Verdict.NOT_REPRODUCED
    return Verdict.INCONCLUSIVE


def outcome(criterion: Criterion, new: Sample, standard: Standard) -> Verdict:
    """A point is decided directly, and is on the edge when only the last bits of doubles tell."""
    positive = estimate(new, standard, criterion.alpha)
    if not positive.standard_error:
        slack = _SLACK * (abs(new.mean) + abs(new.mean - positive.difference) + criterion.compare.margin)
        low, high = positive.difference - slack, positive.difference + slack
        positive = replace(positive, low=low, high=high)
        return decide(criterion.compare, positive, positive)
    return decide(criterion.compare, positive, estimate(new, standard, criterion.alpha / criterion.tests))


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


def trials_needed(criterion: Criterion, new: Sample, standard: Standard) -> int | None:
    """The least number of trials that would decide, were their mean and scatter those of ``new``.

    Every number is looked at: against few published values more trials can also widen the interval,
    because its degrees of freedom fall to those of the published side.
    """
    counts = range(new.count + 1, MOST_TRIALS + 1)
    return next((n for n in counts if _settled(criterion, replace(new, count=n), standard)), None)


def seeds_needed(criterion: Criterion, new: Sample, standard: Standard) -> int | None:
    """The least number of published seeds that would decide, with at least as many trials as seeds.

    A single published number is taken as the mean of values that scatter like ours.
    """
    match standard:
        case Sample():
            published = standard
        case Draw(value):
            published = Sample(value, new.sd, 1)
        case Target():
            return None
    for m in range(published.count + 1, MOST_TRIALS + 1):
        if _settled(criterion, replace(new, count=max(m, new.count)), replace(published, count=m)):
            return m
    return None


def _settled(criterion: Criterion, new: Sample, standard: Standard) -> bool:
    return outcome(criterion, new, standard) is not Verdict.INCONCLUSIVE
