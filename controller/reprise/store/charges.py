"""What leases cost, on whose account, and what is promised to runs that have none yet."""

from collections.abc import Iterable
from datetime import datetime
from statistics import median

from sqlalchemy import ColumnElement, Connection, select, update

from reprise.domain.leasing.money import Charge, hours, kept
from reprise.domain.run import RunId
from reprise.store.intake import insert_new
from reprise.store.runs import Run
from reprise.store.tables import charges, runs

_Both = tuple[ColumnElement[bool], ColumnElement[bool]]

_COLUMNS = tuple(Charge.__dataclass_fields__)
_CHARGE = select(*(charges.c[name] for name in _COLUMNS))


def keep(connection: Connection, run: Run, found: Iterable[Charge]) -> None:
    """As it is known now; what was known of the same lease before gives way."""
    for charge in found:
        values: dict[str, object] = {name: getattr(charge, name) for name in _COLUMNS}
        account = {"run_id": run.id, "repository_id": run.repository.id, "who": run.who}
        if insert_new(connection, charges, {**account, **values}):
            continue
        this = (charges.c.run_id == run.id) & (charges.c.lease_id == charge.lease_id)
        connection.execute(update(charges).where(this).values(**values))


def close(connection: Connection, run_id: RunId, at: datetime) -> None:
    """Everything of this run has been given back."""
    still_open = (charges.c.run_id == run_id) & charges.c.ended_at.is_(None)
    connection.execute(update(charges).where(still_open).values(ended_at=at))


def of_run(connection: Connection, run_id: str) -> tuple[Charge, ...]:
    """In the order of their starts."""
    query = _CHARGE.where(charges.c.run_id == run_id).order_by(charges.c.start, charges.c.lease_id)
    return tuple(Charge(**row._mapping) for row in connection.execute(query))


def of_repository(connection: Connection, repository_id: int, since: datetime, *, besides: str = "") -> float:
    """Service units that its leases since then cost or keep, and that are promised to its runs."""
    theirs = charges.c.repository_id == repository_id, runs.c.repository_id == repository_id
    return _taken(connection, theirs, since, besides)


def of_user(connection: Connection, who: str, since: datetime, *, besides: str = "") -> float:
    """The same of everything that one person caused."""
    return _taken(connection, (charges.c.who == who, runs.c.who == who), since, besides)


def usual_hours(connection: Connection, repository_id: int, experiment: str, limit: int = 20) -> float | None:
    """How long leases of one run of the experiment lasted, the median of the latest; None for the first."""
    query = (
        select(charges.c.run_id, *(charges.c[name] for name in _COLUMNS))
        .join(runs, runs.c.id == charges.c.run_id)
        .where(
            runs.c.repository_id == repository_id,
            runs.c.experiment == experiment,
            runs.c.ended_at.is_not(None),
            runs.c.untrusted.is_(False),
            charges.c.fault.is_(None),
            charges.c.ended_at.is_not(None),
        )
        .order_by(runs.c.number.desc())
        .limit(limit)
    )
    found: dict[str, float] = {}
    for row in connection.execute(query):
        charge = Charge(**{name: row._mapping[name] for name in _COLUMNS})
        found[row.run_id] = found.get(row.run_id, 0.0) + hours(charge)
    return median(found.values()) if found else None


def _taken(connection: Connection, theirs: _Both, since: datetime, besides: str) -> float:
    """``theirs``: which charges, which runs. A fault of the infrastructure is nobody's expense."""
    charged, asked = theirs
    mine = (charged, charges.c.start >= since, charges.c.run_id != besides, charges.c.fault.is_(None))
    leased = kept(Charge(**row._mapping) for row in connection.execute(_CHARGE.where(*mine)))
    without = runs.c.id.not_in(select(charges.c.run_id))
    open_ = (asked, runs.c.id != besides, runs.c.ended_at.is_(None), runs.c.judgement.is_(None), without)
    waiting = select(runs.c.quoted, runs.c.su_limit).where(*open_, runs.c.quoted.is_not(None))
    return leased + sum(_promised(row.quoted["high"], row.su_limit) for row in connection.execute(waiting))


def _promised(high: float, limit: float | None) -> float:
    return high if limit is None else min(high, limit)
