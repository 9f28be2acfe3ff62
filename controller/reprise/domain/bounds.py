"""How far a value may be away from the published one: by what a claim declares, and by its printed digits.

In doubles, for plans and for the lint; a verdict does its own arithmetic in decimals.
"""

from reprise.domain.published import parse_number
from reprise.domain.spec.model import Claim, Distribution, Exact, Published, Tolerance


def bound_of(claim: Claim) -> float | None:
    """Declared for a value or a mean, in the published unit; None in mode exact."""
    match claim.compare:
        case Exact():
            return None
        case Distribution(margin=margin):
            return margin
        case Tolerance(abs=absolute, rel=relative):
            number = parse_number(claim.published.text)
            return max(absolute, relative * abs(float(number.value)) if number is not None else 0.0)


def half_unit(published: Published) -> float | None:
    """Half a unit of the last printed digit; None for a text."""
    number = parse_number(published.text)
    return float(number.half_unit) if number is not None else None
