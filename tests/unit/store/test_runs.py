from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from reprise.domain.errors import Retryable
from reprise.domain.forge import OnPullRequest
from reprise.domain.run import Phase, Repository, RunId, Sha, TrialPlan
from reprise.store import repositories, runs
from reprise.store.database import Database
from reprise.store.runs import NewRun

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WINE = Repository(7, "ada/wine", "https://forge.test/ada/wine.git")
RUN = NewRun(RunId("r1"), 7, Sha("a" * 40), "table-2", "tag", "reprise.yaml", "v1", None, "tag v1", "ada")


def another(number: int, **changed: object) -> NewRun:
    return replace(RUN, id=RunId(f"r{number}"), **{"generation": f"comment:{number}", **changed})  # type: ignore[arg-type]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    store = Database(f"sqlite:///{tmp_path / 'reprise.db'}")
    store.migrate()
    with store.write() as opened:
        repositories.remember(opened, WINE)
        yield opened
    store.close()


def ids(found: list[runs.Run]) -> list[str]:
    return [run.id for run in found]


def test_a_run_that_is_known_is_not_added_again(connection: Connection) -> None:
    assert runs.add_run(connection, RUN, at=NOW)
    assert not runs.add_run(connection, RUN, at=NOW + timedelta(hours=1))
    run = runs.get_run(connection, "r1")
    assert run is not None
    assert run.created_at == NOW
    assert run.repository == WINE


def test_one_identity_is_one_run_whatever_its_id(connection: Connection) -> None:
    runs.add_run(connection, RUN, at=NOW)
    assert not runs.add_run(connection, replace(RUN, id=RunId("r2")), at=NOW)


def test_waiting_live_and_ended_runs_are_told_apart(connection: Connection) -> None:
    for number in (1, 2, 3):
        runs.add_run(connection, another(number), at=NOW)
    runs.save(connection, "r1", granted_at=NOW, ended_at=NOW)
    runs.save(connection, "r2", granted_at=NOW)
    assert ids(runs.live_runs(connection)) == ["r2"]
    assert ids(runs.untold_waiting(connection, 9)) == ["r3"]
    assert ids(runs.recent_runs(connection, 2)) == ["r3", "r2"]


def test_the_queue_keeps_the_order_of_arrival(connection: Connection) -> None:
    for number in (5, 3, 9):
        runs.add_run(connection, another(number), at=NOW)
    waiting = runs.untold_waiting(connection, 9)
    assert ids(waiting) == ["r5", "r3", "r9"]
    assert [each.id for each in runs.waiting_entries(connection)] == ["r5", "r3", "r9"]
    assert ids(runs.untold_waiting(connection, 2)) == ["r5", "r3"]


def test_whom_the_forge_was_told_of_is_not_told_again_nor_does_the_next_move_up(
    connection: Connection,
) -> None:
    for number in (5, 3, 9):
        runs.add_run(connection, another(number), at=NOW)
    runs.save(connection, "r5", shown_at=NOW)
    assert ids(runs.untold_waiting(connection, 2)) == ["r3"]


def test_a_phase_keeps_the_time_when_it_was_first_entered(connection: Connection) -> None:
    runs.add_run(connection, RUN, at=NOW)
    for hours, phase in ((1, Phase.BUILDING), (2, Phase.RUNNING), (3, Phase.BUILDING)):
        runs.enter_phase(connection, RUN.id, phase, NOW + timedelta(hours=hours))
    assert runs.phase_times(connection, "r1") == {
        Phase.QUEUED: NOW,
        Phase.BUILDING: NOW + timedelta(hours=1),
        Phase.RUNNING: NOW + timedelta(hours=2),
    }


def test_the_first_coin_stands(connection: Connection) -> None:
    runs.add_run(connection, RUN, at=NOW)
    for coin in ("101", "102"):
        runs.keep_coin(connection, "r1", coin)
    run = runs.get_run(connection, "r1")
    assert run is not None
    assert (run.coin, run.coin_public) == ("101", True)


def test_attempts_at_a_trial_are_kept_apart_and_in_order(connection: Connection) -> None:
    runs.add_run(connection, RUN, at=NOW)
    plan = TrialPlan(0, 42, probe=False)
    for attempt in (1, 2, 2):
        runs.begin_trial(connection, RUN.id, plan, attempt, NOW + timedelta(hours=attempt))
    runs.end_trial(connection, RUN.id, plan, 1, lost="the machine died")
    found = runs.trials_of(connection, "r1")
    assert [(t.attempt, t.lost, t.started_at) for t in found] == [
        (1, "the machine died", NOW + timedelta(hours=1)),
        (2, None, NOW + timedelta(hours=2)),
    ]
    assert runs.results_of(found) == ()


def test_runs_of_one_place_share_its_comment(connection: Connection) -> None:
    runs.add_run(connection, another(1), at=NOW)
    runs.add_run(connection, another(2, experiment="ablation"), at=NOW)
    runs.add_run(connection, another(3, pull_request=7), at=NOW)
    runs.add_run(connection, another(4, pull_request=7, commit=Sha("b" * 40)), at=NOW)
    runs.add_run(connection, another(5, pull_request=8), at=NOW)
    found = {run.id: run for run in runs.recent_runs(connection, 9)}
    assert ids(runs.runs_at(connection, 7, found[RunId("r1")].place)) == ["r1", "r2"]
    assert ids(runs.runs_at(connection, 7, found[RunId("r3")].place)) == ["r3", "r4"]
    assert ids(runs.runs_at(connection, 7, OnPullRequest(8))) == ["r5"]


def test_the_newest_run_of_an_experiment_at_a_commit_speaks_for_it(connection: Connection) -> None:
    runs.add_run(connection, another(1), at=NOW)
    runs.add_run(connection, another(2, pull_request=7), at=NOW)
    runs.add_run(connection, another(3, experiment="ablation"), at=NOW)
    runs.add_run(connection, another(4, commit=Sha("b" * 40)), at=NOW)
    first, second, *_ = reversed(runs.recent_runs(connection, 9))
    assert runs.newer_claims(connection, first) == [None]
    assert runs.newer_claims(connection, second) == []


def test_a_database_that_is_gone_is_worth_another_try(tmp_path: Path) -> None:
    store = Database(f"sqlite:///{tmp_path / 'no-such-folder' / 'reprise.db'}")
    with pytest.raises(Retryable, match="unable to open database file"), store.read():
        pass
    with pytest.raises(Retryable, match="unable to open database file"), store.write():
        pass
    store.close()
