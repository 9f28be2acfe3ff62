"""Runs of the same experiment that came before."""

from sqlalchemy import Connection, select

from reprise.domain.run import Judgement, RunId, Sha, Verdict
from reprise.domain.trend import Earlier
from reprise.store.codec import load
from reprise.store.runs import Run
from reprise.store.tables import runs

_LOOKED_AT = 5
"""Rows read for each one wanted: those that could not be run say nothing about numbers."""


def earlier_runs(connection: Connection, run: Run, limit: int) -> tuple[Earlier, ...]:
    """The latest that ran and were asked about every claim, oldest first, without a stranger's code."""
    query = (
        select(runs.c.id, runs.c.commit, runs.c.ref, runs.c.ended_at, runs.c.judgement)
        .where(
            runs.c.repository_id == run.repository.id,
            runs.c.experiment == run.experiment,
            runs.c.number < run.number,
            runs.c.ended_at.is_not(None),
            runs.c.claims.is_(None),
            runs.c.untrusted.is_(False),
        )
        .order_by(runs.c.number.desc())
        .limit(limit * _LOOKED_AT)
    )
    found = [
        Earlier(RunId(row.id), Sha(row.commit), row.ref, row.ended_at, load(Judgement, row.judgement))
        for row in connection.execute(query)
        if (row.judgement or {}).get("verdict") not in (None, Verdict.NOT_RUN.value)
    ]
    return tuple(reversed(found[:limit]))
