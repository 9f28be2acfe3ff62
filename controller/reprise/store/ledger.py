"""Every verification of one experiment at one commit."""

from datetime import datetime

from sqlalchemy import Connection, or_, select

from reprise.domain.ledger import Verification
from reprise.domain.run import Judgement, RunId
from reprise.store.codec import load
from reprise.store.runs import Run
from reprise.store.tables import runs

MOST = 1000
"""The newest ones; nobody verifies a commit more often."""


def verifications(
    connection: Connection, run: Run, *, until: datetime | None = None
) -> tuple[Verification, ...]:
    """Those of the run's commit and experiment that came to a judgement, oldest first, the run's own too.

    ``until``: of others only those that had ended by then, so that a later look finds the same.
    """
    query = (
        select(runs.c.id, runs.c.created_at, runs.c.trigger, runs.c.claims, runs.c.judgement)
        .where(
            runs.c.repository_id == run.repository.id,
            runs.c.commit == run.commit,
            runs.c.experiment == run.experiment,
            *([or_(runs.c.id == run.id, runs.c.ended_at <= until)] if until is not None else []),
        )
        .order_by(runs.c.number.desc())
        .limit(MOST)
    )
    found = [
        Verification(
            RunId(row.id),
            row.created_at,
            row.trigger,
            load(Judgement, row.judgement),
            partial=row.claims is not None,
        )
        for row in connection.execute(query)
        if row.judgement is not None
    ]
    return tuple(reversed(found))
