"""How a claim's numbers are written for people: enough digits to see what decided, and not more."""

from decimal import Decimal, InvalidOperation

from reprise.domain.published import Number, exact, parse_number
from reprise.domain.run import ClaimJudgement, Estimate, Value

MINUS = "\N{MINUS SIGN}"
_MORE_DIGITS = 2
"""Shown beyond the printed ones."""


def plain(value: Value) -> str:
    """A value on its own, with at most six significant digits when it is no count."""
    return format(value, ".6g") if isinstance(value, float) else str(value)


def got(claim: ClaimJudgement) -> str:
    """The value beside the published one; a dash when there is none."""
    if claim.got is None:
        return "–"
    number = parse_number(claim.published)
    if isinstance(claim.got, str) or number is None:
        return plain(claim.got)
    rounded = _rounded(exact(claim.got), number)
    if _inside(claim, rounded) is not _inside(claim, exact(claim.got)):
        return _written(exact(claim.got))
    return _written(rounded)


def percent(share: float) -> str:
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def beside(value: Value | None, published: str) -> str:
    """Any value with two digits more than the published one has; a dash for none."""
    number = parse_number(published)
    if value is None:
        return "–"
    if isinstance(value, str) or number is None:
        return plain(value)
    return _written(_rounded(exact(value), number))


def published(claim: ClaimJudgement) -> str:
    """With the number of published seeds, where that counts."""
    m = claim.estimate.m if claim.estimate is not None else 0
    return f"{claim.published} (m={m})" if m > 1 else claim.published


def got_of(claim: ClaimJudgement) -> str:
    """With the number of trials, where it is their mean."""
    return f"{got(claim)} (n={claim.estimate.n})" if claim.estimate is not None else got(claim)


def difference_of(claim: ClaimJudgement) -> str:
    """With half of its confidence interval, where there is one."""
    found = claim.estimate
    if found is None or not found.standard_error:
        return difference(claim)
    half = beside((found.high - found.low) / 2, claim.published)
    return f"{signed(found.difference, claim)} ± {half}"


def difference(claim: ClaimJudgement) -> str:
    """Signed, got - published; a dash when there is none."""
    number = parse_number(claim.published)
    if claim.got is None or isinstance(claim.got, str) or number is None:
        return "–"
    off = exact(claim.got) - number.value
    if _inside(claim, _rounded(exact(claim.got), number)) is _inside(claim, exact(claim.got)):
        off = _rounded(off, number)
    return (MINUS if off < 0 else "+") + _written(abs(off)) if off else "0"


def bar(claim: ClaimJudgement) -> str:
    """``±0.005``, ``≥ 0.945`` where only one side counts, or ``equal`` where nothing else does."""
    low, high = claim.bar.low, claim.bar.high
    if low is not None and high is not None:
        return f"±{(high - low) / 2:.6g}" if low != high else "equal"
    if low is not None:
        return f"≥ {low:.10g}"
    return f"≤ {high:.10g}" if high is not None else "equal"


def interval(claim: ClaimJudgement, found: Estimate, *, shared_by: int = 1) -> str:
    """What the difference is, with its confidence: ``difference −0.0012 to +0.0034 (90 % interval)``.

    ``shared_by``: claims among which alpha was divided, which is why theirs is wider than the others.
    """
    if not found.standard_error:
        return f"{ends(claim, found)} without scatter"
    why = f", {shared_by} claims share the risk" if shared_by > 1 else ""
    return f"{ends(claim, found)} ({confidence(found)} interval{why})"


def confidence(found: Estimate) -> str:
    """``90 %``, of the two-sided interval at ``1 - 2 * alpha``."""
    return f"{100 * (1 - 2 * found.alpha):.6g} %"


def ends(claim: ClaimJudgement, found: Estimate) -> str:
    """``difference −0.0012 to +0.0034``; a single number where the interval is a point."""
    if not found.standard_error:
        return f"difference {signed(found.difference, claim)}"
    return f"difference {signed(found.low, claim)} to {signed(found.high, claim)}"


def signed(off: float, claim: ClaimJudgement) -> str:
    """A difference with two digits more than printed; with all where rounding would move it over the bar."""
    number = parse_number(claim.published)
    if number is None:
        return plain(off)
    rounded = _rounded(exact(off), number)
    edges = [exact(end) - number.value for end in (claim.bar.low, claim.bar.high) if end is not None]
    if any(_order(rounded, edge) != _order(exact(off), edge) for edge in edges):
        rounded = exact(off)
    return (MINUS if rounded < 0 else "+") + _written(abs(rounded)) if rounded else "0"


def _order(value: Decimal, edge: Decimal) -> int:
    return (value > edge) - (value < edge)


def _rounded(value: Decimal, number: Number) -> Decimal:
    """To two digits more than printed, unless that would leave nothing or not fit."""
    places = number.decimals + _MORE_DIGITS
    if -int(value.as_tuple().exponent) <= places:
        return value
    try:
        rounded = value.quantize(Decimal((0, (1,), -places)))
    except InvalidOperation:
        return value
    return rounded if rounded else Decimal(f"{value:.3g}")


def _inside(claim: ClaimJudgement, value: Decimal) -> bool:
    low, high = claim.bar.low, claim.bar.high
    if low is None and high is None:
        return False
    return (low is None or Decimal(repr(low)) <= value) and (high is None or value <= Decimal(repr(high)))


def _written(value: Decimal) -> str:
    """Without an exponent as long as that reads well."""
    text = format(value, "f")
    return text if len(text) <= 20 and value.adjusted() >= -6 else str(value).replace("E", "e")
