"""Push a tag, get a verdict; then open a pull request and comment ``/reproduce``.

Nothing here is prepared: the verdicts come from the controller, and the demo fails when they are not
the ones that the example promises.
"""

import time
from pathlib import Path
from typing import Any

from reprise.demo.folders import CACHE, demo_folder, example_of
from reprise.demo.people import Person, working_copy
from reprise.demo.screen import Screen
from reprise.demo.services import Services
from reprise.domain.errors import UserError
from reprise.domain.run import Phase
from reprise.domain.words import PHASE_TEXT

EXPECTED = ("reproduced", "B")
_RUN_SECONDS = 600
"""The first time, the environments are downloaded."""


def show(*, stay: bool, example: Path | None = None) -> int:
    """0 when both verdicts are as expected, else 1."""
    source = example_of(example)
    screen = Screen()
    with demo_folder("demo") as folder, Services(folder, CACHE) as services:
        expected = Story(services, screen, source).tell()
        _say_what_was_made(screen, services, stay=stay)
        if stay:
            _wait(screen)
    if expected:
        screen.ending("Both verdicts came out as the example promises.", good=True)
        return 0
    screen.ending("A verdict is not the one that the example promises: see above.", good=False)
    return 1


class Story:
    def __init__(self, services: Services, screen: Screen, example: Path) -> None:
        self._services = services
        self._screen = screen
        self._example = example

    def tell(self) -> bool:
        self._screen.title("A forge and a controller on this machine")
        author, reviewer, bot = self._open_forge()
        repository = author.call(
            "POST", "user/repos", name="wine-and-digits", description="Three published numbers"
        )
        name = repository["full_name"]
        for helper in (reviewer, bot):
            author.call("PUT", f"repos/{name}/collaborators/{helper.login}", permission="push")
        self._add_hook(author, name)
        copy = working_copy(
            self._example, self._services.folder / "working-copy", author, repository["clone_url"]
        )
        self._services.start_controller(watch=name, token=self._bot_token)
        self._api = self._services.api()
        self._screen.line(f"controller {self._services.url}, watching {name}")
        return self._tag(author, name, copy) and self._pull_request(author, reviewer, name, copy)

    def _open_forge(self) -> tuple[Person, Person, Person]:
        self._services.start_forge()
        self._screen.line(f"forge      {self._services.forge_url}")
        self._bot_token = self._services.account("reprise-bot")
        url = self._services.forge_url
        return (
            Person("ada", self._services.account("ada"), url),
            Person("grace", self._services.account("grace"), url),
            Person("reprise-bot", self._bot_token, url),
        )

    def _add_hook(self, author: Person, name: str) -> None:
        config = {
            "url": f"{self._services.url}/webhooks/github",
            "content_type": "json",
            "secret": self._services.secret,
        }
        events = ["push", "create", "delete", "issue_comment", "commit_comment", "pull_request", "repository"]
        author.call("POST", f"repos/{name}/hooks", name="web", active=True, events=events, config=config)

    # --- first half -----------------------------------------------------------------------------

    def _tag(self, author: Person, name: str, copy: Path) -> bool:
        self._screen.title("ada pushes the tag v1.0")
        author.git(copy, "tag", "--annotate", "--message", "As published", "v1.0")
        author.git(copy, "push", "--quiet", "origin", "v1.0")
        sha = author.git(copy, "rev-parse", "v1.0^{commit}")
        run = self._follow(known=set())
        self._screen.title(f"What commit {sha[:7]} says on the forge now")
        found = author.call("GET", f"repos/{name}/commits/{sha}/status")["statuses"]
        self._screen.statuses(sorted(found, key=lambda status: str(status["context"])))
        comments = author.call("GET", f"repos/{name}/commits/{sha}/comments")
        self._screen.title("The report, a comment on that commit")
        for comment in comments:
            self._screen.report(comment["body"])
        (self._services.folder / "report.md").write_text("\n".join(c["body"] for c in comments))
        return _as_expected(run) and len(comments) == 1 and all(s["state"] == "success" for s in found)

    # --- second half ----------------------------------------------------------------------------

    def _pull_request(self, author: Person, reviewer: Person, name: str, copy: Path) -> bool:
        author.git(copy, "switch", "--quiet", "--create", "clearer-readme")
        with (copy / "README.md").open("a") as readme:
            readme.write("\nThe claims are checked by Reprise on every tag.\n")
        author.git(copy, "commit", "--quiet", "--all", "--message", "Say that the claims are checked")
        author.git(copy, "push", "--quiet", "origin", "clearer-readme")
        pull = author.call(
            "POST", f"repos/{name}/pulls", title="A clearer README", head="clearer-readme", base="main"
        )
        number = pull["number"]
        self._screen.title(f"grace comments /reproduce on pull request #{number}")
        known = {run["run_id"] for run in self._api.get("/runs").json()["runs"]}
        reviewer.call("POST", f"repos/{name}/issues/{number}/comments", body="/reproduce")
        watch = CommentWatch(reviewer, name, number, self._screen)
        run = self._follow(known=known, watch=watch)
        return _as_expected(run) and watch.edited_in_place()

    # --- both -----------------------------------------------------------------------------------

    def _follow(self, known: set[str], watch: "CommentWatch | None" = None) -> dict[str, Any]:
        """Show a new run's phases until it ended."""
        deadline = time.monotonic() + _RUN_SECONDS
        shown: set[str] = set()
        while time.monotonic() < deadline:
            run = self._newest(known)
            if watch is not None:
                watch.look()
            if run is not None:
                self._show_phases(run, shown)
                if run["phase"] == Phase.DONE.value:
                    return run
            time.sleep(0.1)
        raise UserError(f"no verdict within {_RUN_SECONDS} s: see {self._services.log('controller')}")

    def _newest(self, known: set[str]) -> dict[str, Any] | None:
        runs = self._api.get("/runs").json()["runs"]
        new = next((run["run_id"] for run in runs if run["run_id"] not in known), None)
        return self._api.get(f"/runs/{new}").json() if new is not None else None

    def _show_phases(self, run: dict[str, Any], shown: set[str]) -> None:
        for phase in run["phases"]:
            if phase not in shown:
                shown.add(phase)
                self._screen.line(PHASE_TEXT[Phase(phase)])


class CommentWatch:
    """Shows the one comment of a pull request each time it changes."""

    def __init__(self, reader: Person, name: str, number: int, screen: Screen) -> None:
        self._reader = reader
        self._path = f"repos/{name}/issues/{number}/comments"
        self._screen = screen
        self._bodies: list[str] = []
        self._ids: set[int] = set()

    def look(self) -> None:
        for comment in self._reader.call("GET", self._path):
            if comment["user"]["login"] != "reprise-bot":
                continue
            self._ids.add(comment["id"])
            if not self._bodies or comment["body"] != self._bodies[-1]:
                verb = "edits" if self._bodies else "writes"
                self._bodies.append(comment["body"])
                self._screen.line(f"reprise-bot {verb} comment {comment['id']}: {_heading(comment['body'])}")

    def edited_in_place(self) -> bool:
        self.look()
        return len(self._ids) == 1 and len(self._bodies) > 1


def _heading(body: str) -> str:
    lines = (line.lstrip("# ") for line in body.splitlines())
    return next((line for line in lines if line and not line.startswith("<!--")), "")


def _as_expected(run: dict[str, Any]) -> bool:
    claims = {(claim["verdict"], claim["level"]) for claim in run["claims"]}
    return (run["verdict"], run["level"]) == EXPECTED and claims == {EXPECTED}


def browsable(services: Services) -> list[tuple[str, str]]:
    """What can be opened in a browser while forge and controller live: a name, and where."""
    paper = "ada/wine-and-digits"
    return [
        ("the forge, as ada", f"{services.forge_address('ada', f'/{paper}')} (works once)"),
        ("the runs", f"{services.sign_in_address()} (works once)"),
        ("MLflow", f"{services.sign_in_address('/mlflow')} (works once)"),
        ("the badge", services.badge_address(paper)),
    ]


def _say_what_was_made(screen: Screen, services: Services, *, stay: bool) -> None:
    screen.title("What this made")
    if stay:
        screen.places(browsable(services))
        return
    screen.places(
        [
            ("the report", f"{services.folder / 'report.md'}"),
            ("logs and results", f"{services.state / 'runs'}"),
            ("MLflow's data", f"{services.state / 'mlflow'}"),
            ("in a browser", "make up"),
        ]
    )


def _wait(screen: Screen) -> None:
    screen.plain("Ctrl-C ends everything.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        screen.plain("")
