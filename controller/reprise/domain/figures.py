"""How a claim's numbers are written for people: enough digits to see what decided, and not more."""

from decimal import Decimal, InvalidOperation

from reprise.domain.published import Number, exact, parse_number
from reprise.domain.run import ClaimJudgement, Value

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
    """``±0.005``, or ``equal`` where nothing else counts."""
    if claim.bar.low is None or claim.bar.high is None or claim.bar.low == claim.bar.high:
        return "equal"
    return f"±{(claim.bar.high - claim.bar.low) / 2:.6g}"


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
    return low is not None and high is not None and Decimal(repr(low)) <= value <= Decimal(repr(high))


def _written(value: Decimal) -> str:
    """Without an exponent as long as that reads well."""
    text = format(value, "f")
    return text if len(text) <= 20 and value.adjusted() >= -6 else str(value).replace("E", "e")
