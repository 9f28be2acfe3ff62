"""How likely each verdict of mode distribution is before anything runs. Used by plans and by bench.

The values are taken as normal, with one standard deviation on both sides. Given the observed scatter, the
chance that the interval falls inside or outside the margin is a difference of normal probabilities; the
scatter itself follows a chi-square law, over which Gauss and Legendre's rule on its quantiles integrates. No
random number is drawn; the error is below 0.001. Every length is in standard deviations between seeds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from reprise.domain.equivalence import allowed
from reprise.domain.rules import CURRENT_RULES
from reprise.domain.settling import MOST_TRIALS, estimator
from reprise.domain.spec.model import Distribution
from reprise.domain.statistics import Sample, chi_square_quantile, legendre

_POINTS, _POINTS_EACH = 100, 20
"""Of the rule over one scatter, and over each of two."""
_GROWTH = 1.2
"""How much a search grows a count before it looks closer: a power may fall again, but slowly."""
_LARGEST_MARGIN = 1000.0
"""Where a search ends."""
_LARGEST_RATIO = 1e9
ALPHA = CURRENT_RULES.alpha


@dataclass(frozen=True, slots=True)
class Design:
    """What is compared with what."""

    n: int
    """Trials, at least 2."""
    m: int
    """Published values; 1 for a single number, 0 for a fixed target."""


@dataclass(frozen=True, slots=True)
class Chances:
    """Of each verdict; with `inconclusive` they sum up to 1."""

    reproduced: float
    not_reproduced: float

    @property
    def inconclusive(self) -> float:
        return max(0.0, 1 - self.reproduced - self.not_reproduced)


def chances(design: Design, compare: Distribution, *, shift: float = 0.0, tests: int = 1) -> Chances:
    """``shift`` is the true difference; ``tests`` is how many claims share alpha for the negative verdict."""
    low, high = allowed(compare)
    difference = _difference(design, shift)
    outside = (
        weight * (difference.cdf(low - half) + 1 - difference.cdf(high + half))
        for half, weight in _half_widths(design, ALPHA / tests)
    )
    return Chances(power(design, compare, shift=shift), math.fsum(outside))


def power(design: Design, compare: Distribution, *, shift: float = 0.0) -> float:
    """The chance of "reproduced"."""
    low, high = allowed(compare)
    difference = _difference(design, shift)
    return math.fsum(
        weight * max(0.0, difference.cdf(high - half) - difference.cdf(low + half))
        for half, weight in _half_widths(design, ALPHA)
    )


def trials_for(wanted: float, compare: Distribution, *, m: int) -> int | None:
    """The fewest trials that reproduce with this chance what did not change; None: no number up to the bound.

    More trials are not always better: against few published values the degrees of freedom fall.
    """
    return _first(lambda n: power(Design(n, m), compare) >= wanted)


def per_side_for(wanted: float, compare: Distribution) -> int | None:
    """The same where as many values are published as trials are run."""
    return _first(lambda n: power(Design(n, n), compare) >= wanted)


def margin_for(wanted: float, design: Design, compare: Distribution) -> float | None:
    """The smallest margin, in standard deviations, with this chance; of ``compare`` only the side counts."""
    low, high = 0.0, _LARGEST_MARGIN
    if _power_at(high, design, compare) < wanted:
        return None
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if _power_at(middle, design, compare) >= wanted else (middle, high)
    return high


def in_units(compare: Distribution, sd: float) -> Distribution:
    """With the margin in standard deviations, as far as that is a number."""
    ratio = min(compare.margin / sd, _LARGEST_RATIO) if sd else _LARGEST_RATIO
    return Distribution(ratio, compare.side, compare.better)


def sd_interval(values: Sample, coverage: float = CURRENT_RULES.coverage) -> tuple[float, float]:
    """Where the true standard deviation of normal values is."""
    degrees = values.count - 1
    low, high = (degrees / chi_square_quantile((1 + sign * coverage) / 2, degrees) for sign in (1, -1))
    return values.sd * math.sqrt(low), values.sd * math.sqrt(high)


def _power_at(margin: float, design: Design, compare: Distribution) -> float:
    return power(design, Distribution(margin, compare.side, compare.better))


def _difference(design: Design, shift: float) -> NormalDist:
    """Of the means, as estimated."""
    return NormalDist(shift, math.sqrt(1 / design.n + (1 / design.m if design.m else 0.0)))


def _first(enough: Callable[[int], bool]) -> int | None:
    below, count = 1, 2
    while not enough(count):
        if count >= MOST_TRIALS:
            return None
        below, count = count, min(MOST_TRIALS, max(count + 1, math.floor(count * _GROWTH)))
    return next(between for between in range(below + 1, count + 1) if enough(between))


@lru_cache(maxsize=512)
def _half_widths(design: Design, alpha: float) -> tuple[tuple[float, float], ...]:
    """Of the interval, each with its weight, by the functions that judge."""
    points = _POINTS_EACH if design.m > 1 else _POINTS
    references = _samples(design.m, points) if design.m > 1 else ((0.0, 1.0),)
    return tuple(
        (estimator(reference, target=not design.m)(new, alpha).high, one * other)
        for reference, other in references
        for new, one in _samples(design.n, points)
    )


def _samples(count: int, points: int) -> tuple[tuple[Sample, float], ...]:
    """Values without a difference, by the quantiles of their scatter, each with its weight."""
    degrees = count - 1
    return tuple(
        (Sample(0.0, math.sqrt(chi_square_quantile(p, degrees) / degrees), count), weight)
        for p, weight in legendre(points)
    )
