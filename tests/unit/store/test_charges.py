"""What leases cost is kept as it is known now, and counted for whoever caused it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reprise.domain.leasing.length import Length
from reprise.domain.leasing.money import Charge
from reprise.domain.leasing.quote import Estimate
from reprise.domain.run import Repository, RunId, Sha
from reprise.store import charges, repositories, runs
from reprise.store.database import Database
from reprise.store.runs import NewRun, Run

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MONTH = datetime(2026, 11, 1, tzinfo=UTC)
CHARGE = Charge("l1", "CHI@UC", "1 × gpu_rtx_6000", 2.0, NOW, NOW + 3 * HOUR)
QUOTE = Estimate(1, 2, 8, 2, ("gpu_rtx_6000",), Length(HOUR), guessed=False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'reprise.db'}")
    database.migrate()
    with database.write() as connection:
        repositories.remember(connection, Repository(1, "ada/paper", "https://forge.test/ada/paper"))
    yield database
    database.close()


def run(store: Database, name: str = "r1", who: str = "ada") -> Run:
    new = NewRun(
        RunId(name), 1, Sha("a" * 40), "paper", f"tag:{name}", "reprise.yaml", "v1", None, "tag v1", who
    )
    with store.write() as connection:
        runs.add_run(connection, new, at=NOW)
        found = runs.get_run(connection, name)
    assert found is not None
    return found


def taken(store: Database, who: str | None = None, besides: str = "", since: datetime = MONTH) -> float:
    with store.read() as connection:
        if who is not None:
            return charges.of_user(connection, who, since, besides=besides)
        return charges.of_repository(connection, 1, since, besides=besides)


def keep(store: Database, of: Run, *found: Charge) -> None:
    with store.write() as connection:
        charges.keep(connection, of, found)


def test_a_charge_is_read_back_and_gives_way_to_what_is_known_later(store: Database) -> None:
    r1 = run(store)
    keep(store, r1, CHARGE)
    longer = replace(CHARGE, end=NOW + 9 * HOUR, fault="one GPU short")
    keep(store, r1, longer, replace(CHARGE, lease_id="l0"))
    with store.read() as connection:
        assert charges.of_run(connection, "r1") == (replace(CHARGE, lease_id="l0"), longer)
        assert charges.of_run(connection, "r2") == ()


def test_what_is_given_back_is_closed_once(store: Database) -> None:
    r1 = run(store)
    keep(store, r1, CHARGE, replace(CHARGE, lease_id="l2", ended_at=NOW))
    for hours in (1, 2):
        with store.write() as connection:
            charges.close(connection, r1.id, NOW + hours * HOUR)
    with store.read() as connection:
        ends = [each.ended_at for each in charges.of_run(connection, "r1")]
    assert ends == [NOW + HOUR, NOW]


def test_a_month_counts_what_is_reserved_and_what_was_paid_but_no_faults(store: Database) -> None:
    ours, theirs = run(store), run(store, "r2", who="bob")
    keep(store, ours, CHARGE, replace(CHARGE, lease_id="l2", fault="no disk"))
    keep(store, theirs, replace(CHARGE, ended_at=NOW + HOUR))
    assert taken(store) == 6 + 2
    assert (taken(store, "ada"), taken(store, "bob"), taken(store, "eve")) == (6, 2, 0)
    assert taken(store, besides="r1") == 2
    assert taken(store, since=NOW + timedelta(days=10)) == 0


def test_a_run_without_a_lease_yet_is_promised_what_it_may_cost(store: Database) -> None:
    r1 = run(store)
    with store.write() as connection:
        runs.save(connection, r1.id, quoted=QUOTE, su_limit=5.0)
    assert taken(store, "ada") == 5
    with store.write() as connection:
        runs.save(connection, r1.id, su_limit=None)
    assert taken(store) == 8
    keep(store, r1, CHARGE)
    assert taken(store) == 6
    with store.read() as connection:
        again = runs.get_run(connection, "r1")
        assert again is not None
        assert again.quoted == QUOTE


def test_how_long_leases_of_an_experiment_usually_last(store: Database) -> None:
    with store.read() as connection:
        assert charges.usual_hours(connection, 1, "paper") is None
    for number, hours in enumerate((1, 2, 9)):
        each = run(store, f"r{number}")
        keep(store, each, replace(CHARGE, end=NOW + 20 * HOUR, ended_at=NOW + hours * HOUR))
        with store.write() as connection:
            runs.save(connection, each.id, ended_at=NOW + hours * HOUR)
    with store.read() as connection:
        assert charges.usual_hours(connection, 1, "paper") == 2
