"""Check runs that we keep on the forge: one for a run, and what it says there."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from reprise.domain.run import RunId, Sha
from reprise.store.intake import insert_new
from reprise.store.runs import Run
from reprise.store.tables import checks, runs


@dataclass(frozen=True, slots=True)
class Kept:
    id: int
    """The forge's."""
    said: str
    """Digest of what it says, so that nothing is written twice."""


def check_of(connection: Connection, run_id: str) -> Kept | None:
    row = connection.execute(select(checks).where(checks.c.run_id == run_id)).one_or_none()
    return Kept(row.check_id, row.said) if row is not None else None


def keep_check(connection: Connection, run_id: RunId, check_id: int, said: str) -> None:
    values: dict[str, object] = {"run_id": run_id, "check_id": check_id, "said": said}
    if insert_new(connection, checks, values):
        return
    connection.execute(update(checks).where(checks.c.run_id == run_id).values(**values))


def newest_on(connection: Connection, repository_id: int, commit: Sha) -> str | None:
    """The id of the newest run of a commit that has a check."""
    query = (
        select(runs.c.id)
        .join(checks, checks.c.run_id == runs.c.id)
        .where(runs.c.repository_id == repository_id, runs.c.commit == commit)
        .order_by(runs.c.number.desc())
    )
    found: str | None = connection.execute(query.limit(1)).scalar_one_or_none()
    return found


def newer_speaks(connection: Connection, run: Run) -> bool:
    """Whether a newer run of the same experiment and claims at the same commit has a check."""
    query = (
        select(runs.c.claims)
        .join(checks, checks.c.run_id == runs.c.id)
        .where(
            runs.c.repository_id == run.repository.id,
            runs.c.commit == run.commit,
            runs.c.experiment == run.experiment,
            runs.c.number > run.number,
        )
    )
    wanted = list(run.claims) if run.claims is not None else None
    return wanted in list(connection.execute(query).scalars())
