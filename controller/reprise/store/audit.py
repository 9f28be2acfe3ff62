"""The audit's lines. The database itself refuses to change or delete one (migration 0004)."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.engine import Row

from reprise.domain.audit import Action, Deed, Line, Unit
from reprise.store.intake import insert_new
from reprise.store.tables import audit

_COLUMNS = tuple(field.name for field in fields(Deed))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines; None = all."""

    run_id: str | None = None
    repository: str | None = None
    who: str | None = None
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    repository: str | None
    who: str
    unit: Unit
    amount: float
    runs: int


def write(connection: Connection, deed: Deed, *, about: str) -> bool:
    """Add a line, once for an action and what it is ``about``; False when it stands there already."""
    values: dict[str, Any] = {name: getattr(deed, name) for name in _COLUMNS}
    values |= {"action": deed.action.value, "unit": deed.unit.value if deed.unit is not None else None}
    return insert_new(connection, audit, {**values, "key": _key(deed.action, about)})


def find(connection: Connection, action: Action, *, about: str) -> Deed | None:
    row = connection.execute(select(audit).where(audit.c.key == _key(action, about))).one_or_none()
    return _line(row).deed if row is not None else None


def lines(connection: Connection, wanted: Filter, *, after: int = 0, limit: int = 1000) -> list[Line]:
    """In the order of writing."""
    query = select(audit).where(audit.c.number > after, *_where(wanted)).order_by(audit.c.number)
    return [_line(row) for row in connection.execute(query.limit(limit))]


def spent(connection: Connection, wanted: Filter) -> list[Spent]:
    """What was spent for whom and where, most first."""
    total = func.sum(audit.c.amount)
    query = (
        select(audit.c.repository, audit.c.who, audit.c.unit, total, func.count())
        .where(audit.c.action == Action.SPENT.value, *_where(wanted))
        .group_by(audit.c.repository, audit.c.who, audit.c.unit)
        .order_by(total.desc(), audit.c.repository, audit.c.who)
    )
    return [
        Spent(repository, who, Unit(unit), float(amount), runs)
        for repository, who, unit, amount, runs in connection.execute(query)
    ]


def spent_since(connection: Connection, repository: str, unit: Unit, since: datetime) -> float:
    """What a repository, as it is called now, has spent of this unit."""
    query = select(func.sum(audit.c.amount)).where(
        audit.c.action == Action.SPENT.value,
        audit.c.repository == repository,
        audit.c.unit == unit.value,
        audit.c.at >= since,
    )
    return float(connection.execute(query).scalar_one() or 0.0)


def _where(wanted: Filter) -> list[ColumnElement[bool]]:
    action = wanted.action.value if wanted.action is not None else None
    asked = {"run_id": wanted.run_id, "repository": wanted.repository, "who": wanted.who, "action": action}
    return [audit.c[name] == value for name, value in asked.items() if value is not None]


def _key(action: Action, about: str) -> str:
    return f"{action.value}:{about}"


def _line(row: Row[Any]) -> Line:
    values = {name: row._mapping[name] for name in _COLUMNS}
    values |= {"action": Action(row.action), "unit": Unit(row.unit) if row.unit is not None else None}
    return Line(row.number, Deed(**values))
