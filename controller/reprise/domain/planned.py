"""What can be said about a claim before a run: its scatter, its chances, what it needs. Pure.

``reprise plan`` calls this with what is committed. Everything follows from the declared bar, the declared
number of trials and the spread of the published values; where no spread is published, the plan says how small
it would have to be.
"""

from dataclasses import dataclass
from statistics import NormalDist

from reprise.domain import suggesting
from reprise.domain.bounds import bound_of
from reprise.domain.distribution import reference_of
from reprise.domain.planning import (
    Chances,
    Design,
    chances,
    in_units,
    margin_for,
    per_side_for,
    power,
    sd_interval,
    trials_for,
)
from reprise.domain.published import parse_number
from reprise.domain.spec.model import (
    Better,
    Claim,
    Distribution,
    PublishedKind,
    Side,
    Spec,
    Tolerance,
)
from reprise.domain.statistics import Sample

POWERS = (0.80, 0.95)
MARGINS_AWAY = 2.0
"""The true difference that a plan says it would detect."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What reproduces with this chance what did not change; None: more than anybody would look at."""

    power: float
    trials: int | None
    """Against what is published now."""
    seeds: int | None
    """Published values, with as many trials."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of mode distribution where the spread is known and not zero."""

    ratio: float
    """Margin in standard deviations."""
    unchanged: Chances
    """When there is no true difference."""
    reproduced_range: tuple[float, float]
    """Then the chance of "reproduced" at the largest and the smallest standard deviation that is likely."""
    shifted: Chances
    """When the true mean is worse by `MARGINS_AWAY` margins."""
    needed: tuple[Needed, ...]


@dataclass(frozen=True, slots=True)
class ClaimPlan:
    claim: Claim
    design: Design
    spread: Sample | None
    """Of the published values; None where none is committed."""
    sd_range: tuple[float, float] | None
    """Where the true standard deviation is, at 95 %."""
    forecast: Forecast | None
    largest_sd: float | None
    """Mode distribution without a published spread: the largest with the first of `POWERS`."""
    all_inside: float | None
    """Mode tolerance: the chance that every trial falls inside when nothing changed."""
    seeded: bool
    """Whether a job takes a seed: where it does not, nothing scatters with one."""
    bound: float | None
    """How far a mean or a value may be away; None in mode exact."""
    remarks: tuple[str, ...]


def plan_claim(spec: Spec, claim: Claim, published: Sample | None) -> ClaimPlan:
    """``published`` is what the claim's ``per_seed`` file says, where there is one."""
    number = parse_number(claim.published.text)
    reference = reference_of(claim.published, number, published) if number is not None else None
    spread = reference if isinstance(reference, Sample) else None
    design = Design(spec.n, _values_behind(claim, spread))
    bound = bound_of(claim)
    return ClaimPlan(
        claim=claim,
        design=design,
        spread=spread,
        sd_range=sd_interval(spread) if spread else None,
        forecast=_forecast(spec, claim, design, spread),
        largest_sd=_largest_sd(claim, design) if spread is None else None,
        all_inside=_all_inside(claim, design, spread),
        seeded=spec.run.seed is not None,
        bound=bound,
        remarks=tuple(suggesting.remarks(claim, bound)) if bound is not None else (),
    )


def _values_behind(claim: Claim, spread: Sample | None) -> int:
    if claim.published.kind is PublishedKind.TARGET:
        return 0
    return spread.count if spread else 1


def distribution(claim: Claim) -> Distribution | None:
    """What is judged by its distribution; the best of several never is."""
    best = claim.published.kind is PublishedKind.BEST_OF
    return claim.compare if isinstance(claim.compare, Distribution) and not best else None


def _forecast(spec: Spec, claim: Claim, design: Design, spread: Sample | None) -> Forecast | None:
    compare = distribution(claim)
    if compare is None or spread is None or not spread.sd:
        return None
    scaled = in_units(compare, spread.sd)
    tests = sum(distribution(each) is not None for each in spec.claims)
    away = MARGINS_AWAY * scaled.margin * (-1 if compare.better is Better.HIGHER else 1)
    smallest, largest = sd_interval(spread)
    return Forecast(
        ratio=scaled.margin,
        unchanged=chances(design, scaled, tests=tests),
        reproduced_range=(
            power(design, in_units(compare, largest)),
            power(design, in_units(compare, smallest)),
        ),
        shifted=chances(design, scaled, shift=away, tests=tests),
        needed=tuple(
            Needed(wanted, trials_for(wanted, scaled, m=design.m), per_side_for(wanted, scaled))
            for wanted in POWERS
        ),
    )


def _largest_sd(claim: Claim, design: Design) -> float | None:
    compare = distribution(claim)
    ratio = margin_for(POWERS[0], design, compare) if compare else None
    return compare.margin / ratio if compare and ratio else None


def _all_inside(claim: Claim, design: Design, spread: Sample | None) -> float | None:
    """Of normal values around the published one."""
    if not isinstance(claim.compare, Tolerance) or spread is None or not spread.sd:
        return None
    bound = bound_of(claim)
    if bound is None:
        return None
    one_side = NormalDist().cdf(bound / spread.sd)
    once = one_side if claim.compare.side is Side.NO_WORSE else 2 * one_side - 1
    return float(once**design.n)
