"""Plans: what would be run for somebody who may not start runs, until somebody who may approves it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update
from sqlalchemy.engine import Row

from reprise.domain.plan import Facts, Plan
from reprise.domain.run import Sha
from reprise.store.codec import dump, load
from reprise.store.intake import insert_new
from reprise.store.tables import plans

_COLUMNS = tuple(field.name for field in fields(Plan))
_OPEN = plans.c.ended_at.is_(None)


@dataclass(frozen=True, slots=True)
class Untold:
    """A plan whose state the comment does not say yet."""

    id: str
    ended_at: datetime | None
    since: datetime


def add(connection: Connection, plan: Plan) -> bool:
    """Add an open plan, which takes the place of an open one of the same experiment and pull request.

    False when it is known already, whatever became of it.
    """
    values: dict[str, Any] = {name: getattr(plan, name) for name in _COLUMNS}
    values |= {"facts": dump(plan.facts), "tell_at": plan.created_at}
    values["claims"] = None if plan.claims is None else list(plan.claims)
    if not insert_new(connection, plans, values):
        return False
    older = _at(plan.repository_id, plan.pull_request) & (plans.c.experiment == plan.experiment)
    _end(connection, older & (plans.c.id != plan.id), plan.created_at, "a newer plan took its place")
    return True


def find(connection: Connection, plan_id: str) -> Plan | None:
    row = connection.execute(select(plans).where(plans.c.id == plan_id)).one_or_none()
    return _plan(row) if row is not None else None


def open_at(connection: Connection, repository_id: int, number: int) -> list[Plan]:
    """Of a pull request; one that has expired counts until somebody ends it."""
    query = select(plans).where(_at(repository_id, number) & _OPEN).order_by(plans.c.number)
    return [_plan(row) for row in connection.execute(query)]


def newest_at(connection: Connection, repository_id: int, number: int) -> list[Plan]:
    """The newest of each experiment of a pull request."""
    query = select(plans).where(_at(repository_id, number)).order_by(plans.c.number)
    return list({plan.experiment: plan for plan in map(_plan, connection.execute(query))}.values())


def asked_since(connection: Connection, who: str, since: datetime, *, besides: int) -> int:
    """For how many comments of this person plans were made, that one not counted."""
    query = select(func.count(plans.c.comment_id.distinct())).where(
        plans.c.asked_by == who, plans.c.created_at >= since, plans.c.comment_id != besides
    )
    return connection.execute(query).scalar_one()


def approve(connection: Connection, plan_id: str, who: str, at: datetime) -> bool:
    """Use it up. False when it is not open any more."""
    valid = (plans.c.id == plan_id) & _OPEN & (plans.c.expires_at > at)
    values = {"ended_at": at, "approved_by": who, "ending": f"approved by {who}", "tell_at": at}
    return connection.execute(update(plans).where(valid).values(**values)).rowcount > 0


def void(connection: Connection, ids: Iterable[str], at: datetime, why: str) -> None:
    _end(connection, plans.c.id.in_(list(ids)), at, why)


def expire(connection: Connection, now: datetime) -> None:
    _end(connection, plans.c.expires_at <= now, now, "it has expired")


def open_plan(connection: Connection, like: Plan, now: datetime) -> Plan | None:
    """One that would run the same: nobody has to read another."""
    here = open_at(connection, like.repository_id, like.pull_request)
    return next((plan for plan in here if plan.expires_at > now and plan.runs_the_same(like)), None)


def untold(connection: Connection, now: datetime) -> list[tuple[int, int]]:
    """(repository id, pull request) where the comment does not say how the plans stand."""
    due = select(plans.c.repository_id, plans.c.pull_request).where(plans.c.tell_at <= now).distinct()
    return [(row.repository_id, row.pull_request) for row in connection.execute(due)]


def any_expired(connection: Connection, now: datetime) -> bool:
    query = select(plans.c.number).where(_OPEN, plans.c.expires_at <= now).limit(1)
    return connection.execute(query).first() is not None


def shown_in(connection: Connection, repository_id: int, number: int) -> int | None:
    """The comment with the plans of a pull request."""
    query = select(func.max(plans.c.shown_in)).where(_at(repository_id, number))
    found: int | None = connection.execute(query).scalar_one()
    return found


def untold_at(connection: Connection, repository_id: int, number: int) -> list[Untold]:
    here = _at(repository_id, number) & plans.c.tell_at.is_not(None)
    query = select(plans.c.id, plans.c.created_at, plans.c.ended_at).where(here)
    return [Untold(row.id, row.ended_at, row.ended_at or row.created_at) for row in connection.execute(query)]


def told(connection: Connection, shown: Iterable[Untold], comment: int | None) -> None:
    """The comment says how these stand, unless they ended since; None = nobody could be told."""
    where = {} if comment is None else {"shown_in": comment}
    for each in shown:
        connection.execute(update(plans).where(_as_it_was(each)).values(tell_at=None, **where))


def tell_later(connection: Connection, shown: Iterable[Untold], at: datetime) -> None:
    for each in shown:
        connection.execute(update(plans).where(_as_it_was(each)).values(tell_at=at))


def _as_it_was(each: Untold) -> ColumnElement[bool]:
    ended = plans.c.ended_at == each.ended_at if each.ended_at is not None else _OPEN
    return (plans.c.id == each.id) & ended


def _at(repository_id: int, number: int) -> ColumnElement[bool]:
    return (plans.c.repository_id == repository_id) & (plans.c.pull_request == number)


def _end(connection: Connection, which: ColumnElement[bool], at: datetime, why: str) -> None:
    connection.execute(update(plans).where(which & _OPEN).values(ended_at=at, ending=why, tell_at=at))


def _plan(row: Row[Any]) -> Plan:
    values = {name: row._mapping[name] for name in _COLUMNS}
    claims = None if row.claims is None else tuple(row.claims)
    return replace(Plan(**values), facts=load(Facts, row.facts), claims=claims, commit=Sha(row.commit))
