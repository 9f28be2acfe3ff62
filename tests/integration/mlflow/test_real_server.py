"""The real MLflow server from its own environment: started, used, orphaned, adopted, ended."""

import json
import math
import os
import stat
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
from tests import jobs, packages
from tests.records import record, trial, write_store

from reprise.adapters.mlflow import gate, processes
from reprise.adapters.mlflow.keeper import ServerKeeper
from reprise.adapters.mlflow.tracker import MlflowTracker
from reprise.adapters.process.builder import ProcessBuilder
from reprise.adapters.process.isolation import decide, probe
from reprise.adapters.process.quarters import Quarters
from reprise.adapters.process.runner import ProcessRunner
from reprise.domain.spec.model import Network
from reprise.ports import BuildRequest, Built, Tracked

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
    tracker = MlflowTracker(service.keeper.client_uri, public_url="https://mlflow.example/")
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


def browser() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(), urllib.request.ProxyHandler({}))


@pytest.mark.real
def test_its_pages_open_in_a_browser_that_came_by_the_sealed_address(
    service: Service, tracked: Tracked
) -> None:
    person = browser()
    address = service.keeper.page()
    assert address is not None
    with person.open(address, timeout=30) as answer:
        page = answer.read().decode()
    assert "<title>MLflow</title>" in page
    script = page.partition('src="static-files/')[2].partition('"')[0]
    with person.open(f"{service.keeper.uri()}/static-files/{script}", timeout=30) as answer:
        assert len(answer.read()) > 10_000
    found = asked(service, "runs/search", {"experiment_ids": [tracked.experiment_id]}, by=person)
    assert tracked.run_id in {run["info"]["run_id"] for run in json.loads(found.text)["runs"]}
    assert asked(service, "runs/delete", {"run_id": tracked.run_id}, by=person).status == 403
    with pytest.raises(urllib.error.HTTPError, match="401"):
        browser().open(address, timeout=30)


@dataclass(frozen=True)
class Answer:
    status: int
    text: str


def asked(
    service: Service,
    what: str,
    body: object,
    *,
    by: urllib.request.OpenerDirector | None = None,
    **headers: str,
) -> Answer:
    """By POST, as MLflow's pages and clients ask."""
    request = urllib.request.Request(
        f"{service.keeper.uri()}/ajax-api/2.0/mlflow/{what}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **headers},
    )
    try:
        with (by or browser()).open(request, timeout=30) as answer:
            return Answer(answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode())


@pytest.mark.real
def test_who_shows_nothing_neither_reads_nor_writes(service: Service, tracked: Tracked) -> None:
    deleting = asked(service, "runs/delete", {"run_id": tracked.run_id})
    assert deleting.status == 401
    assert "writing needs the secret in mlflow/server.token" in json.loads(deleting.text)["message"]
    reading = asked(service, "runs/search", {"experiment_ids": [tracked.experiment_id]})
    assert reading.status == 401
    assert "reading needs a sign-in at Reprise" in reading.text
    wrong = asked(service, "runs/search", {}, Authorization="Bearer wrong")
    assert (wrong.status, "not the secret of this start" in wrong.text) == (401, True)


@pytest.mark.real
def test_the_secret_is_a_file_of_the_controllers_user_and_in_no_command_variable_or_log(
    service: Service, tracked: Tracked
) -> None:
    file = service.folder / gate.TOKEN
    secret = file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = f"Bearer {secret}"
    assert asked(service, "runs/search", {"experiment_ids": ["0"]}, Authorization=shown).status == 200
    for pid in processes.members(service.folder):
        for part in ("environ", "cmdline"):
            assert secret.encode() not in Path(f"/proc/{pid}/{part}").read_bytes()
    others = [path for path in service.folder.rglob("*") if path.is_file() and path != file]
    assert [path for path in others if secret.encode() in path.read_bytes()] == []
    assert len(others) > 10


STRANGER = """
import json, os, urllib.request
def told(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request("URI" + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
def attempt(path):
    try:
        return open(path).read()
    except OSError as error:
        return None
SAID = {
    "health": told("GET", "/health"),
    "read": told("GET", "/api/2.0/mlflow/runs/get?run_id=RUN"),
    "search": told("POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["EXPERIMENT"]}),
    "file": told("GET", "/api/2.0/mlflow-artifacts/artifacts/EXPERIMENT/RUN/artifacts/reprise.yaml"),
    "change": told("POST", "/api/2.0/mlflow/runs/set-tag", {"run_id": "RUN", "key": "k", "value": "v"}),
    "overwrite": told("PUT", "/api/2.0/mlflow-artifacts/artifacts/EXPERIMENT/RUN/artifacts/report.md", "x"),
    "delete": told("POST", "/api/2.0/mlflow/runs/delete", {"run_id": "RUN"}),
    "secret": attempt("TOKEN"),
    "variables": str(dict(os.environ)),
}
"""


@pytest.fixture
def stranger(service: Service, tracked: Tracked) -> str:
    """Code that tries everything against another repository's record."""
    told = STRANGER.replace("URI", service.keeper.uri()).replace("RUN", tracked.run_id)
    return told.replace("EXPERIMENT", tracked.experiment_id).replace(
        "TOKEN", str(service.folder / gate.TOKEN)
    )


@pytest.fixture
def quarters(service: Service) -> Quarters:
    isolation = decide(probe())
    if not isolation.uid and not isolation.mounts:
        pytest.skip("this kernel keeps nothing of its own user from a job")
    return Quarters(isolation, (service.folder.parent,))


def check(said: dict[str, Any], service: Service, tracked: Tracked) -> None:
    """The server was reached and nothing was read or changed."""
    secret = (service.folder / gate.TOKEN).read_text().strip()
    assert said.pop("health") == 200
    assert said.pop("secret") is None
    assert secret not in said.pop("variables")
    assert set(said.values()) == {401}, said
    run = client(service.keeper.client_uri()).get_run(tracked.run_id)
    assert (run.info.lifecycle_stage, "k" in run.data.tags) == ("active", False)


@pytest.mark.real
def test_a_job_with_an_open_network_neither_reads_nor_changes_a_record(
    service: Service, tracked: Tracked, stranger: str, quarters: Quarters, tmp_path: Path
) -> None:
    telling = "json.dump(SAID, open(os.path.join(os.environ['REPRISE_OUTPUT_DIR'], 'said.json'), 'w'))"
    job = jobs.python_job(tmp_path, f"{stranger}\n{telling}", jobs.spec(network=Network.OPEN))

    end = jobs.finished(ProcessRunner(quarters=quarters), job)

    assert end.exit_code == 0, (job.results / "log.txt").read_text()
    check(json.loads((job.results / "files" / "said.json").read_text()), service, tracked)


@pytest.mark.real
def test_a_build_neither_reads_nor_changes_a_record(
    service: Service, tracked: Tracked, stranger: str, quarters: Quarters, tmp_path: Path
) -> None:
    tree = tmp_path / "builds" / "run-1" / "tree"
    tree.mkdir(parents=True)
    telling = "open('paper.py', 'w').write(json.dumps(SAID))\n"
    files = {"backend.py": f"{stranger}\n{telling}{packages.BACKEND}"}
    packages.uv_project(tree, package=True, files=files)
    builder = ProcessBuilder(
        uv=packages.UV, cache=tmp_path / "cache", system=packages.SYSTEM, quarters=quarters
    )

    made = builder.build(BuildRequest(jobs.RUN_ID, tree, jobs.spec(), tmp_path / "build.log"))

    assert isinstance(made, Built), (made, (tmp_path / "build.log").read_text())
    check(json.loads((Path(str(made.layer)) / "paper.py").read_text()), service, tracked)


@pytest.mark.real
def test_a_run_can_be_read_back_whole(service: Service, tracked: Tracked, tmp_path: Path) -> None:
    reader = client(service.keeper.client_uri())
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
    listed = {entry.path for entry in reader.list_artifacts(child.info.run_id)}
    assert listed == {"files", "git_info.txt", "log.txt"}


@pytest.mark.real
def test_no_page_is_given_to_a_foreign_name(service: Service) -> None:
    """MLflow's own check stands behind ours."""
    shown = f"Bearer {(service.folder / gate.TOKEN).read_text().strip()}"
    refused = asked(service, "experiments/search", {}, Host="evil.example", Authorization=shown)
    assert (refused.status, "Invalid Host header" in refused.text) == (403, True)


@pytest.mark.real
def test_nothing_is_left_of_it_in_the_end(service: Service, tracked: Tracked) -> None:
    service.keeper.stop()
    assert processes.members(service.folder) == ()
    assert (service.folder / "mlflow.db").is_file()
    assert not (service.folder / gate.TOKEN).exists()
