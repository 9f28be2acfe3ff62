"""A repository is hidden, renamed, archived and loses a tag while a real controller works for it."""

from pathlib import Path

import httpx
import pytest
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.papers import Outside, tiny
from tests.integration.spine.town import EVENTS, SECRET, Town
from tests.repositories import git

pytestmark = pytest.mark.real


def test_pages_runs_and_the_watch_follow_the_repository(town: Town, cache: Path, tmp_path: Path) -> None:
    paper = town.repository(tmp_path.name)
    controller = Controller(tmp_path / "controller", town, cache, watch=paper.name)
    config = {"url": f"{controller.url}/webhooks/github", "content_type": "json", "secret": SECRET}
    town.call("POST", f"repos/{paper.name}/hooks", name="web", events=[*EVENTS, "repository"], config=config)
    with controller:
        controller.await_said("repository watched", older_tags=0)
        paper.push_tag(tiny("first"), "v1")
        first = controller.await_run("v1")
        page = f"{controller.url}/runs/{first['run_id']}"
        assert httpx.get(page).status_code == 200

        town.call("PATCH", f"repos/{paper.name}", private=True)
        until(lambda: httpx.get(page).status_code == 401)

        paper.name, was = f"{paper.name}-2", paper.name
        town.call("PATCH", f"repos/{was}", name=paper.name.partition("/")[2])
        controller.await_said("repository renamed", was=was, repository=paper.name)
        address = git(paper.copy, "remote", "get-url", "origin").replace(was, paper.name)
        git(paper.copy, "remote", "set-url", "origin", address)
        sha = paper.push_tag(tiny("second"), "v2")
        assert controller.await_run("v2")["verdict"] == "reproduced"
        assert paper.latest(sha)["reprise/tiny"]["state"] == "success"

        outside = Outside(tmp_path / "outside")
        paper.push_tag(outside.paper(probe=False), "v3")
        until(outside.executions)
        git(paper.copy, "push", "--quiet", "origin", ":refs/tags/v3")
        deleted = controller.await_run("v3")
        words = "the tag was deleted: push it again to have it run"
        assert (deleted["reason"], deleted["message"]) == ("cancelled", words)

        outside = Outside(tmp_path / "outside" / "again")
        live = paper.push_tag(outside.paper(probe=False), "v4")
        until(outside.executions)
        waiting = paper.push_tag(tiny("waiting"), "v5")
        controller.await_run("v5", phase="queued")
        town.call("PATCH", f"repos/{paper.name}", archived=True)
        refused = controller.await_run("v5")
        assert (refused["reason"], "is archived" in refused["message"]) == ("refused", True)
        outside.go()
        told = controller.await_run("v4")
        assert (told["verdict"], "is archived" in told["reporting_problem"]) == ("reproduced", True)
        assert paper.latest(live)["reprise/tiny"]["state"] == "pending"
        assert paper.latest(waiting).get("reprise/tiny", {}).get("state") in (None, "pending")
        town.call("PATCH", f"repos/{paper.name}", archived=False)
        until(lambda: paper.latest(waiting).get("reprise/tiny", {}).get("state") == "error")
        assert paper.latest(live)["reprise/tiny"]["state"] == "success"
