"""Which tolerance or margin the published values suggest, and when a declared one makes little sense.

Only ``reprise plan`` shows this. No verdict uses a suggestion: it is judged by what was committed before.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from statistics import NormalDist

from reprise.domain.bounds import half_unit
from reprise.domain.planning import Design, margin_for
from reprise.domain.published import parse_number
from reprise.domain.spec.model import Claim, Distribution, PublishedKind
from reprise.domain.statistics import Sample, chi_square_quantile

CONFIDENCE = COVERAGE = 0.95
_MANY_ERRORS = 3.0


def tolerance_factor(count: int, *, coverage: float = COVERAGE, confidence: float = CONFIDENCE) -> float:
    """k of the two-sided tolerance interval mean ± k·sd of normal values (Howe 1969): with this confidence
    it holds this share of all further runs. ``count`` is at least 2.
    """
    degrees = count - 1
    share = NormalDist().inv_cdf((1 + coverage) / 2)
    return share * math.sqrt(degrees * (1 + 1 / count) / chi_square_quantile(1 - confidence, degrees))


@dataclass(frozen=True, slots=True)
class Suggestion:
    factor: float
    low: float
    high: float
    """Mean ± factor · sd."""
    tolerance: float
    """For mode tolerance: factor · sd, rounded up."""
    margin: float
    """For mode distribution: the smallest with this chance for what did not change, rounded up."""
    power: float
    trials: int


def suggest(claim: Claim, spread: Sample, *, trials: int, power: float) -> Suggestion | None:
    """From the published values; ``trials`` is for the margin. None where they do not scatter."""
    compare = claim.compare if isinstance(claim.compare, Distribution) else Distribution(1.0)
    ratio = margin_for(power, Design(trials, spread.count), compare)
    if not spread.sd or ratio is None:
        return None
    factor = tolerance_factor(spread.count)
    half = factor * spread.sd
    margin = rounded_up(ratio * spread.sd)
    return Suggestion(factor, spread.mean - half, spread.mean + half, rounded_up(half), margin, power, trials)


def accuracy_error(claim: Claim) -> float | None:
    """Standard error of an accuracy on ``n_eval`` items, √(p(1 - p)/n_eval), in the published unit.

    A published value above 1 is taken as percent; None without ``n_eval`` or where it is no share.
    """
    number, items = parse_number(claim.published.text), claim.metric.n_eval
    if number is None or items is None:
        return None
    unit = 100.0 if number.value > 1 else 1.0
    share = float(number.value) / unit
    return unit * math.sqrt(share * (1 - share) / items) if 0 <= share <= 1 else None


def remarks(claim: Claim, bound: float) -> Iterator[str]:
    """What is odd about a declared margin or tolerance."""
    half, error = half_unit(claim.published), accuracy_error(claim)
    if half is not None and bound < half and claim.published.kind is not PublishedKind.TARGET:
        yield (
            f"{bound:.6g} is less than half a unit of the last digit of {claim.published.text} ({half:.6g}): "
            "publish more digits or allow more"
        )
    if error and bound < error:
        yield (
            f"{bound:.6g} is less than the standard error of an accuracy on {claim.metric.n_eval} items "
            f"({error:.2g}): it claims more than the test set can show"
        )
    if error and bound > _MANY_ERRORS * error:
        yield (
            f"{bound:.6g} is more than three standard errors of an accuracy on {claim.metric.n_eval} items "
            f"({error:.2g} each): a difference that the test set shows clearly would still pass"
        )


def rounded_up(value: float) -> float:
    """To two significant digits, never below: a suggestion is to be typed."""
    exact = Decimal(repr(value))
    place = Decimal((0, (1,), exact.adjusted() - 1)) if exact else Decimal(1)
    return float(exact.quantize(place, rounding=ROUND_CEILING))
