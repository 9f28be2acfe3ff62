"""How long runs took, in our database or in one that somebody else keeps."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, create_engine, select
from sqlalchemy.exc import SQLAlchemyError

from reprise.domain.run import Verdict
from reprise.store import repositories
from reprise.store.tables import runs

_WAIT_SECONDS = 2


def durations(file: Path, repository: int | str, experiment: str) -> list[float]:
    """Seconds of the latest runs, opened to read; ``repository`` is its id, or its name on the forge.

    Of an SQLite file that may be of an older or newer version; one that cannot be read says nothing.
    """
    if not file.is_file():
        return []
    address = f"{file.absolute().as_uri()}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, _WAIT_SECONDS, uri=True))
    try:
        with engine.connect() as connection:
            if isinstance(repository, int):
                return usual_durations(connection, repository, experiment)
            known = repositories.watched_as(connection, repository)
            return usual_durations(connection, known.id, experiment) if known is not None else []
    except SQLAlchemyError:
        return []
    finally:
        engine.dispose()


def usual_durations(
    connection: Connection, repository_id: int, experiment: str, limit: int = 20
) -> list[float]:
    """Seconds from grant to end of the latest runs of the experiment with a verdict, no stranger's.

    None that leased: it waited for its turn at a site, which says nothing of the next one.
    """
    query = (
        select(runs.c.granted_at, runs.c.ended_at, runs.c.judgement)
        .where(
            runs.c.repository_id == repository_id,
            runs.c.experiment == experiment,
            runs.c.granted_at.is_not(None),
            runs.c.ended_at.is_not(None),
            runs.c.untrusted.is_(False),
            runs.c.quoted.is_(None),
        )
        .order_by(runs.c.number.desc())
        .limit(limit)
    )
    return [
        (row.ended_at - row.granted_at).total_seconds()
        for row in connection.execute(query)
        if (row.judgement or {}).get("verdict") not in (None, Verdict.NOT_RUN.value)
    ]
