"""The run that a badge shows. One question, which a private repository and an unknown one answer alike."""

from sqlalchemy import Connection, func, select

from reprise.domain.run import FAULT, Fault, Verdict
from reprise.domain.standing import LOST
from reprise.store import runs
from reprise.store.runs import Run
from reprise.store.tables import repositories
from reprise.store.tables import runs as table

_LOOKED_AT = 20
"""Runs without an answer that are passed over at most."""


def shown_run(
    connection: Connection, full_name: str, root_spec: str, *, experiment: str | None, ref: str | None
) -> Run | None:
    """The newest run of a tag of this public repository that found something out about its commit.

    ``root_spec`` names the spec file that is meant without an ``experiment``. Runs of a pull request, of a
    stranger's code and of some claims only say nothing about the repository; neither does a run that was
    stopped or lost.
    """
    wanted = [table.c.spec_file == root_spec if experiment is None else table.c.experiment == experiment]
    if ref is not None:
        wanted.append(table.c.ref == ref)
    query = (
        select(table.c.id)
        .join(repositories, repositories.c.id == table.c.repository_id)
        .where(
            func.lower(repositories.c.full_name) == full_name.lower(),
            repositories.c.public.is_(True),
            repositories.c.standing.not_in([standing.value for standing in LOST]),
            table.c.pull_request.is_(None),
            table.c.claims.is_(None),
            table.c.untrusted.is_(False),
            table.c.ended_at.is_not(None),
            *wanted,
        )
        .order_by(table.c.number.desc())
        .limit(_LOOKED_AT)
    )
    for run_id in connection.execute(query).scalars().all():
        run = runs.get_run(connection, run_id)
        if run is not None and _tells(run):
            return run
    return None


def _tells(run: Run) -> bool:
    if run.judgement is None:
        return False
    return run.judgement.verdict is not Verdict.NOT_RUN or FAULT[run.judgement.reason] is Fault.REPOSITORY
