"""Whether a run may cost what its leases would, asked before the first one. Pure.

Three bounds: what the policy allows a run, what it leaves this repository in this month, and what the
operator leaves this person. What the cheapest lease reserves has to fit all of them; the run gets the
smallest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from reprise.domain.leasing.quote import Estimate
from reprise.domain.words import duration


class Whose(Enum):
    RUN = "run"
    REPOSITORY = "repository"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Bound:
    whose: Whose
    allowed: float
    """Service units, in a month where it is not of one run."""
    taken: float = 0.0
    """By leases this month, and promised to others."""
    name: str = ""
    """Of the user."""

    @property
    def left(self) -> float:
        return max(self.allowed - self.taken, 0.0)


def most(bounds: Sequence[Bound]) -> float | None:
    """What a run may cost; None = no bound."""
    return min((bound.left for bound in bounds), default=None)


def refusal(quote: Estimate, bounds: Sequence[Bound]) -> str | None:
    """Why not even the cheapest lease may be made, in whole sentences; None when it may."""
    tightest = min(bounds, key=lambda bound: bound.left, default=None)
    if tightest is None or quote.least <= tightest.left:
        return None
    needs = (
        f"A lease for this run reserves at least {quote.least:.1f} SU "
        f"({quote.machines[0]} for {duration(quote.length.lease.total_seconds())})"
    )
    return f"{needs}, and {_why(tightest)}"


def _why(bound: Bound) -> str:
    match bound.whose:
        case Whose.RUN:
            return (
                f"the policy allows {bound.allowed:g} SU per run: ask for less time, or raise "
                "`policy.max_su_per_run` on the default branch."
            )
        case Whose.REPOSITORY:
            return (
                f"of the {bound.allowed:g} SU that the policy allows this repository in a month "
                f"{bound.left:.1f} are left: wait for the next month, or raise `policy.max_su_per_month` on "
                "the default branch."
            )
        case Whose.USER:
            return (
                f"of the {bound.allowed:g} SU that this controller allows {bound.name} in a month "
                f"{bound.left:.1f} are left: wait for the next month, or ask the operator for more."
            )
    assert_never(bound.whose)
