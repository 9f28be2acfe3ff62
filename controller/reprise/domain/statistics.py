"""How far the new values are from the published ones, and how sure that is. Used by `equivalence` and plans.

Every question has one form: an estimate of the difference of two means, its standard error, and an
interval from Student's t. "Equivalent" is the two one-sided tests of Schuirmann (1987), which at level alpha
is the same as the interval at 1 - 2·alpha lying inside the margin. scipy is imported when it is first
needed: that takes time and memory that a waiting controller need not spend.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reprise.domain.run import Estimate

ALPHA = 0.05
"""Of each one-sided test."""
LARGEST = 1e150
"""Sums and squares of what is larger may not fit into a double."""
COVERAGE = 0.95
"""Of the prediction interval that is told beside a verdict."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of several seeds, summed up. ``sd`` divides by ``count - 1``."""

    mean: float
    sd: float
    count: int


def sample(values: Sequence[float]) -> Sample:
    """Of at least two finite values; sums are exact, so that their order does not matter."""
    if min(values) == max(values):  # rounding must not make a scatter of it
        return Sample(values[0], 0.0, len(values))
    _, exponent = math.frexp(max(map(abs, values)))
    scaled = [math.ldexp(value, -exponent) for value in values]  # so that the squares of any double fit
    mean = math.fsum(scaled) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in scaled)
    sd = math.sqrt(squares / (len(values) - 1))
    return Sample(math.ldexp(mean, exponent), 2 * math.ldexp(sd / 2, exponent), len(values))


def against_sample(new: Sample, published: Sample, alpha: float = ALPHA) -> Estimate:
    """Published per seed, or as mean, spread and count: Welch's interval (Welch 1947, Satterthwaite 1946)."""
    ours, theirs = (each.sd / math.sqrt(each.count) for each in (new, published))
    error = math.hypot(ours, theirs)
    degrees = _satterthwaite(error, (ours, new.count - 1), (theirs, published.count - 1))
    return _estimate(new, published.mean, error, degrees, alpha, m=published.count)


def against_draw(new: Sample, published: float, alpha: float = ALPHA) -> Estimate:
    """Published once: a single draw, so that its own scatter counts too (a prediction interval)."""
    error = new.sd * math.sqrt(1 + 1 / new.count)
    return _estimate(new, published, error, float(new.count - 1), alpha, m=1)


def against_target(new: Sample, target: float, alpha: float = ALPHA) -> Estimate:
    """A fixed target, such as a certified value: only our own mean is uncertain."""
    return _estimate(new, target, new.sd / math.sqrt(new.count), float(new.count - 1), alpha, m=0)


def prediction_interval(new: Sample, coverage: float = COVERAGE) -> tuple[float, float]:
    """Where one further draw falls with this probability."""
    half = t_quantile((1 + coverage) / 2, new.count - 1) * new.sd * math.sqrt(1 + 1 / new.count)
    return new.mean - half, new.mean + half


def t_quantile(probability: float, degrees: float) -> float:
    """Of Student's t; ``degrees`` may be fractional."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))


def chi_square_quantile(probability: float, degrees: float) -> float:
    from scipy.special import gammaincinv

    return 2 * float(gammaincinv(degrees / 2, probability))


def t_probability(value: float, degrees: float) -> float:
    """That Student's t is at most this value."""
    from scipy.special import stdtr

    return float(stdtr(degrees, value))


def legendre(points: int) -> tuple[tuple[float, float], ...]:
    """Nodes and weights of Gauss and Legendre's rule on 0 to 1."""
    from scipy.special import roots_legendre

    nodes, weights = roots_legendre(points)
    return tuple((float(1 + x) / 2, float(w) / 2) for x, w in zip(nodes, weights, strict=True))


def _estimate(
    new: Sample, published: float, error: float, degrees: float, alpha: float, *, m: int
) -> Estimate:
    difference = new.mean - published
    half = t_quantile(1 - alpha, degrees) * error if error else 0.0
    low, high = difference - half, difference + half
    return Estimate(difference, error, degrees, low, high, alpha, new.count, m)


def _satterthwaite(error: float, *terms: tuple[float, int]) -> float:
    """Degrees of freedom of a sum; each term is a mean's standard error and its own degrees."""
    if not error:  # any number does: the interval is a point
        return float(sum(degrees for _, degrees in terms))
    return 1 / sum((each / error) ** 4 / degrees for each, degrees in terms)
