"""How long runs took, in a database that somebody else keeps: opened to read, never brought up to date."""

import sqlite3
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from reprise.store import repositories, runs

_WAIT_SECONDS = 2


def durations(file: Path, repository: int | str, experiment: str) -> list[float]:
    """Seconds of the latest runs; ``repository`` is its id, or its name on the forge.

    Of an SQLite file that may be of an older or newer version; one that cannot be read says nothing.
    """
    if not file.is_file():
        return []
    address = f"{file.absolute().as_uri()}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, _WAIT_SECONDS, uri=True))
    try:
        with engine.connect() as connection:
            if isinstance(repository, int):
                return runs.usual_durations(connection, repository, experiment)
            known = repositories.watched_as(connection, repository)
            return runs.usual_durations(connection, known.id, experiment) if known is not None else []
    except SQLAlchemyError:
        return []
    finally:
        engine.dispose()
