"""A real forge on a free port, the people on it, and a researcher's repository."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from tests.integration.spine.gate import Gate
from tests.repositories import commit_files, git

from reprise.forge import server

SECRET = "only-for-this-test"
EVENTS = ["push", "create", "delete", "issue_comment", "commit_comment", "pull_request"]


class Town:
    """`ada` owns repositories, `bot` writes statuses and comments in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gate = Gate()
        self._state = folder / "forge"
        self.tokens = {login: server.add_user(self._state, login) for login in ("ada", "bot")}
        self.running = server.start(self._state, wrap=self.gate.wrap)
        self.url = self.running.url
        self._http = httpx.Client(timeout=30)

    def stop(self) -> None:
        """The forge goes away; what it knows stays in its folder."""
        self.gate.release_all()
        self.running.stop()

    def start(self) -> None:
        """It comes back under the same address."""
        port = int(self.url.rpartition(":")[2])
        self.running = server.start(self._state, port=port, wrap=self.gate.wrap)

    def close(self) -> None:
        self.stop()
        self._http.close()

    def call(self, method: str, path: str, *, by: str = "ada", **body: Any) -> Any:
        """What somebody asks the forge's REST API."""
        reply = self._http.request(
            method,
            f"{self.url}/api/v3/{path}",
            json=body or None,
            headers={"Authorization": f"token {self.tokens[by]}"},
        )
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def repository(self, name: str) -> "Paper":
        self.call("POST", "user/repos", name=name)
        self.call("PUT", f"repos/ada/{name}/collaborators/bot", permission="push")
        return Paper(self, name)


class Paper:
    """ada's repository ``ada/<name>`` and her working copy of it."""

    def __init__(self, town: Town, name: str) -> None:
        self.name = f"ada/{name}"
        self.copy = town.folder / "copies" / name
        self._town = town
        self.copy.mkdir(parents=True)
        git(self.copy, "init", "--quiet", "--initial-branch=main")
        address = town.url.replace("http://", f"http://ada:{town.tokens['ada']}@")
        git(self.copy, "remote", "add", "origin", f"{address}/{self.name}.git")

    def hook(self, url: str) -> None:
        """Tell a controller of every event from now on."""
        config = {"url": f"{url}/webhooks/github", "content_type": "json", "secret": SECRET}
        self._town.call("POST", f"repos/{self.name}/hooks", name="web", events=EVENTS, config=config)

    def commit(self, files: Mapping[str, str | bytes], tag: str) -> str:
        """A commit of exactly these files, tagged but not pushed; returns the sha."""
        for path in self.copy.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        sha = commit_files(self.copy, files, message=f"as of {tag}")
        self.tag(tag)
        return sha

    def tag(self, tag: str) -> None:
        git(self.copy, "tag", "--annotate", "--message", tag, tag)

    def push(self, *tags: str) -> None:
        git(self.copy, "push", "--quiet", "origin", *tags)

    def push_tag(self, files: Mapping[str, str | bytes], tag: str) -> str:
        sha = self.commit(files, tag)
        self.push(tag)
        return sha

    # --- what stands on the forge ---------------------------------------------------------------

    def statuses(self, sha: str) -> list[dict[str, Any]]:
        """Everything that was ever posted on a commit, oldest first."""
        found = self._town.call("GET", f"repos/{self.name}/commits/{sha}/statuses?per_page=100")
        return list(reversed(found))

    def latest(self, sha: str) -> dict[str, dict[str, Any]]:
        """context → its latest status"""
        return {status["context"]: status for status in self.statuses(sha)}

    def comments(self, sha: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._town.call("GET", f"repos/{self.name}/commits/{sha}/comments")
        return found

    def say(self, sha: str, body: str) -> int:
        """ada comments on a commit."""
        made: int = self._town.call("POST", f"repos/{self.name}/commits/{sha}/comments", body=body)["id"]
        return made

    def pull_request(self, files: Mapping[str, str | bytes]) -> int:
        """From a branch of this repository; returns its number."""
        git(self.copy, "push", "--quiet", "origin", "HEAD:main")
        git(self.copy, "checkout", "--quiet", "-b", "more")
        commit_files(self.copy, files, message="more")
        git(self.copy, "push", "--quiet", "origin", "more")
        made: int = self._town.call(
            "POST", f"repos/{self.name}/pulls", title="More", head="more", base="main"
        )["number"]
        return made

    def say_in(self, number: int, body: str) -> int:
        """ada comments on a pull request."""
        made: int = self._town.call("POST", f"repos/{self.name}/issues/{number}/comments", body=body)["id"]
        return made

    def said_in(self, number: int) -> list[str]:
        """What the bot wrote there."""
        found = self._town.call("GET", f"repos/{self.name}/issues/{number}/comments")
        return [each["body"] for each in found if each["user"]["login"] == "bot"]

    def reactions(self, comment: int) -> list[str]:
        found = self._town.call("GET", f"repos/{self.name}/comments/{comment}/reactions")
        return [each["content"] for each in found]


def repeats(statuses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Statuses that say what the one before them in their context says."""
    said: dict[str, tuple[str, ...]] = {}
    found = []
    for status in statuses:
        says = (status["state"], status["description"], str(status["target_url"]))
        if said.get(status["context"]) == says:
            found.append(status)
        said[status["context"]] = says
    return found


def assert_told_once(paper: Paper, sha: str, *, announced: bool = True) -> None:
    """The verdict of a tiny paper that is reproduced: each status once and right, one comment.

    ``announced``: that it runs was told before.
    """
    posted = paper.statuses(sha)
    assert repeats(posted) == []
    (*before, verdict) = [status["state"] for status in posted if status["context"] == "reprise/tiny"]
    assert (set(before), verdict) == ({"pending"} if announced or before else set(), "success")
    latest = paper.latest(sha)
    assert {context: status["state"] for context, status in latest.items()} == {
        "reprise/tiny": "success",
        "reprise/tiny/accuracy": "success",
        "reprise/tiny/artifacts": "success",
    }
    (comment,) = paper.comments(sha)
    assert comment["body"].count(f"<!-- reprise:commit:{sha} -->") == 1
