"""A published number as it was printed, so that its digits count.

A paper prints 0.970, not a double: what it claims is every value that would be printed like that.
The verdict and the spec parser call this; all arithmetic is decimal, so that the edges are exact.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+(?:\.(?P<after>[0-9]*))?|\.(?P<bare>[0-9]+))(?:[eE](?P<exponent>[+-]?[0-9]{1,4}))?"
)
_MAX_CHARACTERS = 100
_MAX_EXPONENT = 300
"""Beyond it a double ends, and decimal arithmetic would become expensive."""

_SLACK = Decimal("1e-12")
"""Relative; forgives the last bits of a double, nothing that anybody printed."""

_FACTOR_SLACK = 0.05
"""Relative; how near to 100 a ratio must be to look like percent against a fraction."""


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal
    decimals: int
    """Digits after the point of the printed significand, moved by the exponent: 4 for ``1.5e-3``."""
    integer: bool
    """Printed without point and exponent."""

    @property
    def half_unit(self) -> Decimal:
        """Half a unit of the last printed digit: 0.5·10^-decimals."""
        return Decimal((0, (5,), -self.decimals - 1))


def parse_number(text: str) -> Number | None:
    """What a printed text means; None when it is no number that a double could hold."""
    match = _NUMBER.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
    if match is None:
        return None
    exponent = int(match["exponent"] or 0)
    value = Decimal(text)
    if abs(exponent) > _MAX_EXPONENT or abs(value.adjusted()) > _MAX_EXPONENT:
        return None
    after = match["after"] or match["bare"] or ""
    integer = match["after"] is None and match["bare"] is None and match["exponent"] is None
    return Number(value, len(after) - exponent, integer)


def exact(value: int | float) -> Decimal:
    """The shortest decimal that stands for this value: what the job wrote into its file."""
    return Decimal(repr(value))


def within(value: int | float, number: Number, bound: Decimal) -> bool:
    """``|value - published| <= bound``, with the slack of doubles."""
    allowed = bound + _SLACK * (abs(number.value) + bound)
    return abs(exact(value) - number.value) <= allowed


def equal_as_printed(value: int | float, number: Number) -> bool:
    """Level B: a count equals the published count; anything else rounds to the printed digits."""
    if number.integer and isinstance(value, int):
        return Decimal(value) == number.value
    return within(value, number, number.half_unit)


def difference(value: int | float, number: Number) -> float:
    """value - published."""
    return float(exact(value) - number.value)


def factor_of_hundred(value: int | float | str, number: Number | None) -> str:
    """A sentence's end about percent beside a fraction; empty where the numbers do not look like it."""
    if number is None or isinstance(value, str) or not value or not number.value:
        return ""
    ratio = float(exact(value) / number.value)
    if not any(abs(ratio / factor - 1) <= _FACTOR_SLACK for factor in (100, 0.01)):
        return ""
    return "they are a factor of 100 apart: write both in the same unit"
