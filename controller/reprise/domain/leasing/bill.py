"""What a run's leases cost, for people and programs: estimate, running total, actual, faults apart. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reprise.domain.leasing.money import Charge, hours, reserved, used
from reprise.domain.leasing.quote import Estimate
from reprise.domain.text import clean
from reprise.domain.words import duration


@dataclass(frozen=True, slots=True)
class Bill:
    quote: Estimate | None
    """As it was before the first lease."""
    charges: tuple[Charge, ...]
    now: datetime

    @property
    def spent(self) -> float:
        """Service units up to now, without what infrastructure faults cost."""
        return sum(used(charge, self.now) for charge in self.served)

    @property
    def reserved(self) -> float:
        return sum(reserved(charge) for charge in self.served)

    @property
    def faults(self) -> float:
        return sum(used(charge, self.now) for charge in self.charges if charge.fault is not None)

    @property
    def served(self) -> tuple[Charge, ...]:
        return tuple(charge for charge in self.charges if charge.fault is None)

    @property
    def open(self) -> bool:
        """Whether anything is still held."""
        return any(charge.ended_at is None and charge.end > self.now for charge in self.charges)


def estimate_words(quote: Estimate) -> str:
    """``about 2.4 SU (1.2 to 6.0)``"""
    interval = f"{units(quote.low)} to {units(quote.high)}"
    guessed = ", some prices guessed" if quote.guessed else ""
    if quote.likely is None:
        return f"{interval} SU, no duration is declared{guessed}"
    return f"about {units(quote.likely)} SU ({interval}{guessed})"


def bill_lines(bill: Bill) -> list[str]:
    """Sentences for a report; none where nothing was leased or quoted."""
    if bill.quote is None and not bill.charges:
        return []
    return [_total(bill), *_faults(bill)]


def _total(bill: Bill) -> str:
    expected = f", expected were {estimate_words(bill.quote)}" if bill.quote is not None else ""
    if not bill.served:
        return f"Cost: no lease has served this run{expected}."
    leases = "; ".join(map(_lease, bill.served))
    if bill.open:
        return f"Cost: {units(bill.spent)} SU so far, {units(bill.reserved)} SU reserved{expected}: {leases}."
    return f"Cost: {units(bill.spent)} SU{expected}: {leases}."


def _lease(charge: Charge) -> str:
    time = duration(hours(charge) * 3600)
    return f"{clean(charge.what)} of {clean(charge.site)} for {time} at {charge.su_per_hour:g} SU an hour"


def _faults(bill: Bill) -> list[str]:
    """What the author has no part in."""
    failed = [charge for charge in bill.charges if charge.fault is not None]
    if not failed:
        return []
    why = "; ".join(dict.fromkeys(clean(charge.fault or "") for charge in failed))
    return [
        f"Infrastructure faults cost {units(bill.faults)} SU more, which no budget of this repository "
        f"counts: {why}."
    ]


def units(amount: float) -> str:
    """Service units with as many digits as a reader needs."""
    return f"{amount:.2f}" if amount < 1 else f"{amount:.1f}"


def bill_object(bill: Bill) -> dict[str, Any] | None:
    """Plain data; None where nothing was leased or quoted."""
    if bill.quote is None and not bill.charges:
        return None
    return {
        "estimate": quote_object(bill.quote) if bill.quote is not None else None,
        "su": round(bill.spent, 3),
        "reserved_su": round(bill.reserved, 3),
        "faults_su": round(bill.faults, 3),
        "leases": [_lease_object(charge, bill.now) for charge in bill.charges],
    }


def quote_object(quote: Estimate) -> dict[str, Any]:
    return {
        "low_su": round(quote.low, 3),
        "likely_su": round(quote.likely, 3) if quote.likely is not None else None,
        "high_su": round(quote.high, 3),
        "least_su": round(quote.least, 3),
        "lease_seconds": quote.length.lease.total_seconds(),
        "beyond_seconds": quote.length.beyond.total_seconds(),
        "machines": list(quote.machines),
        "guessed": quote.guessed,
    }


def _lease_object(charge: Charge, now: datetime) -> dict[str, Any]:
    return {
        "lease_id": charge.lease_id,
        "site": charge.site,
        "what": charge.what,
        "su_per_hour": charge.su_per_hour,
        "start": charge.start.isoformat(),
        "end": charge.end.isoformat(),
        "ended_at": charge.ended_at.isoformat() if charge.ended_at is not None else None,
        "su": round(used(charge, now), 3),
        "fault": charge.fault,
    }
