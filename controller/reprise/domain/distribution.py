"""Judges one claim in mode distribution: the mean of all valid trials against what was published.

Called by `claims`. What was published is a sample (values per seed, or mean, spread and count), one draw, or
a fixed target; `equivalence` decides, and this module says it in a sentence. That the author's own seed
gives the published number decides nothing here: it is told as a note.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reprise.domain import figures
from reprise.domain.equivalence import (
    MOST_TRIALS,
    Criterion,
    Draw,
    Standard,
    Target,
    allowed,
    estimate,
    outcome,
    p_value,
    seeds_needed,
    trials_needed,
)
from reprise.domain.published import Number, difference, parse_number
from reprise.domain.run import Bar, ClaimJudgement, Estimate, Level, Value, Verdict
from reprise.domain.spec.model import Claim, Distribution, Published, PublishedKind
from reprise.domain.statistics import LARGEST, Sample, sample


@dataclass(frozen=True, slots=True)
class Subject:
    """A claim in mode distribution with everything that it is judged on."""

    claim: Claim
    number: Number
    criterion: Criterion
    new: Sample
    standard: Standard


def standard_of(published: Published, number: Number, per_seed: Sample | None) -> Standard:
    """``per_seed`` as read from the commit. A single published seed is one draw like any other number."""
    value = float(number.value)
    if published.kind is PublishedKind.TARGET:
        return Target(value)
    if per_seed is not None and per_seed.count > 1:
        return per_seed
    if published.sd is not None and published.m is not None:
        return Sample(value, published.sd, published.m)
    return Draw(value)


def bar_of(compare: Distribution, number: Number) -> Bar:
    """What the mean had to be; open on the side where ``no-worse`` does not look."""
    low, high = (float(number.value) + end for end in allowed(compare))
    return Bar("distribution", None if low == -float("inf") else low, None if high == float("inf") else high)


def judge_distribution(
    claim: Claim,
    compare: Distribution,
    values: Sequence[Value],
    *,
    per_seed: Sample | None,
    alpha: float,
    tests: int,
) -> ClaimJudgement:
    """``values`` of the valid trials, at least one; ``tests`` as in `Criterion`."""
    number = parse_number(claim.published.text)
    numbers = [float(value) for value in values if not isinstance(value, str)]
    if number is None or not numbers:
        return _unjudged(claim, None, None, "only numbers have a mean: publish a number, or compare exactly")
    bar = bar_of(compare, number)
    if claim.published.per_seed is not None and per_seed is None:
        why = f"the published values in {claim.published.per_seed} cannot be used: correct that file"
        return _unjudged(claim, bar, numbers[0], why)
    if len(numbers) < 2:
        why = "a distribution needs the values of 2 trials, and only one gave one: mend what failed"
        return _unjudged(claim, bar, numbers[0], why)
    if max(map(abs, (*numbers, float(number.value)))) > LARGEST:
        return _unjudged(claim, bar, numbers[0], "such large numbers cannot be squared: use another unit")
    standard = standard_of(claim.published, number, per_seed)
    return _judged(Subject(claim, number, Criterion(compare, alpha, tests), sample(numbers), standard), bar)


def _unjudged(claim: Claim, bar: Bar | None, value: Value | None, why: str) -> ClaimJudgement:
    bar = bar or Bar("distribution", None, None)
    return ClaimJudgement(claim.id, Verdict.INCONCLUSIVE, None, claim.published.text, value, None, bar, why)


def _judged(subject: Subject, bar: Bar) -> ClaimJudgement:
    claim, new = subject.claim, subject.new
    verdict = outcome(subject.criterion, new, subject.standard)
    found = estimate(new, subject.standard, subject.criterion.alpha)
    found = replace(found, p_value=p_value(subject.criterion.compare, found))
    if verdict is Verdict.INCONCLUSIVE and found.standard_error:
        found = replace(
            found,
            trials_needed=trials_needed(subject.criterion, new, subject.standard),
            seeds_needed=seeds_needed(subject.criterion, new, subject.standard),
        )
    judged = ClaimJudgement(
        id=claim.id,
        verdict=verdict,
        level=Level.D if verdict is Verdict.REPRODUCED else None,
        published=claim.published.text,
        got=new.mean,
        difference=difference(new.mean, subject.number),
        bar=bar,
        message="",
        estimate=found,
    )
    return replace(judged, message=_sentence(subject, judged, found))


def _sentence(subject: Subject, judged: ClaimJudgement, found: Estimate) -> str:
    """What decided, with the numbers; what would settle it comes first, where texts are not cut."""
    means = f"mean {figures.got(judged)} of {found.n} trials, published {judged.published}{_of(found.m)}"
    bar, effect = figures.bar(judged), "" if subject.new.sd else "; the seed has no effect"
    match judged.verdict:
        case Verdict.REPRODUCED:
            return f"{means}: equivalent, {figures.interval(judged, found)}, allowed {bar}{effect}"
        case Verdict.NOT_REPRODUCED:
            tested = estimate(
                subject.new, subject.standard, subject.criterion.alpha / subject.criterion.tests
            )
            return f"{means}: not equivalent, {figures.interval(judged, tested)}, allowed {bar}{effect}"
        case _:
            wanted = _what_would_settle(found)
            return f"{wanted}; {means}, {figures.interval(judged, found)}, allowed {bar}{effect}"


def _of(m: int) -> str:
    return f" of {m} seeds" if m > 1 else ""


def _what_would_settle(found: Estimate) -> str:
    if not found.standard_error:
        return "the difference is the margin itself, which no number of trials would settle"
    if found.trials_needed is not None:
        return f"{found.trials_needed} trials would settle it at this scatter, and there were {found.n}"
    published = f"{found.m} published seeds" if found.m > 1 else "a single published number"
    if found.seeds_needed is not None:
        return (
            f"no number of trials would settle it against {published}: "
            f"publish the values of {found.seeds_needed} seeds and run as many trials"
        )
    return f"the mean is too near to the edge: not even {MOST_TRIALS} trials would settle it at this scatter"
