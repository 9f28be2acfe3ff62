"""Opens the database that ``database_url`` names and brings its schema up to date.

SQLite runs in WAL with ``synchronous=FULL``: an acknowledged webhook survives a power cut. One
connection writes at a time, so a pool of one avoids SQLite's lock convoys (many readers would
still work: WAL readers do not block).
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as Connection  # what `write` and `read` hand out
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError, TimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from reprise.domain.errors import Retryable, UserError

_MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """Connections to our tables. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self.engine = _open(url)
        self._single_writer = Lock() if self.engine.dialect.name == "sqlite" else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction. Never keep it open across a call to the outside.

        Raises Retryable when the database does not take it (full disk, locked, gone).
        """
        try:
            with self._single_writer or nullcontext(), self.engine.begin() as connection:
                yield connection
        except (OperationalError, TimeoutError) as error:
            raise Retryable(f"the database did not take a write: {_said(error)}", 10) from error

    @property
    def at_hand(self) -> bool:
        """Whether a write now goes to a file of this machine and waits for no other one of this process."""
        return self._single_writer is not None and not self._single_writer.locked()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Raises Retryable when the database does not answer."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except (OperationalError, TimeoutError) as error:
            raise Retryable(f"the database did not answer: {_said(error)}", 10) from error

    def check_writable(self) -> None:
        """Really writes, and changes nothing. Raises Retryable when the database does not take it."""
        with self.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))

    def migrate(self, to: str = "head") -> None:
        """Upgrade, as a rule to this version's schema.

        Raises UserError when the database is newer, or cannot be used.
        """
        with self._in_words(), self.engine.begin() as connection:
            _refuse_newer(connection)
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, to)

    def schema(self) -> tuple[str | None, str | None, bool]:
        """This database's, the newest that this version knows, and whether it knows this database's.

        Raises UserError when the database cannot be used.
        """
        scripts = ScriptDirectory(str(_MIGRATIONS))
        with self._in_words(), self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in scripts.walk_revisions()}
        return current, scripts.get_current_head(), current is None or current in known

    def size(self) -> int:
        """Bytes of the database, without its write-ahead log."""
        sqlite = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        postgresql = "SELECT pg_database_size(current_database())"
        with self.read() as connection:
            query = sqlite if self.engine.dialect.name == "sqlite" else postgresql
            return int(connection.execute(text(query)).scalar_one())

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """At a start there is nobody to retry: what is wrong is told to the operator."""
        try:
            yield
        except (DatabaseError, TimeoutError) as error:
            where = self.engine.url.render_as_string(hide_password=True)
            said = " ".join(_said(error).split())
            raise UserError(
                f"the database {where} cannot be used ({said}): see that REPRISE_DATABASE_URL is right "
                "and it runs, or restore a backup"
            ) from error


def _said(error: SQLAlchemyError) -> str:
    return str(error.orig) if isinstance(error, DatabaseError) else str(error)


def _open(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=8, connect_args={"connect_timeout": 10})
    engine = create_engine(url, connect_args={"timeout": 30}, pool_size=8, max_overflow=0)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _refuse_newer(connection: Connection) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
    if current is not None and current not in known:
        raise UserError(
            f"the database has schema {current}, which this version of Reprise does not know: "
            "it was written by a newer one. Install that version again, or restore an older backup."
        )
