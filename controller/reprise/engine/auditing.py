"""What the audit is told, each in the transaction of what it records. Repeating any of it adds no line."""

from collections.abc import Sequence
from datetime import datetime

from reprise.domain.audit import OURSELVES, Action, Deed, Unit
from reprise.domain.leasing.money import Charge, used
from reprise.domain.plan import Plan
from reprise.domain.run import Judgement, Reason, RunId
from reprise.domain.words import duration, outcome
from reprise.ports import Allocation, Failed
from reprise.store import audit
from reprise.store.database import Connection
from reprise.store.intake import Trigger
from reprise.store.runs import NewRun, Run

_STOPS = {
    Reason.SUPERSEDED: Action.SUPERSEDED,
    Reason.REFUSED: Action.REFUSED,
    Reason.OVER_BUDGET: Action.LIMITED,
}
"""Every other stop was somebody's wish."""


def requested(
    connection: Connection, run: NewRun, repository: str, at: datetime, *, trigger: Trigger | None = None
) -> None:
    """Without a trigger: nobody told us of it, it was asked for on this machine."""
    deed = Deed(
        at,
        Action.REQUESTED,
        run.who,
        repository,
        run.id,
        run.ref,
        run.commit,
        trigger.delivery if trigger is not None else None,
        trigger.comment_id if trigger is not None else None,
        detail=f"{run.trigger} at {run.commit[:7]}",
    )
    audit.write(connection, deed, about=run.id)


def refused(connection: Connection, trigger: Trigger, why: str, at: datetime) -> None:
    deed = Deed(
        at,
        Action.REFUSED,
        trigger.who,
        trigger.repository,
        ref=trigger.ref,
        commit=trigger.commit,
        delivery=trigger.delivery,
        comment_id=trigger.comment_id,
        detail=why,
    )
    said_in = trigger.comment_id or trigger.delivery  # a click has no comment
    audit.write(connection, deed, about=f"{trigger.repository_id}:{trigger.ref}:{said_in}")


def approved(connection: Connection, trigger: Trigger, plan: Plan, run: NewRun, at: datetime) -> None:
    most = f", at most {duration(run.spend_limit)} of one machine" if run.spend_limit is not None else ""
    deed = Deed(
        at,
        Action.APPROVED,
        trigger.who,
        trigger.repository,
        run.id,
        run.ref,
        run.commit,
        trigger.delivery,
        trigger.comment_id,
        detail=f"{plan.id}, asked for by {plan.asked_by}, at {run.commit[:7]}{most}",
    )
    audit.write(connection, deed, about=plan.id)


def stopped(connection: Connection, run: Run, why: Failed, who: str, at: datetime) -> None:
    action = _STOPS.get(why.reason, Action.CANCELLED)
    audit.write(connection, _of(run, at, action, who=who, detail=why.message), about=run.id)


def machine_asked(connection: Connection, run: Run, at: datetime) -> None:
    audit.write(connection, _of(run, at, Action.MACHINE_ASKED), about=run.id)


def machine_taken(connection: Connection, run: Run, machine: Allocation, at: datetime) -> None:
    deed = _of(run, at, Action.MACHINE_TAKEN, detail=machine.description)
    audit.write(connection, deed, about=run.id)


def machine_released(connection: Connection, run: Run, at: datetime, found: Sequence[Charge] = ()) -> None:
    """Nothing when none was asked for. What it cost its leases say, else when it was taken."""
    if audit.find(connection, Action.MACHINE_ASKED, about=run.id) is None:
        return
    why = run.stop_requested.message if run.stop_requested is not None else "the work was over"
    if audit.write(connection, _of(run, at, Action.MACHINE_RELEASED, detail=why), about=run.id):
        _spent(connection, run, at, found)


def orphan_released(
    connection: Connection, run_id: RunId, run: Run | None, at: datetime, found: Sequence[Charge] = ()
) -> None:
    """The run may be one that we do not know."""
    why = "no run worked with it any more"
    deed = Deed(at, Action.MACHINE_RELEASED, OURSELVES, None, run_id, detail=why)
    if run is not None:
        deed = _of(run, at, Action.MACHINE_RELEASED, who=OURSELVES, detail=why)
        _spent(connection, run, at, found)
    audit.write(connection, deed, about=f"{run_id}:{at.isoformat()}")


def _spent(connection: Connection, run: Run, at: datetime, found: Sequence[Charge]) -> None:
    if found:
        lost = sum(used(charge, at) for charge in found if charge.fault is not None)
        amount = sum(used(charge, at) for charge in found if charge.fault is None)
        detail = f", and {lost:.2f} SU on faults of the infrastructure" if lost else ""
        deed = _of(run, at, Action.SPENT, amount=amount, unit=Unit.SERVICE_UNITS, detail=detail)
        audit.write(connection, deed, about=run.id)
        return
    taken = audit.find(connection, Action.MACHINE_TAKEN, about=run.id)
    if taken is None:
        return
    seconds = max((at - taken.at).total_seconds(), 0.0)
    deed = _of(run, at, Action.SPENT, amount=seconds, unit=Unit.MACHINE_SECONDS)
    audit.write(connection, deed, about=run.id)


def judged(connection: Connection, run: Run, judgement: Judgement, at: datetime) -> None:
    audit.write(connection, _of(run, at, Action.JUDGED, detail=outcome(judgement)), about=run.id)


def _of(
    run: Run,
    at: datetime,
    action: Action,
    *,
    who: str | None = None,
    detail: str = "",
    amount: float | None = None,
    unit: Unit | None = None,
) -> Deed:
    """On the account of whoever caused the run, unless somebody else is named."""
    return Deed(
        at,
        action,
        who if who is not None else run.who,
        run.repository.full_name,
        run.id,
        run.ref,
        run.commit,
        amount=amount,
        unit=unit,
        detail=detail,
    )
