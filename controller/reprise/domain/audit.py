"""The audit's words: who or what caused a run, a stop, a machine or what it cost, a line for each.

Lines are only ever added. The engine writes each in the transaction of what it records; page and API
show them. A new kind of line is one more `Action` with its sentence.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from reprise.domain.run import RunId, Sha
from reprise.domain.words import duration

OURSELVES = "reprise"
"""Who caused what nobody asked for."""


class Action(Enum):
    REQUESTED = "requested"
    REFUSED = "refused"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    LIMITED = "limited"
    MACHINE_ASKED = "machine_asked"
    MACHINE_TAKEN = "machine_taken"
    MACHINE_RELEASED = "machine_released"
    SPENT = "spent"
    JUDGED = "judged"


class Unit(Enum):
    """What an amount counts; each backend spends in its own."""

    MACHINE_SECONDS = "machine_seconds"
    """One machine for one second, from when the run got it until it was given back."""
    SERVICE_UNITS = "service_units"
    """Of leases, without those that served nothing through a fault of the infrastructure."""


@dataclass(frozen=True, slots=True)
class Deed:
    at: datetime
    action: Action
    who: str
    """Whoever caused it: a login, ``the sweep``, ``the backfill``, or ``reprise`` itself."""
    repository: str | None
    """``owner/name`` at that time; None when it is not known any more."""
    run_id: RunId | None = None
    """None for a request that became no run."""
    ref: str | None = None
    commit: Sha | None = None
    delivery: str | None = None
    """The forge's id of the webhook delivery that asked; None = no delivery did."""
    comment_id: int | None = None
    amount: float | None = None
    unit: Unit | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    """In the order of writing; what a reader goes on after."""
    deed: Deed


SENTENCE: dict[Action, str] = {
    Action.REQUESTED: "run asked for: {detail}",
    Action.REFUSED: "request refused: {detail}",
    Action.APPROVED: "plan approved: {detail}",
    Action.CANCELLED: "run cancelled",
    Action.SUPERSEDED: "run ended for a newer one: {detail}",
    Action.LIMITED: "run ended: {detail}",
    Action.MACHINE_ASKED: "machine asked for",
    Action.MACHINE_TAKEN: "machine taken: {detail}",
    Action.MACHINE_RELEASED: "machine given back: {detail}",
    Action.SPENT: "spent: {amount}",
    Action.JUDGED: "verdict: {detail}",
}
"""What happened because of ``who``."""


def sentence(deed: Deed) -> str:
    """Without the name of who caused it."""
    return SENTENCE[deed.action].format(detail=deed.detail, amount=amount(deed))


def amount(deed: Deed) -> str:
    """``3 min 20 s of one machine``; empty when nothing was counted."""
    if deed.amount is None or deed.unit is None:
        return ""
    match deed.unit:
        case Unit.MACHINE_SECONDS:
            return f"{duration(deed.amount)} of one machine"
        case Unit.SERVICE_UNITS:
            return f"{deed.amount:.2f} SU{deed.detail}"
