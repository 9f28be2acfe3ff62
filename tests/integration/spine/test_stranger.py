"""A stranger's fork: a plan on the pull request, an approval that runs it, and a push that voids the next."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.integration.spine import papers
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.town import Paper, Town
from tests.repositories import commit_files, git

from reprise.forge import server

pytestmark = pytest.mark.real


class Stranger:
    """`mallory`, with a fork of a paper and a pull request from it."""

    def __init__(self, town: Town, paper: Paper, folder: Path) -> None:
        self._town, self._paper = town, paper
        town.tokens.setdefault("mallory", server.add_user(town.folder / "forge", "mallory"))
        town.call("POST", f"repos/{paper.name}/forks", by="mallory")
        name = paper.name.partition("/")[2]
        address = town.url.replace("http://", f"http://mallory:{town.tokens['mallory']}@")
        self._copy = folder / "fork"
        subprocess.run(["git", "clone", "--quiet", f"{address}/mallory/{name}.git", self._copy], check=True)
        git(self._copy, "checkout", "--quiet", "-b", "better")

    def push(self, what: str) -> str:
        sha = commit_files(self._copy, {"README.md": what}, message=what)
        git(self._copy, "push", "--quiet", "origin", "better")
        return sha

    def open_pull_request(self) -> int:
        wanted = {"title": "Better", "head": "mallory:better", "base": "main"}
        path = f"repos/{self._paper.name}/pulls"
        made: int = self._town.call("POST", path, by="mallory", **wanted)["number"]
        return made

    def say(self, number: int, text: str) -> None:
        path = f"repos/{self._paper.name}/issues/{number}/comments"
        self._town.call("POST", path, by="mallory", body=text)


def test_a_forks_plan_is_approved_and_the_next_voided_by_a_push(
    controller: Controller, paper: Paper, town: Town, tmp_path: Path
) -> None:
    paper.commit(papers.tiny("ours"), "v0")
    git(paper.copy, "push", "--quiet", "origin", "HEAD:main")
    stranger = Stranger(town, paper, tmp_path)
    sha = stranger.push("theirs")
    number = stranger.open_pull_request()
    with controller:
        stranger.say(number, "/reproduce")
        plan = _plan(controller, paper, number, sha)
        paper.say_in(number, f"Looks good.\n\n/reproduce approve {plan}")
        run = until(lambda: _ended(controller), what=controller.log.read_text, pause=0.15)
        assert (run["commit"], run["verdict"], run["who"]) == (sha, "reproduced", "ada")
        assert paper.latest(sha)["reprise/tiny"]["state"] == "success"

        stranger.say(number, "/reproduce seeds=2")
        _plan(controller, paper, number, sha, besides=plan)
        stranger.push("something else")
        until(lambda: _says(paper, number, "void: there are new commits"), what=controller.log.read_text)
        assert len(controller.get("/runs")["runs"]) == 1


def _plan(controller: Controller, paper: Paper, number: int, sha: str, *, besides: str = "") -> str:
    def shown() -> str | None:
        text = "\n".join(said for said in paper.said_in(number) if f"| commit | `{sha}` |" in said)
        found = re.findall(r"/reproduce approve (p[0-9a-f]{8})", text)
        return next((plan for plan in found if plan != besides), None)

    return until(shown, what=controller.log.read_text, pause=0.15)


def _ended(controller: Controller) -> dict[str, str] | None:
    found = [run for run in controller.get("/runs")["runs"] if run["ended_at"]]
    return controller.get(f"/runs/{found[0]['run_id']}") if found else None


def _says(paper: Paper, number: int, text: str) -> bool:
    return any(text in said for said in paper.said_in(number))
