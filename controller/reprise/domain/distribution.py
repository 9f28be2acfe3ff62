"""Judges one claim in mode distribution: the mean of all valid trials against what was published.

Called by `claims`. What was published is a sample (values per seed, or mean, spread and count), one draw, or
a fixed target; `equivalence` decides, and this module says it in a sentence. That the author's own seed
gives the published number decides nothing here: it is told as a note.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reprise.domain import figures
from reprise.domain.equivalence import allowed, decide, decide_point, p_value
from reprise.domain.published import Number, difference, exact, factor_of_hundred, parse_number
from reprise.domain.run import Bar, ClaimJudgement, Estimate, Level, Value, Verdict
from reprise.domain.settling import Estimator, Reference, Settling, estimator, settling_text, what_settles
from reprise.domain.spec.model import Claim, Distribution, Published, PublishedKind
from reprise.domain.statistics import LARGEST, Sample, prediction_interval, sample


@dataclass(frozen=True, slots=True)
class Method:
    """How sure a verdict has to be."""

    alpha: float
    """Of each one-sided test."""
    claims: int
    """How many claims share alpha for the negative verdict."""
    coverage: float
    """Of the interval that one further draw is expected in."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A claim in mode distribution with everything that it is judged on."""

    claim: Claim
    compare: Distribution
    number: Number
    new: Sample
    published: Reference
    method: Method

    @property
    def target(self) -> bool:
        return self.claim.published.kind is PublishedKind.TARGET

    @property
    def estimate(self) -> Estimator:
        return estimator(self.published, target=self.target)


def reference_of(published: Published, number: Number, per_seed: Sample | None) -> Reference:
    """``per_seed`` as read from the commit. A single published seed is one draw like any other number."""
    value = float(number.value)
    if published.kind is PublishedKind.TARGET:
        return value
    if per_seed is not None and per_seed.count > 1:
        return per_seed
    if published.sd is not None and published.m is not None:
        return Sample(value, published.sd, published.m)
    return value


def bar_of(compare: Distribution, number: Number) -> Bar:
    """What the mean had to be; open on the side where ``no-worse`` does not look."""
    low, high = (float(number.value + exact(end)) if math.isfinite(end) else None for end in allowed(compare))
    return Bar("distribution", low, high)


def judge_distribution(
    claim: Claim,
    compare: Distribution,
    values: Sequence[Value],
    *,
    per_seed: Sample | None,
    method: Method,
) -> ClaimJudgement:
    """``values`` of the valid trials, at least one."""
    number = parse_number(claim.published.text)
    numbers = [float(value) for value in values if not isinstance(value, str)]
    if number is None or not numbers:
        why = "only numbers have a mean: publish a number, or compare exactly"
        return _unjudged(claim, Bar("distribution", None, None), None, why)
    bar = bar_of(compare, number)
    why = _why_not(claim, numbers, number, per_seed)
    if why:
        return _unjudged(claim, bar, numbers[0], why)
    reference = reference_of(claim.published, number, per_seed)
    return _judged(Subject(claim, compare, number, sample(numbers), reference, method), bar)


def _why_not(claim: Claim, values: Sequence[float], number: Number, per_seed: Sample | None) -> str:
    """Why there is nothing to calculate with; empty when there is."""
    if claim.published.per_seed is not None and per_seed is None:
        return f"the published values in {claim.published.per_seed} cannot be used: correct that file"
    if len(values) < 2:
        return "a distribution needs the values of 2 trials, and only one gave one: mend what failed"
    if max(map(abs, (*values, float(number.value)))) > LARGEST:
        return "such large numbers cannot be squared: use another unit"
    return ""


def _unjudged(claim: Claim, bar: Bar, value: Value | None, why: str) -> ClaimJudgement:
    return ClaimJudgement(claim.id, Verdict.INCONCLUSIVE, None, claim.published.text, value, None, bar, why)


def _judged(subject: Subject, bar: Bar) -> ClaimJudgement:
    found = _estimate(subject)
    verdict = _verdict(subject, found)
    settling = Settling()
    if verdict is Verdict.INCONCLUSIVE and found.standard_error:
        settling = _settling(subject)
        found = replace(found, trials_needed=settling.trials, seeds_needed=settling.seeds)
    judged = ClaimJudgement(
        id=subject.claim.id,
        verdict=verdict,
        level=Level.D if verdict is Verdict.REPRODUCED else None,
        published=subject.claim.published.text,
        got=subject.new.mean,
        difference=difference(subject.new.mean, subject.number),
        bar=bar,
        message="",
        estimate=found,
    )
    return replace(judged, message=_sentence(subject, judged, found, settling))


def _estimate(subject: Subject) -> Estimate:
    found = subject.estimate(subject.new, subject.method.alpha)
    return replace(
        found,
        sd=subject.new.sd,
        p_value=p_value(subject.compare, found),
        expected=prediction_interval(subject.new, subject.method.coverage),
    )


def _verdict(subject: Subject, found: Estimate) -> Verdict:
    if not found.standard_error:
        return decide_point(subject.compare, found, float(subject.number.value))
    return decide(subject.compare, found, _strict(subject))


def _strict(subject: Subject) -> Estimate:
    """What "not reproduced" is decided on."""
    return subject.estimate(subject.new, subject.method.alpha / subject.method.claims)


def _settling(subject: Subject) -> Settling:
    return what_settles(
        subject.new,
        subject.published,
        subject.compare,
        target=subject.target,
        claims=subject.method.claims,
        alpha=subject.method.alpha,
    )


def _sentence(subject: Subject, judged: ClaimJudgement, found: Estimate, settling: Settling) -> str:
    """What decided, with the numbers; what would settle it comes first, where texts are not cut."""
    of = f" of {found.m} seeds" if found.m > 1 else ""
    means = f"mean {figures.got(judged)} of {found.n} trials, published {judged.published}{of}"
    allowed_text = f"allowed {figures.bar(judged)}"
    match judged.verdict:
        case Verdict.REPRODUCED:
            return f"{means}: equivalent, {figures.interval(judged, found)}, {allowed_text}"
        case Verdict.NOT_REPRODUCED:
            strict = figures.interval(judged, _strict(subject), shared_by=subject.method.claims)
            text = f"{means}: not equivalent, {strict}, {allowed_text}"
            unit = factor_of_hundred(subject.new.mean, subject.number)
            return f"{text}; {unit}" if unit else text
        case _:
            wanted = "the difference is the margin itself, which no number of trials would settle"
            if found.standard_error:
                wanted = settling_text(settling, found.m)
            return f"{wanted}; {means}, {figures.interval(judged, found)}, {allowed_text}"
