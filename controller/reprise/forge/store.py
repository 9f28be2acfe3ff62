"""The forge's memory: one SQLite file, one connection, one lock. Bare git repositories lie beside it.

Called by everything else in the forge. Nothing here knows HTTP or git; rows go in and records come out.
"""

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from reprise.domain.forge import Permission
from reprise.forge.checks import Annotation, CheckRun, CheckSuite
from reprise.forge.records import (
    App,
    Comment,
    Delivery,
    Hook,
    Installation,
    InstallationToken,
    ManifestCode,
    OldName,
    Pull,
    Reaction,
    Repository,
    SelectedRepository,
    Session,
    Status,
    User,
)
from reprise.forge.upgrade import upgrade

T = TypeVar(
    "T",
    User,
    Repository,
    Status,
    Comment,
    Reaction,
    Pull,
    Hook,
    Delivery,
    App,
    Installation,
    SelectedRepository,
    InstallationToken,
    ManifestCode,
    OldName,
    CheckSuite,
    CheckRun,
    Annotation,
    Session,
)

TABLES: dict[type, str] = {
    User: "users",
    Repository: "repositories",
    Status: "statuses",
    Comment: "comments",
    Reaction: "reactions",
    Pull: "pulls",
    Hook: "hooks",
    Delivery: "deliveries",
    App: "apps",
    Installation: "installations",
    SelectedRepository: "selected_repositories",
    InstallationToken: "installation_tokens",
    ManifestCode: "manifest_codes",
    OldName: "old_names",
    CheckSuite: "check_suites",
    CheckRun: "check_runs",
    Annotation: "annotations",
    Session: "sessions",
}
BOOLEANS = {"private", "active", "redelivery", "public", "archived", "once"}
BUSY_SECONDS = 10


def now(*, later: timedelta = timedelta(0)) -> str:
    return (datetime.now(UTC) + later).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """Rows of one folder. Safe to use from several threads; `changing` groups several calls into one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            folder / "forge.db", timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA foreign_keys=ON")
        upgrade(self._db)
        self._db.executescript((Path(__file__).parent / "schema.sql").read_text())

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Everything inside happens at once or not at all, and nobody looks in between."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # --- any record ------------------------------------------------------------------------------

    def add(self, kind: type[T], /, **values: Any) -> T:
        """Insert a row; its id is given by the database."""
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        with self._lock:
            cursor = self._db.execute(
                f"INSERT INTO {TABLES[kind]} ({names}) VALUES ({marks})",  # noqa: S608  our own names
                tuple(values.values()),
            )
            return self.get(kind, cursor.lastrowid)

    def change(self, kind: type[T], id: int, /, **values: Any) -> T:
        sets = ", ".join(f"{name} = ?" for name in values)
        with self._lock:
            self._db.execute(
                f"UPDATE {TABLES[kind]} SET {sets} WHERE id = ?",  # noqa: S608  our own names
                (*values.values(), id),
            )
            return self.get(kind, id)

    def remove(self, kind: type[T], **where: Any) -> None:
        """Delete the rows whose columns equal these values."""
        wheres = " AND ".join(f"{name} IS ?" for name in where)
        with self._lock:
            self._db.execute(
                f"DELETE FROM {TABLES[kind]} WHERE {wheres}",  # noqa: S608  our own names
                tuple(where.values()),
            )

    def get(self, kind: type[T], id: int | None) -> T:
        """A row that is known to exist."""
        if (found := self.one(kind, id=id)) is None:
            raise LookupError(f"no row {id} in {TABLES[kind]}")
        return found

    def one(self, kind: type[T], /, **where: Any) -> T | None:
        found = self.all(kind, **where)
        return found[0] if found else None

    def all(self, kind: type[T], /, **where: Any) -> list[T]:
        """Rows whose columns equal these values (None: is null), oldest first."""
        wheres = " AND ".join(f"{name} IS ?" for name in where) or "1"
        names = ", ".join(f.name for f in fields(kind))
        with self._lock:
            rows = self._db.execute(
                f"SELECT {names} FROM {TABLES[kind]} WHERE {wheres} ORDER BY id",  # noqa: S608  our own names
                tuple(where.values()),
            ).fetchall()
        return [_record(kind, row) for row in rows]

    # --- people ----------------------------------------------------------------------------------

    def add_user(self, login: str, *, name: str, email: str) -> User:
        """Make an account, or return the one that has this login."""
        with self.changing():
            return self.one(User, login=login) or self.add(User, login=login, name=name, email=email)

    def add_token(self, user: User) -> str:
        """A new token for this user. Only its digest is kept, so it can be read once."""
        token = f"ghp_{secrets.token_hex(18)}"
        with self._lock:
            self._db.execute("INSERT INTO tokens VALUES (?, ?)", (digest(token), user.id))
        return token

    def user_of_token(self, token: str) -> User | None:
        with self._lock:
            row = self._db.execute("SELECT user_id FROM tokens WHERE sha256 = ?", (digest(token),)).fetchone()
        return self.one(User, id=row["user_id"]) if row else None

    # --- who may do what -------------------------------------------------------------------------

    def add_owner(self, organization: User, owner: User) -> None:
        with self._lock:
            self._db.execute(
                "INSERT OR IGNORE INTO organization_owners VALUES (?, ?)", (organization.login, owner.login)
            )

    def owns(self, login: str, account: str) -> bool:
        """Whether this account is the user's own, or an organisation that the user owns."""
        if login.lower() == account.lower():
            return True
        with self._lock:
            return bool(
                self._db.execute(
                    "SELECT 1 FROM organization_owners WHERE organization = ? AND login = ?", (account, login)
                ).fetchone()
            )

    def set_role(self, repository: Repository, login: str, role: Permission) -> None:
        with self._lock:
            self._db.execute(
                "INSERT INTO members VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET role = excluded.role",
                (repository.id, login, role.value),
            )

    def role(self, repository: Repository, login: str | None) -> Permission:
        """What this user (None: nobody in particular) may do: owners all, anybody reads what is public."""
        if login is not None and self.owns(login, repository.owner):
            return Permission.ADMIN
        with self._lock:
            row = self._db.execute(
                "SELECT role FROM members WHERE repository_id = ? AND login = ?", (repository.id, login)
            ).fetchone()
        if row:
            return Permission(row["role"])
        return Permission.NONE if repository.private else Permission.READ

    def drop_members(self, repository: Repository) -> None:
        with self._lock:
            self._db.execute("DELETE FROM members WHERE repository_id = ?", (repository.id,))

    def is_member(self, repository: Repository, login: str) -> bool:
        with self._lock:
            return bool(
                self._db.execute(
                    "SELECT 1 FROM members WHERE repository_id = ? AND login = ?", (repository.id, login)
                ).fetchone()
            )

    # --- deliveries ------------------------------------------------------------------------------

    def recent_deliveries(self, hook_id: int, *, limit: int) -> list[Delivery]:
        """Newest first, without reading the whole history."""
        with self._lock:
            rows = self._db.execute(
                "SELECT * FROM deliveries WHERE hook_id = ? ORDER BY id DESC LIMIT ?", (hook_id, limit)
            ).fetchall()
        return [_record(Delivery, row) for row in rows]

    def deliveries_about(self, repository_id: int, *, limit: int) -> list[Delivery]:
        """To its own hooks and, of what happened there, to Apps; newest first."""
        own = "SELECT id FROM hooks WHERE repository_id = :id"
        with self._lock:
            rows = self._db.execute(
                f"SELECT * FROM deliveries WHERE repository_id = :id OR hook_id IN ({own})"  # noqa: S608
                " ORDER BY id DESC LIMIT :limit",
                {"id": repository_id, "limit": limit},
            ).fetchall()
        return [_record(Delivery, row) for row in rows]

    def deliveries_before(self, hook_id: int, before: int | None) -> list[Delivery]:
        """Older than that one (None: all), newest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT * FROM deliveries WHERE hook_id = ? AND id < ? ORDER BY id DESC",
                (hook_id, (1 << 62) if before is None else before),
            ).fetchall()
        return [_record(Delivery, row) for row in rows]


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _record(kind: type[T], row: sqlite3.Row) -> T:
    values: dict[str, Any] = {name: bool(row[name]) if name in BOOLEANS else row[name] for name in row.keys()}  # noqa: SIM118
    return kind(**values)
