"""How far looks at a forge have come, so that the next one goes on there, also after a restart."""

from datetime import datetime

from sqlalchemy import Connection, exists, select, update

from reprise.store.intake import COMMENT, NewTrigger, insert_new
from reprise.store.tables import cursors, triggers


def cursor(connection: Connection, name: str) -> datetime | None:
    """None before the first look."""
    query = select(cursors.c.at).where(cursors.c.name == name)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def move_cursor(connection: Connection, name: str, at: datetime) -> None:
    if not insert_new(connection, cursors, {"name": name, "at": at}):
        connection.execute(update(cursors).where(cursors.c.name == name).values(at=at))


def knows_comment(connection: Connection, new: NewTrigger) -> bool:
    """Whether a delivery or a look told us of it already."""
    same = (
        triggers.c.repository_id == new.repository_id,
        triggers.c.kind == COMMENT,
        triggers.c.ref == new.ref,
        triggers.c.comment_id == new.comment_id,
    )
    return bool(connection.execute(select(exists().where(*same))).scalar_one())
