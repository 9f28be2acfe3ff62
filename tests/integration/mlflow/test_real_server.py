"""The real MLflow server from its own environment: started, used, orphaned, adopted, ended."""

import math
import os
import subprocess
import sys
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.records import record, trial, write_store

from reprise.adapters.mlflow import processes
from reprise.adapters.mlflow.keeper import ServerKeeper
from reprise.adapters.mlflow.tracker import MlflowTracker
from reprise.ports import Tracked

ROOT = Path(__file__).resolve().parents[3]
CACHE = Path(os.environ.get("REPRISE_TEST_CACHE", ROOT / ".cache" / "reprise"))
"""That of the demo, which needs the same server."""
UV = Path(sys.executable).with_name("uv")

CONTROLLER = """
import os, signal, sys
from pathlib import Path
from reprise.adapters.mlflow.keeper import ServerKeeper
folder, cache, uv, python = map(Path, sys.argv[1:])
keeper = ServerKeeper(folder, cache=cache, uv=uv, python=python, patience_seconds=500)
keeper.start()
print(keeper.uri(), file=sys.stderr, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@dataclass
class Service:
    folder: Path
    keeper: ServerKeeper
    orphan: tuple[int, ...]
    """Processes of the server that the killed controller left."""
    uri: str


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A first controller installs and starts the server and is killed with −9; a second one goes on."""
    folder = tmp_path_factory.mktemp("a state") / "mlflow"
    arguments = [str(folder), str(CACHE), str(UV), sys.executable]
    killed = subprocess.run(
        [sys.executable, "-c", CONTROLLER, *arguments], capture_output=True, text=True, timeout=600
    )
    uri = killed.stderr.strip().splitlines()[-1]
    orphan = processes.members(folder)
    keeper = ServerKeeper(folder, cache=CACHE, uv=UV, python=Path(sys.executable))
    keeper.start()
    yield Service(folder, keeper, orphan, uri)
    keeper.stop()


def client(uri: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.tracking import MlflowClient
    return MlflowClient(uri)


@pytest.fixture(scope="module")
def tracked(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    folder = tmp_path_factory.mktemp("results")
    trials = [trial(folder / f"{index}-1", index) for index in range(3)]
    for each in trials:
        stored = write_store(each.results / "mlruns", end_time="5000")
        lines = "".join(f"{step} {1 / (step + 1)} {step}\n" for step in range(1_200))
        (stored / "metrics" / "loss").write_text(lines + "1 nan 0\n1 inf 0\n")
        (stored / "params").mkdir()
        for number in range(250 if each is trials[0] else 1):
            (stored / "params" / f"p{number}").write_text("é" * 6_500)
        (stored / "artifacts" / "a folder").mkdir(parents=True)
        (stored / "artifacts" / "a folder" / "plot é.txt").write_text("a curve")
    tracker = MlflowTracker(service.keeper.uri, public_url="https://mlflow.example/")
    told = record("real", *trials)
    tracked = tracker.record(told)
    assert tracker.record(told) == tracked
    tracker.conclude(tracked, {"reprise.verdict": "reproduced"}, "# Reproduced\n")
    return tracked


@pytest.mark.real
def test_the_server_of_a_killed_controller_goes_on(service: Service) -> None:
    assert service.keeper.uri() == service.uri
    assert len(service.orphan) >= 2
    assert processes.members(service.folder) == service.orphan


@pytest.mark.real
def test_its_pages_open_in_a_browser(service: Service) -> None:
    with urllib.request.urlopen(service.keeper.uri(), timeout=30) as answer:
        page = answer.read().decode()
    assert "<title>MLflow</title>" in page
    script = page.partition('src="static-files/')[2].partition('"')[0]
    with urllib.request.urlopen(f"{service.keeper.uri()}/static-files/{script}", timeout=30) as answer:
        assert len(answer.read()) > 10_000


@pytest.mark.real
def test_a_run_can_be_read_back_whole(service: Service, tracked: Tracked, tmp_path: Path) -> None:
    reader = client(service.keeper.uri())
    parent = reader.get_run(tracked.run_id)
    assert parent.data.tags["reprise.verdict"] == "reproduced"
    assert tracked.url == (
        f"https://mlflow.example/#/experiments/{tracked.experiment_id}/runs/{tracked.run_id}"
    )
    runs = reader.search_runs([tracked.experiment_id], "tags.`reprise.run_id` = 'real'")
    assert len(runs) == 7
    of_job = max(runs, key=lambda run: len(run.data.params))
    history = reader.get_metric_history(of_job.info.run_id, "loss")
    assert len(history) == 1_202
    assert sum(math.isnan(point.value) for point in history) == 1
    assert len(of_job.data.params) == 250
    local = reader.download_artifacts(of_job.info.run_id, "a folder/plot é.txt", str(tmp_path))
    assert Path(local).read_text() == "a curve"
    child = next(run for run in runs if run.data.tags["reprise.kind"] == "trial")
    assert {entry.path for entry in reader.list_artifacts(child.info.run_id)} == {"files", "log.txt"}


@pytest.mark.real
def test_no_page_is_given_to_a_foreign_name(service: Service) -> None:
    foreign = urllib.request.Request(
        f"{service.keeper.uri()}/api/2.0/mlflow/experiments/search?max_results=1",
        headers={"Host": "evil.example"},
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(foreign, timeout=30)


@pytest.mark.real
def test_nothing_is_left_of_it_in_the_end(service: Service, tracked: Tracked) -> None:
    service.keeper.stop()
    assert processes.members(service.folder) == ()
    assert (service.folder / "mlflow.db").is_file()
