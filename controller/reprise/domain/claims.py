"""Judges one claim on the values that the trials gave; mode distribution is in `distribution`.

Called by `verdict`. A value meets a claim when it equals the published one at its printed precision
(level B) or lies within the declared tolerance (level C); the claim reports the weaker of what its values
meet. Level A belongs to the whole run and is added there. How sure a miss is depends on the probe:

- exact: trial 0 decides. A miss is "not reproduced" only when the job repeats itself, else inconclusive.
- tolerance: every value counts. All inside is "reproduced", with at least 3 values from a job that is
  known not to repeat. All outside on one side is "not reproduced" when the job repeats itself or there
  are 3 values. Everything else is inconclusive. Where only the worse side counts, a better value is inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from reprise.domain import figures
from reprise.domain.distribution import Method, bar_of, judge_distribution
from reprise.domain.published import (
    Number,
    difference,
    equal_as_printed,
    exact,
    factor_of_hundred,
    parse_number,
    within,
)
from reprise.domain.rules import CURRENT_RULES, Rules
from reprise.domain.run import Bar, ClaimJudgement, Level, TrialResult, Value, Verdict
from reprise.domain.spec.model import Better, Claim, Distribution, Exact, PublishedKind, Side, Tolerance
from reprise.domain.statistics import Sample

LEVEL_TEXT: dict[Level, str] = {
    Level.A: "identical artifacts",
    Level.B: "equal at the published precision",
    Level.C: "within the declared tolerance",
    Level.D: "statistically equivalent within the declared margin",
}

_SEVERITY: dict[Verdict, int] = {
    Verdict.NOT_RUN: 0,
    Verdict.NOT_REPRODUCED: 1,
    Verdict.INCONCLUSIVE: 2,
    Verdict.NOT_JUDGED: 3,
    Verdict.REPRODUCED: 4,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a claim is judged with beside its own trials."""

    repeats: bool | None = None
    """What the probe showed, None without one."""
    per_seed: Sample | None = None
    """The published values of the claim's ``per_seed`` file."""
    tests: int = 1
    """Claims of the run in mode distribution: they share the risk of a false "not reproduced"."""
    rules: Rules = CURRENT_RULES


def judge_claim(claim: Claim, trials: Sequence[TrialResult], setting: Setting) -> ClaimJudgement:
    """``trials`` without the probe, in order."""
    valid = [trial for trial in trials if trial.valid] or trials
    values = [trial.values[claim.id] for trial in valid if claim.id in trial.values]
    if not values:
        return without_value(claim, _problem(claim, trials))
    if claim.published.kind is PublishedKind.BEST_OF:
        return _best_of(claim, values[0])
    match claim.compare:
        case Exact():
            return _judge_exact(claim, trials[0].values.get(claim.id), repeats=setting.repeats)
        case Tolerance():
            return _judge_tolerance(claim, values, setting)
        case Distribution() as compare:
            rules = setting.rules
            method = Method(rules.alpha, setting.tests, rules.coverage)
            return judge_distribution(claim, compare, values, per_seed=setting.per_seed, method=method)


def without_value(claim: Claim, message: str) -> ClaimJudgement:
    """The claim of a run that gave it no value."""
    bar = _bar(claim, None)
    return ClaimJudgement(claim.id, Verdict.NOT_RUN, None, claim.published.text, None, None, bar, message)


def worst_first(claims: Sequence[ClaimJudgement]) -> tuple[ClaimJudgement, ...]:
    """By verdict, then by how many bars the value is away; stable for equals."""
    return tuple(sorted(claims, key=lambda claim: (_SEVERITY[claim.verdict], -_bars_away(claim))))


def _judge_exact(claim: Claim, value: Value | None, *, repeats: bool | None) -> ClaimJudgement:
    if value is None:
        return replace(
            without_value(
                claim, "trial 0 failed, and only its seed can be compared exactly: mend it or use a tolerance"
            ),
            verdict=Verdict.INCONCLUSIVE,
        )
    if level_of(claim, value) is Level.B:
        return _judged(claim, value, Verdict.REPRODUCED, level=Level.B)
    match repeats:
        case True:
            return _judged(claim, value, Verdict.NOT_REPRODUCED)
        case False:
            return _judged(
                claim,
                value,
                Verdict.INCONCLUSIVE,
                "the job does not repeat itself, so declare a tolerance in compare",
            )
        case None:
            why = "no probe was run, so that this may be chance: set determinism.self_repeat to true"
            return _judged(claim, value, Verdict.INCONCLUSIVE, why)


def _judge_tolerance(claim: Claim, values: Sequence[Value], setting: Setting) -> ClaimJudgement:
    levels = [level_of(claim, value) for value in values]
    value = max(values, key=lambda each: _away(claim, each))
    repeats, wanted = setting.repeats, setting.rules.unrepeatable
    enough = len(values) >= wanted
    if all(level is not None for level in levels):
        if repeats is False and not enough:
            why = f"the job does not repeat itself, which takes {wanted} values: mend what failed"
            return _judged(claim, value, Verdict.INCONCLUSIVE, why)
        level = Level.C if Level.C in levels else Level.B
        return _judged(claim, value, Verdict.REPRODUCED, _shown(values), level=level)
    if any(level is not None for level in levels) or not _one_side(claim, values):
        why = (
            f"{levels.count(None)} of {len(values)} values miss: run more trials or declare a wider tolerance"
        )
        return _judged(claim, value, Verdict.INCONCLUSIVE, why)
    if repeats or enough:
        return _judged(claim, value, Verdict.NOT_REPRODUCED, _shown(values))
    why = "one value cannot tell a miss from chance: set determinism.self_repeat to true, or runs.n to 3"
    return _judged(claim, value, Verdict.INCONCLUSIVE, why)


def _best_of(claim: Claim, value: Value) -> ClaimJudgement:
    why = "published is the best of several, which no single run can confirm: publish a mean or a single run"
    return _judged(claim, value, Verdict.INCONCLUSIVE, why)


def _judged(
    claim: Claim, value: Value, verdict: Verdict, why: str = "", *, level: Level | None = None
) -> ClaimJudgement:
    """The judgement with its sentence: both numbers, what was allowed, and why."""
    number = parse_number(claim.published.text)
    off = difference(value, number) if number is not None and not isinstance(value, str) else None
    bar = _bar(claim, value)
    judged = ClaimJudgement(claim.id, verdict, level, claim.published.text, value, off, bar, "")
    parts = [_numbers(judged), why, factor_of_hundred(value, number) if level is None else ""]
    if verdict is Verdict.INCONCLUSIVE:
        parts = [why, *parts[::2]]  # the reason must survive where texts are cut
    return replace(judged, message="; ".join(part for part in parts if part))


def _numbers(claim: ClaimJudgement) -> str:
    got, published, allowed = figures.got(claim), claim.published, figures.bar(claim)
    if claim.level is not None:
        how = LEVEL_TEXT[claim.level] if claim.difference else "equal"
        return f"got {got}, published {published}: {how}" + (
            f" ({allowed})" if claim.level is Level.C else ""
        )
    if claim.difference is None:
        return f"got {got}, published {published}: not equal"
    return f"got {got}, published {published}: off by {figures.difference(claim)}, allowed {allowed}"


def _shown(values: Sequence[Value]) -> str:
    return f"the worst of {len(values)} values" if len(values) > 1 else ""


def level_of(claim: Claim, value: Value) -> Level | None:
    """The strongest level that this value meets by itself, in mode exact or tolerance."""
    number = parse_number(claim.published.text)
    if number is None or isinstance(value, str):
        return Level.B if value == claim.published.text else None
    if equal_as_printed(value, number):
        return Level.B
    if _on_better_side(claim, value, number):
        return Level.C
    return Level.C if within(value, number, _tolerance(claim, number)) else None


def _on_better_side(claim: Claim, value: int | float, number: Number) -> bool:
    """Where only the worse side counts: better than published."""
    compare = claim.compare
    if not isinstance(compare, Tolerance) or compare.side is Side.BOTH:
        return False
    return (exact(value) > number.value) is (compare.better is Better.HIGHER)


def _tolerance(claim: Claim, number: Number) -> Decimal:
    """max(abs, rel·\\|p\\|); nothing in mode exact, where only the printed digits count."""
    match claim.compare:
        case Exact():
            return Decimal(0)
        case Tolerance(abs=absolute, rel=relative):
            return max(exact(absolute), exact(relative) * abs(number.value))
        case Distribution(margin=margin):
            return exact(margin)


def _bar(claim: Claim, value: Value | None) -> Bar:
    """What the value had to lie in. A tolerance finer than the printed digits does not narrow it."""
    number = parse_number(claim.published.text)
    if isinstance(claim.compare, Distribution):
        return bar_of(claim.compare, number) if number is not None else Bar("distribution", None, None)
    mode = "exact" if isinstance(claim.compare, Exact) else "tolerance"
    if number is None:
        return Bar(mode, None, None)
    count = number.integer and not isinstance(value, float)
    half = max(Decimal(0) if count else number.half_unit, _tolerance(claim, number))
    low, high = float(number.value - half), float(number.value + half)
    if isinstance(claim.compare, Tolerance) and claim.compare.side is Side.NO_WORSE:
        return Bar(mode, low, None) if claim.compare.better is Better.HIGHER else Bar(mode, None, high)
    return Bar(mode, low, high)


def _away(claim: Claim, value: Value) -> Decimal:
    number = parse_number(claim.published.text)
    if number is None or isinstance(value, str):
        return Decimal(0)
    away = abs(exact(value) - number.value)
    return -away if _on_better_side(claim, value, number) else away


def _one_side(claim: Claim, values: Sequence[Value]) -> bool:
    number = parse_number(claim.published.text)
    if number is None:
        return True
    return len({exact(value) > number.value for value in values if not isinstance(value, str)}) == 1


def _bars_away(claim: ClaimJudgement) -> float:
    """How many times as far from the published value as allowed; where only one side counts, on that side."""
    number = parse_number(claim.published)
    low, high = claim.bar.low, claim.bar.high
    if claim.difference is None or number is None or (low is None and high is None):
        return 0.0
    value = float(number.value)
    if low is None or high is None:
        half = value - low if low is not None else (high or 0.0) - value
        away = max(0.0, -claim.difference if low is not None else claim.difference)
    else:
        half, away = (high - low) / 2, abs(claim.difference)
    return away / half if half > 0 else away


def _problem(claim: Claim, trials: Sequence[TrialResult]) -> str:
    """Why no trial gave a value: the first trial's own words."""
    first = trials[0]
    return first.problems.get(claim.id) or first.message or "no trial gave a value"
