"""Deliveries and triggers: what came in, and what the leader still has to look at."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, assert_never

from isal import isal_zlib
from sqlalchemy import ColumnElement, Connection, Table, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from reprise.domain.forge import OnCommit, OnPullRequest, Place
from reprise.domain.run import Sha
from reprise.store.tables import deliveries, triggers

if TYPE_CHECKING:
    from reprise.store.database import Database  # it brings the migrations, which `check` does not need

TAG = "tag"
COMMENT = "comment"
CHECK = "check"
"""A click on a check run of ours, whose run is the trigger's ``ref``."""
EVERY = "all"
"""Such a ref, for all checks of a commit; no run has this id."""
CHANGE = "change"
"""Of a pull request: its head moved, or it was closed."""
QUEUE = "queue"
"""A merge queue waits for a commit's checks."""
LIFE = "life"
"""Of a repository as a whole, or of an App's access: settled by the rows alone, before everything else."""
_COUNTED = MappingProxyType({"preserve_rowcount": True})
"""Otherwise nobody counts rows where PostgreSQL is asked for the new number."""


@dataclass(frozen=True, slots=True)
class NewTrigger:
    kind: str
    repository_id: int
    repository: str
    ref: str
    who: str
    pull_request: int | None = None
    comment_id: int | None = None
    body: str | None = None
    commit: Sha | None = None
    """That the comment stands on, where it is no pull request."""


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    event: str
    received_at: datetime
    outcome: str
    body: bytes
    """As it came; kept compressed, which costs a fraction of writing it whole."""
    trigger: NewTrigger | None


@dataclass(frozen=True, slots=True)
class Trigger:
    number: int
    kind: str
    repository_id: int
    repository: str
    ref: str
    who: str
    pull_request: int | None
    comment_id: int | None
    body: str | None
    commit: Sha | None
    delivery: str | None
    """None: found by the sweep."""
    created_at: datetime
    """Of one that was found in the forge's log: when it was to be delivered."""
    attempts: int

    @property
    def place(self) -> Place | None:
        """Where the comment stands; None for a tag."""
        if self.pull_request is not None:
            return OnPullRequest(self.pull_request)
        return OnCommit(self.commit) if self.commit is not None else None


def record_deliveries(store: "Database", batch: Sequence[Delivery]) -> list[bool]:
    """Store a batch in one transaction; for each, whether it was new. A known GUID changes nothing.

    Raises Retryable when the database does not take it.
    """
    with suppress(_SomeKnown), store.write() as connection:
        _insert_new(connection, batch)
        return [True] * len(batch)
    with store.write() as connection:
        return [_insert_unknown(connection, delivery) for delivery in batch]


class _SomeKnown(Exception):
    """Undoes what was inserted."""


def _insert_new(connection: Connection, batch: Sequence[Delivery]) -> None:
    """Two statements for all: asking which rows were new, as RETURNING does, takes twice as long."""
    if not batch:
        return
    statement = _insert(connection, deliveries).on_conflict_do_nothing()
    rows = [_row(delivery) for delivery in batch]
    if connection.execute(statement, rows, execution_options=_COUNTED).rowcount != len(batch):
        raise _SomeKnown
    wanted = [
        _trigger_row(delivery.trigger, at=delivery.received_at, delivery=delivery.id)
        for delivery in batch
        if delivery.trigger is not None
    ]
    if wanted:
        connection.execute(insert(triggers), wanted)


def _insert_unknown(connection: Connection, delivery: Delivery) -> bool:
    if not insert_new(connection, deliveries, _row(delivery)):
        return False
    if delivery.trigger is not None:
        add_trigger(connection, delivery.trigger, at=delivery.received_at, delivery=delivery.id)
    return True


def _row(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "event": delivery.event,
        "received_at": delivery.received_at,
        "outcome": delivery.outcome,
        "body": kept_body(delivery.body),
    }


def kept_body(body: bytes) -> bytes:
    """In gzip's format: writing 25 KB takes longer than making a few of them."""
    return isal_zlib.compress(body, 1, wbits=31)


def _trigger_row(new: NewTrigger, *, at: datetime, delivery: str | None) -> dict[str, object]:
    values = {name: getattr(new, name) for name in NewTrigger.__dataclass_fields__}
    return {**values, "delivery": delivery, "created_at": at, "next_at": at, "attempts": 0}


def add_trigger(
    connection: Connection, new: NewTrigger, *, at: datetime, delivery: str | None = None
) -> None:
    connection.execute(insert(triggers), _trigger_row(new, at=at, delivery=delivery))


def comment_trigger(
    repository_id: int, repository: str, place: Place, *, comment_id: int, body: str, who: str
) -> NewTrigger:
    """The same row whoever told us of the comment."""
    where, said = (repository_id, repository), (comment_id, body)
    match place:
        case OnPullRequest(number):
            return NewTrigger(COMMENT, *where, f"#{number}", who, number, *said)
        case OnCommit(sha):
            return NewTrigger(COMMENT, *where, sha[:7], who, None, *said, sha)
        case _:
            assert_never(place)


def told_before(connection: Connection, trigger: Trigger) -> bool:
    """Whether an earlier trigger, settled or not, is about the same comment."""
    same = (
        triggers.c.number < trigger.number,
        triggers.c.repository_id == trigger.repository_id,
        triggers.c.kind == COMMENT,
        triggers.c.ref == trigger.ref,
        triggers.c.comment_id == trigger.comment_id,
    )
    return bool(connection.execute(select(exists().where(*same))).scalar_one())


def comments_since(connection: Connection, trigger: Trigger, since: datetime) -> int:
    """How many other comments with a command this person wrote in this repository before that one."""
    query = select(func.count(triggers.c.comment_id.distinct())).where(
        triggers.c.repository_id == trigger.repository_id,
        triggers.c.kind == COMMENT,
        triggers.c.who == trigger.who,
        triggers.c.created_at >= since,
        triggers.c.number < trigger.number,
        triggers.c.comment_id != trigger.comment_id,
    )
    return int(connection.execute(query).scalar_one())


def due_triggers(connection: Connection, now: datetime, *, without: Collection[int] = ()) -> list[Trigger]:
    """Unsettled triggers whose time has come, oldest first, those of repositories in ``without`` left out.

    What happens to whole repositories is not among them: see `due_changes`.
    """
    due = triggers.c.next_at <= now, triggers.c.kind != LIFE
    query = select(triggers).where(*due).order_by(triggers.c.number).limit(100)
    if without:
        query = query.where(triggers.c.repository_id.not_in(without))
    return [_trigger(row) for row in connection.execute(query)]


def due_changes(connection: Connection, now: datetime) -> list[Trigger]:
    due = triggers.c.next_at <= now, triggers.c.kind == LIFE
    query = select(triggers).where(*due).order_by(triggers.c.number).limit(100)
    return [_trigger(row) for row in connection.execute(query)]


def settle(connection: Connection, number: int, outcome: str) -> None:
    connection.execute(
        update(triggers).where(triggers.c.number == number).values(next_at=None, outcome=outcome)
    )


def newest_trigger(connection: Connection) -> int:
    """Its number; 0 when there is none."""
    return connection.execute(select(func.max(triggers.c.number))).scalar_one() or 0


def settle_same(connection: Connection, trigger: Trigger, newest: int, outcome: str) -> None:
    """Whatever else asks about the same tag, up to this number."""
    same = (
        triggers.c.next_at.is_not(None),
        triggers.c.number <= newest,
        triggers.c.repository_id == trigger.repository_id,
        triggers.c.kind == TAG,
        triggers.c.ref == trigger.ref,
    )
    connection.execute(update(triggers).where(*same).values(next_at=None, outcome=outcome))


def open_before(connection: Connection, trigger: Trigger) -> int:
    """How many earlier commands at the same place are not settled yet."""
    query = select(triggers.c.number).where(*_earlier(trigger))
    return len(connection.execute(query).all())


def settle_older(connection: Connection, trigger: Trigger, outcome: str) -> None:
    connection.execute(update(triggers).where(*_earlier(trigger)).values(next_at=None, outcome=outcome))


def _earlier(trigger: Trigger) -> tuple[ColumnElement[bool], ...]:
    return (
        triggers.c.next_at.is_not(None),
        triggers.c.number < trigger.number,
        triggers.c.repository_id == trigger.repository_id,
        triggers.c.kind == COMMENT,
        triggers.c.pull_request == trigger.pull_request,
        triggers.c.commit == trigger.commit,
    )


def postpone(connection: Connection, number: int, *, until: datetime, why: str) -> None:
    connection.execute(
        update(triggers)
        .where(triggers.c.number == number)
        .values(next_at=until, outcome=why, attempts=triggers.c.attempts + 1)
    )


def triggered_tags(connection: Connection, repository_id: int) -> set[str]:
    """Tags of which some delivery or sweep told us, settled or not."""
    query = select(triggers.c.ref).where(triggers.c.repository_id == repository_id, triggers.c.kind == TAG)
    return set(connection.execute(query).scalars())


def open_tags(connection: Connection, repository_id: int) -> set[str]:
    """Tags that the intake has still to look at."""
    query = select(triggers.c.ref).where(
        triggers.c.next_at.is_not(None), triggers.c.repository_id == repository_id, triggers.c.kind == TAG
    )
    return set(connection.execute(query).scalars())


def insert_new(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """INSERT … ON CONFLICT DO NOTHING; whether a row was added."""
    statement = _insert(connection, table).on_conflict_do_nothing()
    return connection.execute(statement, values, execution_options=_COUNTED).rowcount > 0


def _insert(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _trigger(row: Row[tuple[object, ...]]) -> Trigger:
    return Trigger(**{name: row._mapping[name] for name in Trigger.__dataclass_fields__})
