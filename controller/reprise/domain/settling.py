"""What would settle an inconclusive claim: more trials, or more published seeds.

Called for the message of an inconclusive verdict and by plans. The answer is found by the rule itself: the
means and the scatter stay as they were seen, only the counts grow until the verdict is another one. It is a
forecast, since new trials bring another mean; and a run's trials are declared before it, so nobody may stop
early by it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist

from reprise.domain.equivalence import decide
from reprise.domain.run import Estimate, Verdict
from reprise.domain.spec.model import Distribution
from reprise.domain.statistics import ALPHA, Sample, against_draw, against_sample, against_target

MOST_TRIALS = 1000
"""Nobody trains more often for one number."""

Reference = Sample | float
"""Published values summed up, or one number."""
Estimator = Callable[[Sample, float], Estimate]
"""Our own values and alpha → the interval of the difference."""


@dataclass(frozen=True, slots=True)
class Settling:
    """At most one of both is there; neither when not even `MOST_TRIALS` would do."""

    trials: int | None = None
    """In all, against what is published now."""
    seeds: int | None = None
    """Published per seed, with as many trials; no number of trials does it against what is published now."""


def estimator(published: Reference, *, target: bool = False) -> Estimator:
    """How a difference from this is estimated. ``target``: the number is fixed, not a draw."""
    if isinstance(published, Sample):
        return lambda new, alpha: against_sample(new, published, alpha)
    if target:
        return lambda new, alpha: against_target(new, published, alpha)
    return lambda new, alpha: against_draw(new, published, alpha)


def what_settles(
    new: Sample,
    published: Reference,
    compare: Distribution,
    *,
    target: bool = False,
    claims: int = 1,
    alpha: float = ALPHA,
) -> Settling:
    """``new`` are the values seen so far; ``claims`` share the alpha of the negative verdict."""
    trials = trials_to_settle(new, estimator(published, target=target), compare, claims=claims, alpha=alpha)
    if trials is not None or target:
        return Settling(trials=trials)
    return Settling(seeds=seeds_to_settle(new, published, compare, claims=claims, alpha=alpha))


def trials_to_settle(
    new: Sample, estimate: Estimator, compare: Distribution, *, claims: int = 1, alpha: float = ALPHA
) -> int | None:
    """The fewest trials, more than there are, whose interval lies inside the margin or outside it."""
    if not _conceivable(replace(new, count=MOST_TRIALS), estimate, compare, claims, alpha):
        return None
    for count in range(new.count + 1, MOST_TRIALS + 1):
        if _settled(replace(new, count=count), estimate, compare, claims, alpha):
            return count
    return None


def seeds_to_settle(
    new: Sample, published: Reference, compare: Distribution, *, claims: int = 1, alpha: float = ALPHA
) -> int | None:
    """The fewest published seeds that do it with as many trials. One number alone takes our scatter."""
    theirs = published if isinstance(published, Sample) else Sample(published, new.sd, 1)
    most = replace(theirs, count=MOST_TRIALS)
    if not _conceivable(replace(new, count=MOST_TRIALS), estimator(most), compare, claims, alpha):
        return None
    for count in range(theirs.count + 1, MOST_TRIALS + 1):
        estimate = estimator(replace(theirs, count=count))
        if _settled(replace(new, count=count), estimate, compare, claims, alpha):
            return count
    return None


def settling_text(settling: Settling, published: int) -> str:
    """For the end of a sentence. ``published`` is how many values stand behind the published number."""
    if settling.trials is not None:
        return f"{settling.trials} trials would settle it at this difference and scatter"
    if settling.seeds is not None:
        what = "one published run is" if published == 1 else f"{published} published values are"
        return (
            f"no number of trials would settle it, because {what} too few: "
            f"{settling.seeds} published seeds and as many trials would"
        )
    return f"not even {MOST_TRIALS:,} trials would settle it: the difference is too near to the margin"


def _conceivable(new: Sample, estimate: Estimator, compare: Distribution, claims: int, alpha: float) -> bool:
    """False where not even the least error with endless degrees of freedom would do: saves the search."""
    positive, negative = (_narrowed(estimate(new, each), each) for each in (alpha, alpha / claims))
    return decide(compare, positive, negative) is not Verdict.INCONCLUSIVE


def _narrowed(found: Estimate, alpha: float) -> Estimate:
    half = found.standard_error * NormalDist().inv_cdf(1 - alpha)
    return replace(found, low=found.difference - half, high=found.difference + half)


def _settled(new: Sample, estimate: Estimator, compare: Distribution, claims: int, alpha: float) -> bool:
    verdict = decide(compare, estimate(new, alpha), estimate(new, alpha / claims))
    return verdict is not Verdict.INCONCLUSIVE
