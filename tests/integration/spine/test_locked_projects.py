"""Projects that uv locked: their packages are installed once, their own code anew for each commit."""

import json
import sqlite3
from pathlib import Path

import pytest
from tests import packages
from tests.integration.spine.conftest import Busy
from tests.integration.spine.controller import Controller, processes_in, until
from tests.integration.spine.papers import PROBED, tiny
from tests.integration.spine.town import Paper, Town

pytestmark = pytest.mark.real

TRAIN = """\
import json, os
import paper, tinyone
assert tinyone.VERSION == "1.0"
os.makedirs("results")
with open("results/metrics.json", "w") as file:
    json.dump({"accuracy": paper.ACCURACY}, file)
"""


def test_two_commits_with_one_lock_do_not_run_each_others_code(busy: Busy, tmp_path: Path) -> None:
    controller, paper = busy.controller, busy.papers["package"]
    paper.push_tag(package(tmp_path / "first", "0.97"), "v1")
    paper.push_tag(package(tmp_path / "second", "0.42"), "v2")
    runs = {tag: controller.await_run(tag) for tag in ("v1", "v2")}

    assert {tag: run["verdict"] for tag, run in runs.items()} == {"v1": "reproduced", "v2": "not_reproduced"}
    assert {tag: run["claims"][0]["got"] for tag, run in runs.items()} == {"v1": 0.97, "v2": 0.42}
    first, second = (built(controller, run["run_id"]) for run in runs.values())
    assert first["key"] == second["key"]
    assert first["location"] == second["location"]
    assert first["layer"] != second["layer"]


def test_a_stop_ends_what_is_built_or_asked_at_that_moment(
    controller: Controller, town: Town, paper: Paper, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    build = f"    import time\n    open({str(begun)!r}, 'w').close()\n    time.sleep(60)"
    slow = paper.commit(package(tmp_path / "slow", "0.97", build=build), "slow")
    other = paper.commit(tiny("asked"), "other")
    with controller.with_settings(REPRISE_PROCESS__SLOTS="2"):
        paper.push("slow")
        until(begun.exists)
        asked = town.gate.withhold("POST", f"/statuses/{other}")
        paper.push("other")
        assert asked.done.wait(60)

        assert controller.terminate() < 5
        assert processes_in(tmp_path) == {}
    assert [status["state"] for status in paper.statuses(slow)] == ["pending"]


def package(folder: Path, accuracy: str, *, build: str = "") -> dict[str, str | bytes]:
    """A buildable project in src layout whose code holds this number; every one has the same lock."""
    backend = packages.BACKEND.replace('"paper.py"', '"src/paper.py", "paper.py"')
    files = {"backend.py": backend.replace("    wheel =", f"{build}\n    wheel =", 1)}
    packages.uv_project(folder, package=True, files=files)
    (folder / "paper.py").unlink()
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return found | {"src/paper.py": f"ACCURACY = {accuracy}\n", "reprise.yaml": PROBED, "train.py": TRAIN}


def built(controller: Controller, run_id: str) -> dict[str, str]:
    with sqlite3.connect(f"file:{controller.state / 'reprise.db'}?mode=ro", uri=True) as store:
        (found,) = store.execute("SELECT built FROM runs WHERE id = ?", (run_id,)).fetchone()
    parsed: dict[str, str] = json.loads(found)
    return parsed
