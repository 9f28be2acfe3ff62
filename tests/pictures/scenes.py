"""Three things that people meet on the forge's page, made through its API as they come about in life.

The texts are those of the golden files of reports, so the pictures show what is really written.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from reprise.forge import server
from reprise.forge.installing import new_token
from reprise.forge.records import App, Installation
from reprise.forge.store import Store

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "tests" / "samples" / "reports"
PLAN = Path(__file__).parent / "plan.md"
REPOSITORY = "ada/wine"
PERMISSIONS = {"contents": "read", "checks": "write", "issues": "write", "statuses": "write"}
BROKEN_SPEC = """\
version: 1
name: wine
run:
  comand: [python, train.py]
  timeout: 5m
claims:
  - id: digits-svm
    metric: {file: results/metrics.json, pointer: /digits-svm/accuracy}
    compare: {mode: tolerance}
    published: {value: "0.97"}
"""


@dataclass
class Forge:
    """A running forge with ada's repository, grace who forks it, and an App that is installed there."""

    folder: Path
    url: str
    tokens: dict[str, str]
    http: httpx.Client

    def call(self, who: str, method: str, path: str, body: Any = None) -> Any:
        reply = self.http.request(
            method,
            f"{self.url}/api/v3{path}",
            json=body,
            headers={"Authorization": f"token {self.tokens[who]}"},
        )
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def sign_in_address(self, who: str, to: str) -> str:
        return server.sign_in_address(self.folder / "forge", self.url, who, to=to)

    def git(self, who: str, copy: Path, *argv: str) -> str:
        person = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", who.title()), ("EMAIL", f"{who}@example.org"))
        }
        done = subprocess.run(
            ["git", "-C", str(copy), *argv],
            env={"PATH": os.environ["PATH"], "HOME": str(copy), "GIT_CONFIG_NOSYSTEM": "1", **person},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()

    def remote(self, who: str, owner: str) -> str:
        return self.url.replace("http://", f"http://{who}:{self.tokens[who]}@") + f"/{owner}/wine.git"


@contextmanager
def opened(folder: Path) -> Iterator[Forge]:
    state = folder / "forge"
    tokens = {who: server.add_user(state, who, email=f"{who}@example.org") for who in ("ada", "grace", "bot")}
    running = server.start(state)
    try:
        with httpx.Client(timeout=20) as http:
            made = Forge(folder, running.url, tokens, http)
            _found_repository(made, state)
            yield made
    finally:
        running.stop()


def _found_repository(forge: Forge, state: Path) -> None:
    forge.call("ada", "POST", "/user/repos", {"name": "wine", "description": "Two old results, once more"})
    forge.call("ada", "PUT", f"/repos/{REPOSITORY}/collaborators/bot", {"permission": "push"})
    app = server.add_app(state, "ada", "Reprise", permissions=PERMISSIONS, events=("push",))
    server.install_app(state, app, "ada")
    forge.tokens["app"] = _installation_token(state)
    copy = forge.folder / "ada"
    copy.mkdir()
    forge.git("ada", copy, "init", "--quiet", "--initial-branch=main", "--template=")
    for name in ("README.md", "reprise.yaml", "requirements.txt", "train.py"):
        (copy / name).write_text((ROOT / "example-repo" / name).read_text())
    forge.git("ada", copy, "add", ".")
    forge.git("ada", copy, "commit", "--quiet", "--message", "The paper's code and claims")
    forge.git("ada", copy, "remote", "add", "origin", forge.remote("ada", "ada"))
    forge.git("ada", copy, "push", "--quiet", "origin", "main")


def _installation_token(state: Path) -> str:
    store = Store(state)
    try:
        installation = store.all(Installation)[0]
        app = store.get(App, installation.app_id)
        return new_token(store, app, installation, only=None, permissions=None).text
    finally:
        store.close()


# --- the scenes ------------------------------------------------------------------------------------


def tag(forge: Forge) -> str:
    """A tag whose numbers came out as published, told with a plain token: statuses and a comment."""
    copy = forge.folder / "ada"
    forge.git("ada", copy, "tag", "--annotate", "--message", "As published", "v1.0")
    forge.git("ada", copy, "push", "--quiet", "origin", "v1.0")
    sha = forge.git("ada", copy, "rev-parse", "v1.0^{commit}")
    statuses = {
        "reprise/wine": "reproduced: 3 of 3 claims, level B",
        "reprise/wine/digits-svm": "published 0.97, got 0.9689, allowed ±0.005",
        "reprise/wine/qda": "published 99.4, got 99.438, allowed ±0.05",
        "reprise/wine/lda": "published 98.9, got 98.876, allowed ±0.05",
    }
    for context, description in statuses.items():
        _status(forge, sha, context, "success", description)
    _comment(forge, "bot", f"/repos/{REPOSITORY}/commits/{sha}/comments", _report("reproduced", sha))
    return f"/{REPOSITORY}/commit/{sha}"


def fork(forge: Forge) -> str:
    """A pull request of a stranger's fork: asked for, planned, waiting for a maintainer."""
    forge.call("grace", "POST", f"/repos/{REPOSITORY}/forks", {})
    copy = forge.folder / "grace"
    copy.mkdir()
    forge.git("grace", copy, "clone", "--quiet", forge.remote("grace", "grace"), ".")
    spec = copy / "reprise.yaml"
    spec.write_text(spec.read_text().replace('"0.97"', '"0.99"'))
    forge.git("grace", copy, "commit", "--quiet", "--all", "--message", "Search the SVM's grid more finely")
    forge.git("grace", copy, "push", "--quiet", "origin", "HEAD:refs/heads/svm-grid")
    sha = forge.git("grace", copy, "rev-parse", "HEAD")
    opened = {
        "title": "Search the SVM's grid more finely",
        "body": "With a finer grid for `gamma` the digits come out at **0.99**.",
        "base": "main",
        "head": "grace:svm-grid",
    }
    number = forge.call("grace", "POST", f"/repos/{REPOSITORY}/pulls", opened)["number"]
    conversation = f"/repos/{REPOSITORY}/issues/{number}/comments"
    asked = _comment(forge, "grace", conversation, f"/reproduce {sha[:7]}")
    forge.call("app", "POST", f"/repos/{REPOSITORY}/issues/comments/{asked}/reactions", {"content": "eyes"})
    _comment(forge, "app", conversation, PLAN.read_text().format(sha=sha[:7]))
    check = {
        "name": "wine",
        "head_sha": sha,
        "conclusion": "action_required",
        "output": {
            "title": "Waits for approval: /reproduce approve 7q4k-2m9x",
            "summary": "Code of a fork runs only after somebody who may write here has agreed to its plan.",
        },
    }
    forge.call("app", "POST", f"/repos/{REPOSITORY}/check-runs", check)
    return f"/{REPOSITORY}/pull/{number}"


def spec_error(forge: Forge) -> str:
    """A tag whose spec has two mistakes, told with a check run that points at their lines."""
    copy = forge.folder / "ada"
    (copy / "reprise.yaml").write_text(BROKEN_SPEC)
    forge.git("ada", copy, "commit", "--quiet", "--all", "--message", "Allow the SVM a tolerance")
    forge.git("ada", copy, "tag", "v1.1")
    forge.git("ada", copy, "push", "--quiet", "origin", "main", "v1.1")
    sha = forge.git("ada", copy, "rev-parse", "HEAD")
    title, _, rest = _report("spec-invalid", sha).replace("v1.0", "v1.1").partition("\n")
    check = {
        "name": "wine",
        "head_sha": sha,
        "conclusion": "failure",
        "output": {
            "title": title.removeprefix("### wine: ").capitalize(),
            "summary": rest.strip(),
            "annotations": [
                _annotation(4, "unknown key 'comand': did you mean 'command'?"),
                _annotation(9, "tolerance needs abs or rel: write {abs: 0.005}"),
            ],
        },
        "actions": [{"label": "Reproduce", "description": "Run it once more", "identifier": "reproduce"}],
    }
    made = forge.call("app", "POST", f"/repos/{REPOSITORY}/check-runs", check)
    return f"/{REPOSITORY}/runs/{made['id']}"


SCENES = {"tag": tag, "fork": fork, "spec-error": spec_error}


def _annotation(line: int, message: str) -> dict[str, Any]:
    where = {"path": "reprise.yaml", "start_line": line, "end_line": line}
    return {**where, "annotation_level": "failure", "title": "The spec cannot be used", "message": message}


def _status(forge: Forge, sha: str, context: str, state: str, description: str) -> None:
    body = {
        "context": context,
        "state": state,
        "description": description,
        "target_url": f"{forge.url}/{REPOSITORY}",
    }
    forge.call("bot", "POST", f"/repos/{REPOSITORY}/statuses/{sha}", body)


def _comment(forge: Forge, who: str, path: str, text: str) -> int:
    made: int = forge.call(who, "POST", path, {"body": text})["id"]
    return made


def _report(name: str, sha: str) -> str:
    """A golden report as if it were about this commit."""
    return (
        (REPORTS / f"{name}.md")
        .read_text()
        .replace("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d", sha)
        .replace("1a2b3c4", sha[:7])
    )
