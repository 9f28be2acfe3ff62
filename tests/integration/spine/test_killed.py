"""A controller that is killed and started again on the same state folder: nothing lost, nothing twice."""

import os
import sqlite3
from pathlib import Path

import pytest
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.papers import Outside
from tests.integration.spine.town import Paper, Town, assert_told_once

from reprise.adapters.mlflow.client import Client

pytestmark = pytest.mark.real


def test_a_run_whose_controller_is_killed_four_times_ends_with_one_of_everything(
    controller: Controller, town: Town, paper: Paper, tmp_path: Path
) -> None:
    outside = Outside(tmp_path / "outside")
    sha = paper.commit(outside.paper(), "v1")

    with controller:
        # The pending status stands there, but the controller never hears so.
        posted = town.gate.withhold("POST", f"/statuses/{sha}")
        paper.push("v1")
        assert posted.done.wait(60)
        controller.kill()
        posted.released.set()

        controller.start()
        (job,) = until(outside.executions)
        controller.kill()
        os.kill(job, 0)  # raises when the job has died with its controller

        controller.start()
        outside.go()
        until(lambda: _runs_in(controller))
        controller.kill()

        commented = town.gate.withhold("POST", f"/commits/{sha}/comments")
        controller.start()
        assert commented.done.wait(60)
        controller.kill()
        commented.released.set()

        controller.start()
        run = controller.await_run("v1")

    assert (run["verdict"], run["level"]) == ("reproduced", "B")
    assert len(outside.executions()) == len(run["trials"]) == 2  # the trial and its probe, once each
    assert outside.executions()[0] == job
    assert_told_once(paper, sha)
    runs = _mlflow_runs(controller, run["run_id"])
    assert sorted(tags["reprise.kind"] for tags in runs) == ["run", "trial", "trial"]
    assert {tags.get("reprise.complete") for tags in runs} == {"true"}


def _runs_in(controller: Controller) -> int:
    """How many runs MLflow's store has, 0 before it was made."""
    try:
        with sqlite3.connect(
            f"file:{controller.store.removeprefix('sqlite:///')}?mode=ro", uri=True
        ) as store:
            return int(store.execute("SELECT count(*) FROM runs").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def _mlflow_runs(controller: Controller, run_id: str) -> list[dict[str, str]]:
    client = Client(controller.store)
    experiment = client.ensure_experiment(f"{controller.watching}/tiny")
    return [found.tags for found in client.find_runs(experiment, "reprise.run_id", run_id)]
