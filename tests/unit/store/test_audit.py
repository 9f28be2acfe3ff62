"""Lines are added, once each, and never changed: the database itself sees to it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from reprise.domain.audit import Action, Deed, Unit
from reprise.domain.run import RunId, Sha
from reprise.store import audit
from reprise.store.audit import Filter, Spent
from reprise.store.database import Connection, Database

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DEED = Deed(
    NOW, Action.REQUESTED, "ada", "ada/paper", RunId("r1"), "v1", Sha("a" * 40), "guid-1", 7, detail="tag v1"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'reprise.db'}")
    database.migrate()
    yield database
    database.close()


def spent(connection: Connection, run: str, seconds: float, **fields: str) -> None:
    deed = replace(DEED, action=Action.SPENT, amount=seconds, unit=Unit.MACHINE_SECONDS, **fields)  # type: ignore[arg-type] # text fields
    audit.write(connection, deed, about=run)


def test_a_line_is_read_back_as_it_was_written(store: Database) -> None:
    with store.write() as connection:
        assert audit.write(connection, DEED, about="r1")
    with store.read() as connection:
        (line,) = audit.lines(connection, Filter())
        assert (line.number, line.deed) == (1, DEED)
        assert audit.find(connection, Action.REQUESTED, about="r1") == DEED
        assert audit.find(connection, Action.JUDGED, about="r1") is None


def test_what_happened_once_is_told_once_and_the_first_line_stands(store: Database) -> None:
    later = replace(DEED, at=NOW + timedelta(hours=1), detail="again")
    with store.write() as connection:
        assert audit.write(connection, DEED, about="r1")
        assert not audit.write(connection, later, about="r1")
        assert audit.write(connection, later, about="r2")
    with store.read() as connection:
        assert [line.deed.detail for line in audit.lines(connection, Filter())] == ["tag v1", "again"]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET who = 'eve'", "DELETE FROM audit", "DELETE FROM audit WHERE number = 1"]
)
def test_the_database_refuses_to_change_or_remove_a_line(store: Database, statement: str) -> None:
    with store.write() as connection:
        audit.write(connection, DEED, about="r1")
    with pytest.raises(IntegrityError, match="append-only"), store.write() as connection:
        connection.execute(text(statement))
    with store.read() as connection:
        (line,) = audit.lines(connection, Filter())
    assert line.deed == DEED


def test_a_line_cannot_be_replaced_either(store: Database) -> None:
    with store.write() as connection:
        audit.write(connection, DEED, about="r1")
        for number, key in ((1, "x"), (2, "requested:r1")):
            connection.execute(
                text(
                    "INSERT OR REPLACE INTO audit (number, key, at, action, who, detail)"
                    f" VALUES ({number}, '{key}', '2026-01-01 00:00:00', 'requested', 'eve', '')"
                )
            )
    with store.read() as connection:
        (line,) = audit.lines(connection, Filter())
    assert line.deed == DEED


def test_a_line_goes_with_the_transaction_of_what_it_records(store: Database) -> None:
    def broken() -> None:
        with store.write() as connection:
            audit.write(connection, DEED, about="r1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    with store.read() as connection:
        assert audit.lines(connection, Filter()) == []


def test_lines_are_paged_and_filtered(store: Database) -> None:
    with store.write() as connection:
        for number in range(1, 6):
            who = "ada" if number % 2 else "bob"
            deed = replace(DEED, who=who, run_id=RunId(f"r{number}"))
            audit.write(connection, deed, about=f"r{number}")

    def numbers(wanted: Filter, **page: int) -> list[int]:
        with store.read() as connection:
            return [line.number for line in audit.lines(connection, wanted, **page)]

    assert numbers(Filter(), limit=2) == [1, 2]
    assert numbers(Filter(), after=2, limit=2) == [3, 4]
    assert numbers(Filter(who="bob")) == [2, 4]
    assert numbers(Filter(run_id="r3")) == [3]
    assert numbers(Filter(repository="ada/other")) == []
    assert numbers(Filter(action=Action.SPENT)) == []


def test_who_made_us_spend_this_is_answered_by_repository_and_person(store: Database) -> None:
    with store.write() as connection:
        audit.write(connection, DEED, about="r1")
        spent(connection, "r1", 30)
        spent(connection, "r1", 30)
        spent(connection, "r2", 12.5)
        spent(connection, "r3", 100, who="bob")
        spent(connection, "r4", 1, repository="ada/other")
    with store.read() as connection:
        assert audit.spent(connection, Filter()) == [
            Spent("ada/paper", "bob", Unit.MACHINE_SECONDS, 100, 1),
            Spent("ada/paper", "ada", Unit.MACHINE_SECONDS, 42.5, 2),
            Spent("ada/other", "ada", Unit.MACHINE_SECONDS, 1, 1),
        ]
        assert [each.amount for each in audit.spent(connection, Filter(who="bob"))] == [100]
