"""What the engine relies on, held against the fake and against MLflow on a real SQLite file."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.tracker import FakeTracker
from tests.records import record, trial

from reprise.adapters.mlflow.tracker import MlflowTracker
from reprise.domain.errors import Refused
from reprise.ports import Tracked, Tracker

PUBLIC = "https://mlflow.example"
Make = Callable[[str | None], Tracker]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Making one takes a second, so all tests share it; each uses run ids of its own."""
    return f"sqlite:///{tmp_path_factory.mktemp('a store')}/mlflow.db"


@pytest.fixture(params=["fake", "mlflow"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    if request.param == "fake":
        yield lambda url: FakeTracker(public_url=url)
        return
    uri: str = request.getfixturevalue("store")
    yield lambda url: MlflowTracker(uri, public_url=url)


def test_the_same_run_is_tracked_once_however_often_it_is_recorded(make: Make, tmp_path: Path) -> None:
    tracker = make(None)
    told = record("once", trial(tmp_path / "0-1"))
    assert tracker.record(told) == tracker.record(told) == tracker.record(told)


def test_runs_of_one_experiment_are_together(make: Make, tmp_path: Path) -> None:
    tracker = make(None)
    first = tracker.record(record("together-1", trial(tmp_path / "0-1")))
    second = tracker.record(record("together-2", trial(tmp_path / "0-1")))
    elsewhere = tracker.record(record("together-3", trial(tmp_path / "0-1"), experiment="table-3"))
    assert first.experiment_id == second.experiment_id != elsewhere.experiment_id
    assert len({first.run_id, second.run_id, elsewhere.run_id}) == 3


def test_a_run_that_never_got_to_a_trial_is_recorded_too(make: Make) -> None:
    told = replace(record("no-trial"), built=None)
    assert make(None).record(told).run_id


def test_a_link_is_given_only_when_people_can_open_it(make: Make, tmp_path: Path) -> None:
    told = record("link", trial(tmp_path / "0-1"))
    assert make(None).record(told).url is None
    tracked = make(PUBLIC).record(told)
    assert tracked.url == f"{PUBLIC}/#/experiments/{tracked.experiment_id}/runs/{tracked.run_id}"


def concluded(tracker: Tracker, tracked: Tracked, store: str) -> tuple[str, str]:
    """Verdict and report, as people find them."""
    if isinstance(tracker, FakeTracker):
        (run_id,) = tracker.records
        return tracker.tags[run_id]["reprise.verdict"], tracker.reports[run_id]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.tracking import MlflowClient
    tags = MlflowClient(store).get_run(tracked.run_id).data.tags
    return tags["reprise.verdict"], tags["mlflow.note.content"]


def test_concluding_may_be_repeated_and_the_last_word_stands(make: Make, tmp_path: Path, store: str) -> None:
    tracker = make(None)
    tracked = tracker.record(record("concluded", trial(tmp_path / "0-1")))
    for _ in range(2):
        tracker.conclude(tracked, {"reprise.verdict": "reproduced"}, "# Reproduced\n")
    assert concluded(tracker, tracked, store) == ("reproduced", "# Reproduced\n")
    tracker.conclude(tracked, {"reprise.verdict": "inconclusive"}, "# Inconclusive\n")
    assert concluded(tracker, tracked, store) == ("inconclusive", "# Inconclusive\n")


def test_concluding_an_unknown_run_is_refused(make: Make, tmp_path: Path) -> None:
    tracker = make(None)
    tracker.record(record("known", trial(tmp_path / "0-1")))
    with pytest.raises(Refused):
        tracker.conclude(Tracked("1", "0" * 32, None), {"reprise.verdict": "reproduced"}, "")


def test_a_job_that_logged_nothing_has_no_runs(make: Make, tmp_path: Path) -> None:
    assert make(None).job_runs(tmp_path) == ()
