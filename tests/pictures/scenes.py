"""Three things that people meet on the forge's page, as they come about: a real forge, a real controller with
its App, and two people. What the pictures show is what the controller wrote.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprise.adapters.github.needs import EVENTS, PERMISSIONS
from reprise.demo.people import Person, working_copy
from reprise.demo.services import Services
from reprise.forge import server

ROOT = Path(__file__).parents[2]
NAME = "wine-and-digits"
REPOSITORY = f"ada/{NAME}"
VERDICT_SECONDS = 300.0
"""The first time, an environment is downloaded."""
ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Town:
    services: Services
    ada: Person
    grace: Person
    copy: Path

    def until(self, what: str, found: Callable[[], Any], seconds: float) -> Any:
        deadline = time.monotonic() + seconds
        while not (it := found()):
            assert time.monotonic() < deadline, f"no {what} within {seconds:.0f} seconds"
            time.sleep(0.5)
        return it

    def completed_check(self, sha: str) -> Any:
        def found() -> Any:
            runs = self.ada.call("GET", f"repos/{REPOSITORY}/commits/{sha}/check-runs")["check_runs"]
            return next((run for run in runs if run["status"] == "completed"), None)

        return self.until(f"completed check of {sha[:7]}", found, VERDICT_SECONDS)

    def pushed(self, tag: str) -> str:
        self.ada.git(self.copy, "tag", "--annotate", "--message", "As published", tag)
        self.ada.git(self.copy, "push", "--quiet", "origin", "main", tag)
        return self.ada.git(self.copy, "rev-parse", f"{tag}^{{commit}}")


@contextmanager
def opened(folder: Path) -> Iterator[Town]:
    with Services(folder, ROOT / ".cache" / "reprise") as services:
        services.start_forge()
        ada, grace = (Person(who, services.account(who), services.forge_url) for who in ("ada", "grace"))
        made = ada.call("POST", "user/repos", name=NAME, description="Three published numbers")
        copy = working_copy(ROOT / "example-repo", folder / "ada", ada, made["clone_url"])
        _start_controller(services)
        yield Town(services, ada, grace, copy)


def _start_controller(services: Services) -> None:
    state = services.folder / "forge"
    hook = f"{services.url}/webhooks/github"
    wanted = {name: need.level for name, need in PERMISSIONS.items()}
    app = server.add_app(state, "ada", "Reprise", permissions=wanted, events=tuple(EVENTS), hook_url=hook)
    server.install_app(state, app, "ada")
    more = {
        "REPRISE_GITHUB__APP_ID": str(app.app.id),
        "REPRISE_GITHUB__PRIVATE_KEY": app.pem,
        "REPRISE_GITHUB__WEBHOOK_SECRET": app.webhook_secret or "",
    }
    services.start_controller(watch=REPOSITORY, token="", more=more)


# --- the scenes ------------------------------------------------------------------------------------


def tag(town: Town) -> str:
    """A tag whose numbers came out as published."""
    sha = town.pushed("v1.0")
    town.completed_check(sha)
    return f"/{REPOSITORY}/commit/{sha}"


def report(town: Town) -> str:
    """What the check run of that tag says."""
    path: str = town.completed_check(town.ada.git(town.copy, "rev-parse", "v1.0^{commit}"))["html_url"]
    return path.removeprefix(town.services.forge_url)


def fork(town: Town) -> str:
    """A pull request of a stranger's fork: asked for, and answered with what a maintainer has to decide."""
    fork = town.grace.call("POST", f"repos/{REPOSITORY}/forks")
    copy = town.services.folder / "grace"
    shutil.copytree(town.copy, copy)
    town.grace.git(copy, "switch", "--quiet", "--detach", "v1.0")
    town.grace.git(copy, "remote", "set-url", "origin", fork["clone_url"])
    spec = copy / "reprise.yaml"
    spec.write_text(spec.read_text().replace('"0.97"', '"0.99"'))
    town.grace.git(copy, "commit", "--quiet", "--all", "--message", "Search the SVM's grid more finely")
    town.grace.git(copy, "push", "--quiet", "origin", "HEAD:refs/heads/svm-grid")
    sha = town.grace.git(copy, "rev-parse", "HEAD")
    pull = town.grace.call(
        "POST",
        f"repos/{REPOSITORY}/pulls",
        title="Search the SVM's grid more finely",
        body="With a finer grid for `gamma` the digits come out at **0.99**.",
        base="main",
        head="grace:svm-grid",
    )
    conversation = f"repos/{REPOSITORY}/issues/{pull['number']}/comments"
    town.grace.call("POST", conversation, body=f"/reproduce {sha[:7]}")
    town.until("answer to /reproduce", lambda: len(town.ada.call("GET", conversation)) > 1, ANSWER_SECONDS)
    return f"/{REPOSITORY}/pull/{pull['number']}"


def spec_error(town: Town) -> str:
    """A tag whose spec has two mistakes."""
    spec = town.copy / "reprise.yaml"
    text = spec.read_text().replace("timeout:", "timeuot:", 1)
    spec.write_text(text.replace("compare: {mode: exact}", "compare: {mode: tolerance}", 1))
    town.ada.git(town.copy, "commit", "--quiet", "--all", "--message", "Allow the wine a tolerance")
    path: str = town.completed_check(town.pushed("v1.1"))["html_url"]
    return path.removeprefix(town.services.forge_url)


# In this order: each looks at what those before it left.
SCENES = {"tag": tag, "report": report, "spec-error": spec_error, "fork": fork}
