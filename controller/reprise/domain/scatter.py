"""What is shown of several trials' values: each of them, and how wide a margin is beside their scatter.

Called by the report and the run's page. A margin is declared by the author, so that a reader has to see what
it is worth: many times the scatter of the seeds, or of the last printed digit, lets nearly everything pass.
"""

from collections.abc import Sequence
from decimal import Decimal

from reprise.domain import figures
from reprise.domain.published import Number, exact, parse_number
from reprise.domain.run import ClaimJudgement, Estimate, TrialResult
from reprise.domain.statistics import COVERAGE
from reprise.domain.text import clean, code, cut, inline

_SHOWN_VALUES = 200
"""Of each claim."""
_MOST_CHARACTERS = 21 * _SHOWN_VALUES
"""The values, and how many more there are."""


def remark(claim: ClaimJudgement) -> str:
    """One sentence beside the verdict of a distribution; empty for any other claim."""
    number = parse_number(claim.published)
    if claim.estimate is None or number is None:
        return ""
    parts = [_margin(claim, claim.estimate, number), _draw(claim, claim.estimate, number)]
    return f"{claim.id}: {'; '.join(part for part in parts if part)}."


def values_line(claim: ClaimJudgement, trials: Sequence[TrialResult]) -> str:
    """A line of Markdown with every value in the order of the trials; empty where there are not several.

    ``trials`` without the probe. A dash stands for a trial that failed.
    """
    values = single_values(claim, trials)
    return f"{code(claim.id, 80)}: {inline(values, _MOST_CHARACTERS)}{summed_up(claim)}" if values else ""


def single_values(claim: ClaimJudgement, trials: Sequence[TrialResult]) -> str:
    """The same values as plain text."""
    values = [trial.values.get(claim.id) if trial.valid else None for trial in trials]
    if sum(value is not None for value in values) < 2:
        return ""
    shown = [figures.beside(value, claim.published) for value in values[:_SHOWN_VALUES]]
    more = f" and {len(values) - _SHOWN_VALUES} more" if len(values) > _SHOWN_VALUES else ""
    return f"{cut(clean(', '.join(shown)), 20 * _SHOWN_VALUES)}{more}"


def summed_up(claim: ClaimJudgement) -> str:
    """What follows the values of a distribution; empty for any other claim."""
    found = claim.estimate
    if found is None or found.sd is None:
        return ""
    return f"; mean {figures.got(claim)}, standard deviation {found.sd:.4g}"


def _margin(claim: ClaimJudgement, found: Estimate, number: Number) -> str:
    margin = _half_width(claim, number)
    units = f"{float(margin / (2 * number.half_unit)):.4g}"
    digits = f"{units} unit{'' if units == '1' else 's'} of the last printed digit"
    if not found.sd:
        return f"all {found.n} values are equal: the seed has no effect; the margin is {digits}"
    ratio = f"{float(margin) / found.sd:.3g} times the standard deviation of the {found.n} values"
    return f"the margin is {ratio} and {digits}"


def _half_width(claim: ClaimJudgement, number: Number) -> Decimal:
    ends = [abs(exact(end) - number.value) for end in (claim.bar.low, claim.bar.high) if end is not None]
    return max(ends, default=Decimal(0))


def _draw(claim: ClaimJudgement, found: Estimate, number: Number) -> str:
    """Whether a single published number looks like one of ours; it decides nothing."""
    if found.m != 1 or found.expected is None or not found.sd:
        return ""
    share = figures.percent(COVERAGE)
    low, high = found.expected
    ends = f"{figures.beside(low, claim.published)} to {figures.beside(high, claim.published)}"
    if low <= float(number.value) <= high:
        return f"{share} of single runs are expected in {ends}, which holds the published value"
    return (
        f"{share} of single runs are expected in {ends}: "
        "the published value would be an unusually lucky or unlucky draw"
    )
