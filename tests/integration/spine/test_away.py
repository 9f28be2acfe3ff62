"""The controller or the forge is away for a while: what happened meanwhile is caught up."""

from pathlib import Path

import pytest
from tests.integration.spine.controller import Controller, nothing_left_in, processes_in, until
from tests.integration.spine.papers import Outside, package, tiny
from tests.integration.spine.town import Paper, Town, repeats

pytestmark = pytest.mark.real


def test_a_stopped_controller_leaves_only_the_job_and_catches_up_when_it_is_back(
    controller: Controller, paper: Paper, tmp_path: Path
) -> None:
    paper.push_tag(tiny("before the watch"), "older")
    with controller:
        controller.await_said("repository watched", older_tags=1)
        outside = Outside(tmp_path / "outside")
        paper.push_tag(outside.paper(probe=False), "v1")
        (job,) = until(outside.executions)

        assert controller.terminate() < 5
        assert len(controller.said("stopping")) == len(controller.said("stopped")) == 1
        left = processes_in(tmp_path)
        assert job in left
        assert {"runner.pyz" in command or "train.py" in command for command in left.values()} == {True}

        shas = {tag: paper.push_tag(tiny(tag), tag) for tag in ("v2", "v3", "v4")}
        outside.go()
        until(lambda: job not in processes_in(tmp_path))
        controller.start()
        verdicts = {tag: controller.await_run(tag)["verdict"] for tag in ("v1", *shas)}

        assert verdicts == dict.fromkeys(("v1", "v2", "v3", "v4"), "reproduced")
        assert outside.executions() == [job]
        assert set(controller.runs()) == set(verdicts), "a tag older than the watch ran"
        for sha in shas.values():
            assert paper.latest(sha)["reprise/tiny"]["state"] == "success"
            assert len(paper.comments(sha)) == 1


def test_a_verdict_that_the_forge_could_not_hear_is_told_when_it_is_back(
    controller: Controller, town: Town, paper: Paper, tmp_path: Path
) -> None:
    outside = Outside(tmp_path / "outside")
    with controller:
        sha = paper.push_tag(outside.paper(probe=False), "v1")
        until(outside.executions)
        town.stop()
        outside.go()
        until(lambda: len(controller.said("step postponed", step="report")) >= 3)
        assert controller.runs()["v1"]["phase"] == "reporting"
        town.start()
        run = controller.await_run("v1")

        assert run["reporting_problem"] is None
        pauses = [line["timestamp"] for line in controller.said("step postponed", step="report")]
        assert pauses == sorted(set(pauses))
        assert repeats(paper.statuses(sha)) == []
        assert paper.latest(sha)["reprise/tiny"]["state"] == "success"
        assert len(paper.comments(sha)) == 1

        second = controller.spawn(tmp_path / "second.log", {})  # the same port too
        assert second.wait(60) == 64
        said = (tmp_path / "second.log").read_text()
        assert said == (
            f"reprise: another controller (pid {controller.pid}) works in {controller.state}: "
            "stop it first, or give this one its own REPRISE_STATE_DIR\n"
        )


def test_a_stop_ends_what_is_built_or_asked_at_that_moment(
    controller: Controller, town: Town, paper: Paper, tmp_path: Path
) -> None:
    # Builds are confined: what shows from outside that one has begun is its process.
    build = '    import subprocess\n    subprocess.run(["sleep", "61.25"])'
    slow = paper.commit(package(tmp_path / "slow", "0.97", build=build), "slow")
    other = paper.commit(tiny("asked"), "other")
    with controller.with_settings(REPRISE_PROCESS__SLOTS="2"):
        paper.push("slow")
        until(lambda: running("sleep", "61.25"))
        asked = town.gate.withhold("POST", f"/statuses/{other}")
        paper.push("other")
        assert asked.done.wait(60)

        assert controller.terminate() < 5
        nothing_left_in(tmp_path)
        assert not running("sleep", "61.25")
    assert [status["state"] for status in paper.statuses(slow)] == ["pending"]


def running(*command: str) -> bool:
    """Whether any process of this machine has exactly this command line."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if entry.read_bytes().decode(errors="replace").split("\0") == [*command, ""]:
                return True
        except OSError:
            continue  # it ended while we looked
    return False
