"""A store whose creation was cut off is started over, since MLflow could never open it again.

MLflow creates its SQLite tables in dozens of steps that it does not repeat. A mark beside the file says
that it was whole once; without the mark, a file in which nothing was recorded is a broken beginning.
Called by whoever opens the file, before and after, while nobody else does.
"""

import sqlite3
from pathlib import Path

_OWN_ROWS = {"alembic_version": 1, "experiments": 1, "workspaces": 1}
"""What MLflow itself puts into a new store."""
_COPY = "_alembic_tmp_"
"""Prefix of tables that exist for the time of one step."""
_COMPANIONS = ("", "-wal", "-shm", "-journal")


def discard_half_made(database: Path) -> bool:
    """Remove a broken beginning; whether there was one. A file that cannot be read is left alone."""
    if _mark(database).exists() or not database.exists() or not _holds_nothing(database):
        return False
    for companion in _COMPANIONS:
        database.with_name(database.name + companion).unlink(missing_ok=True)
    return True


def mark_whole(database: Path) -> None:
    _mark(database).touch()


def _mark(database: Path) -> Path:
    return database.with_name(f"{database.name}.whole")


def _holds_nothing(database: Path) -> bool:
    """Tables, but nothing of anybody's in them."""
    try:
        connection = sqlite3.connect(database)
        try:
            named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables = [name for (name,) in named]
            return bool(tables) and all(_few_rows(connection, table) for table in tables)
        finally:
            connection.close()
    except sqlite3.Error:
        return False


def _few_rows(connection: sqlite3.Connection, table: str) -> bool:
    quoted = table.replace('"', '""')
    (rows,) = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608 - a table's name
    return bool(rows <= _OWN_ROWS.get(table.removeprefix(_COPY), 0))
