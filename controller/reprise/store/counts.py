"""Counts over our tables, for metrics: cheap enough to be asked every few seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from sqlalchemy import Connection, func, select

from reprise.domain.run import Phase, Reason, Verdict
from reprise.store.tables import phases, runs, triggers


@dataclass(frozen=True, slots=True)
class Queue:
    waiting: int
    oldest: datetime | None
    """When the run that waits longest was added."""
    live: dict[Phase, int]


def judged(connection: Connection) -> dict[tuple[Verdict, Reason], int]:
    """Verdict and reason → how many runs ended so."""
    verdict, reason = runs.c.judgement["verdict"].as_string(), runs.c.judgement["reason"].as_string()
    query = (
        select(verdict, reason, func.count()).where(runs.c.ended_at.is_not(None)).group_by(verdict, reason)
    )
    found = connection.execute(query)
    return {(Verdict(v), Reason(r)): number for v, r, number in found if v is not None}


def queue(connection: Connection) -> Queue:
    waits = runs.c.granted_at.is_(None) & runs.c.ended_at.is_(None)
    lives = runs.c.granted_at.is_not(None) & runs.c.ended_at.is_(None)
    waiting, oldest = connection.execute(select(func.count(), func.min(runs.c.created_at)).where(waits)).one()
    query = select(runs.c.phase, func.count()).where(lives).group_by(runs.c.phase)
    return Queue(waiting, oldest, {Phase(phase): number for phase, number in connection.execute(query)})


def open_triggers(connection: Connection) -> int:
    """Not yet settled: their ref is still to be resolved, or could not be."""
    query = select(func.count()).where(triggers.c.next_at.is_not(None))
    return int(connection.execute(query).scalar_one())


def ended_phases(
    connection: Connection, after: datetime, until: datetime
) -> Iterator[tuple[Phase, timedelta]]:
    """How long each phase took, of the runs that ended in this time (after < end <= until)."""
    query = (
        select(phases.c.run_id, phases.c.phase, phases.c.at)
        .join(runs, runs.c.id == phases.c.run_id)
        .where(runs.c.ended_at > after, runs.c.ended_at <= until)
        .order_by(phases.c.run_id, phases.c.at)
    )
    for _, entered in groupby(connection.execute(query), key=lambda row: row.run_id):
        for begin, end in pairwise(entered):
            yield Phase(begin.phase), end.at - begin.at
