"""How far looks at a forge have come, so that the next one goes on there, also after a restart."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, select, update

from reprise.store.intake import NewTrigger, insert_new
from reprise.store.tables import cursors, deliveries, older_comments, triggers

DELIVERIES = "deliveries"
WALK = "deliveries:walk"


def cursor(connection: Connection, name: str) -> datetime | None:
    """None before the first look."""
    query = select(cursors.c.at).where(cursors.c.name == name)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def move_cursor(connection: Connection, name: str, at: datetime) -> None:
    if not insert_new(connection, cursors, {"name": name, "at": at}):
        connection.execute(update(cursors).where(cursors.c.name == name).values(at=at))


@dataclass(frozen=True, slots=True)
class Walk:
    """A look at the delivery log that goes on at ``page``, towards older ones."""

    begun_at: datetime
    page: str | None
    """None = at the newest."""


def walk(connection: Connection) -> Walk | None:
    """The one that did not come to its end."""
    row = connection.execute(select(cursors).where(cursors.c.name == WALK)).one_or_none()
    return Walk(row.at, row.page) if row is not None else None


def keep_walk(connection: Connection, walk: Walk) -> None:
    values = {"name": WALK, "at": walk.begun_at, "page": walk.page}
    if not insert_new(connection, cursors, values):
        connection.execute(update(cursors).where(cursors.c.name == WALK).values(**values))


def end_walk(connection: Connection, up_to: datetime) -> None:
    connection.execute(delete(cursors).where(cursors.c.name == WALK))
    move_cursor(connection, DELIVERIES, up_to)


def known_deliveries(connection: Connection, guids: Collection[str]) -> set[str]:
    query = select(deliveries.c.id).where(deliveries.c.id.in_(guids))
    return set(connection.execute(query).scalars())


def set_aside(connection: Connection, new: NewTrigger) -> None:
    """A comment that is older than the watch: only a delivery can still make something of it."""
    values = {"repository_id": new.repository_id, "ref": new.ref, "comment_id": new.comment_id}
    insert_new(connection, older_comments, values)


def knows_comment(connection: Connection, new: NewTrigger) -> bool:
    """Whether a delivery or a look told us of it already, or it was set aside."""
    return any(
        connection.execute(select(exists().where(*_same(table, new)))).scalar_one()
        for table in (triggers, older_comments)
    )


def _same(table: Table, new: NewTrigger) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.repository_id == new.repository_id,
        table.c.ref == new.ref,
        table.c.comment_id == new.comment_id,
    )
