import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, text

from reprise.domain.errors import UserError
from reprise.store.database import Database
from reprise.store.intake import (
    TAG,
    Delivery,
    NewTrigger,
    due_changes,
    due_triggers,
    record_deliveries,
    settle,
)
from reprise.store.runs import get_run
from reprise.store.tables import metadata

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def opened(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder / 'reprise.db'}")
    database.migrate()
    return database


def delivery(guid: str = "g1") -> Delivery:
    trigger = NewTrigger(TAG, 7, "ada/paper", "v1", "ada")
    return Delivery(guid, "push", NOW, "tag v1", b"{}", trigger)


def test_migrations_make_exactly_the_tables_in_the_code(tmp_path: Path) -> None:
    with opened(tmp_path).read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_runs_of_the_first_schema_are_kept_and_ask_for_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'reprise.db'}")
    database.migrate("0001")
    with database.write() as connection:
        connection.execute(
            text("INSERT INTO repositories VALUES (7, 'ada/paper', 'https://x.test/p.git', NULL)")
        )
        connection.execute(
            text(
                "INSERT INTO runs (id, repository_id, [commit], experiment, generation, spec_file, ref,"
                " trigger, who, dirty, created_at, phase, coin_public) VALUES ('r1', 7, 'c', 'paper', 'tag',"
                " 'reprise.yaml', 'v1', 'tag v1', 'ada', 0, '2026-01-02 03:04:05', 'queued', 0)"
            )
        )
    database.migrate()
    with database.read() as connection:
        run = get_run(connection, "r1")
    assert run is not None
    assert (run.stop_requested, run.seeds, run.claims, run.submodules) == (None, None, None, None)
    assert (run.ref, run.created_at) == ("v1", NOW)


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    opened(tmp_path).migrate()


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "reprise.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    database = Database(f"sqlite:///{tmp_path / 'reprise.db'}")
    for ask in (database.migrate, database.schema):
        with pytest.raises(UserError, match=r"reprise\.db cannot be used \(file is not a database\)"):
            ask()


def test_start_on_a_newer_schema_is_refused_with_the_next_step(tmp_path: Path) -> None:
    database = opened(tmp_path)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError, match="newer one"):
        database.migrate()


def test_an_acknowledged_write_survives_power_loss_by_wal_and_full_sync(tmp_path: Path) -> None:
    with opened(tmp_path).read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_a_delivery_and_its_trigger_are_stored_once_however_often_it_comes(tmp_path: Path) -> None:
    database = opened(tmp_path)
    assert record_deliveries(database, [delivery(), delivery(), delivery("g2")]) == [True, False, True]
    assert record_deliveries(database, [delivery(), delivery("g3")]) == [False, True]
    with database.read() as connection:
        assert [trigger.delivery for trigger in due_triggers(connection, NOW)] == ["g1", "g2", "g3"]


def test_the_body_of_a_delivery_is_kept_as_it_came_in_a_form_that_gunzip_reads(tmp_path: Path) -> None:
    database = opened(tmp_path)
    body = b'{"ref": "refs/tags/v1"}' * 1000
    record_deliveries(database, [replace(delivery(), body=body)])
    with database.read() as connection:
        kept = connection.execute(text("SELECT body FROM deliveries")).scalar_one()
    assert gzip.decompress(kept) == body
    assert len(kept) < len(body) / 10


@pytest.mark.parametrize("look", [due_triggers, due_changes])
def test_a_look_for_what_is_due_passes_nothing_that_is_settled(
    tmp_path: Path, look: Callable[[Connection, datetime], object]
) -> None:
    """They look many times a second, and what is settled stays for ever."""
    database = opened(tmp_path)
    asked: list[tuple[str, Any]] = []
    with database.read() as connection:
        event.listen(
            connection, "before_cursor_execute", lambda _c, _s, sql, values, *_: asked.append((sql, values))
        )
        look(connection, NOW)
        ((sql, values),) = asked
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
    assert [step[-1] for step in plan] == ["SCAN triggers USING INDEX ix_triggers_due"]


def test_a_settled_trigger_is_not_due_again(tmp_path: Path) -> None:
    database = opened(tmp_path)
    record_deliveries(database, [delivery()])
    with database.write() as connection:
        (trigger,) = due_triggers(connection, NOW)
        settle(connection, trigger.number, "done")
        assert due_triggers(connection, NOW) == []
