"""Real tables that serve many histories: opened once, quick, and as new at the beginning of each."""

import sqlite3
from pathlib import Path
from typing import cast

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from reprise.store.database import Database


class Tables:
    def __init__(self, folder: Path) -> None:
        self.store = Database(f"sqlite:///{folder / 'reprise.db'}")
        event.listen(self.store.engine, "connect", _hurry)
        self.store.migrate()
        self._new = sqlite3.connect(":memory:")
        self._copy(to_new=True)

    def renew(self) -> None:
        """Page by page: some tables let nobody delete a row."""
        self._copy(to_new=False)

    def close(self) -> None:
        self._new.close()
        self.store.close()

    def _copy(self, *, to_new: bool) -> None:
        pooled = self.store.engine.raw_connection()
        here = cast(sqlite3.Connection, pooled.driver_connection)
        source, target = (here, self._new) if to_new else (self._new, here)
        source.backup(target)
        pooled.close()


def _hurry(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Nothing waits for the disk: no history outlives its test."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=MEMORY")
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()
