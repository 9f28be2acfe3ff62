"""Folders of an earlier version: what `schema.sql` cannot add to a table that is already there."""

import sqlite3

ADDED: dict[str, dict[str, str]] = {
    "repositories": {"archived": "INTEGER NOT NULL DEFAULT 0"},
    "users": {"kind": "TEXT NOT NULL DEFAULT 'User'"},
    "deliveries": {
        "repository_id": "INTEGER",
        "installation_id": "INTEGER",
        "headers": "TEXT",
        "answer_headers": "TEXT",
    },
}
"""Columns by table. New tables need nothing here."""


def upgrade(db: sqlite3.Connection) -> None:
    """Bring an old file to the present shape, within one transaction; a new or present one is left alone."""
    db.execute("PRAGMA foreign_keys=OFF")
    db.execute("BEGIN IMMEDIATE")
    try:
        for table, added in ADDED.items():
            _add_columns(db, table, added)
        _let_hooks_have_no_repository(db)
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    db.execute("PRAGMA foreign_keys=ON")


def _columns(db: sqlite3.Connection, table: str) -> dict[str, bool]:
    """Names of columns with whether they must have a value; empty when there is no such table."""
    return {row["name"]: bool(row["notnull"]) for row in db.execute(f"PRAGMA table_info({table})")}


def _add_columns(db: sqlite3.Connection, table: str, added: dict[str, str]) -> None:
    there = _columns(db, table)
    for name, kind in added.items():
        if there and name not in there:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")


def _let_hooks_have_no_repository(db: sqlite3.Connection) -> None:
    """A hook may now be an App's. SQLite cannot loosen a column, so the table is made anew."""
    if not _columns(db, "hooks").get("repository_id", False):
        return
    db.execute(
        "CREATE TABLE new_hooks (id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " repository_id INTEGER REFERENCES repositories(id), app_id INTEGER REFERENCES apps(id),"
        " url TEXT NOT NULL, secret TEXT NOT NULL, events TEXT NOT NULL, active INTEGER NOT NULL,"
        " created_at TEXT NOT NULL)"
    )
    db.execute(
        "INSERT INTO new_hooks (id, repository_id, url, secret, events, active, created_at)"
        " SELECT id, repository_id, url, secret, events, active, created_at FROM hooks"
    )
    db.execute("DROP TABLE hooks")
    db.execute("ALTER TABLE new_hooks RENAME TO hooks")
    db.execute(
        "UPDATE deliveries SET repository_id ="
        " (SELECT repository_id FROM hooks WHERE hooks.id = deliveries.hook_id)"
    )
