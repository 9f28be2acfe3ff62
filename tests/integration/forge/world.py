"""People, git and waiting for the forge's tests."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self

import httpx
from github import Auth, Github
from github.Repository import Repository

from reprise.forge import server

DEADLINE = 10.0


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> str:
        return self.headers["X-GitHub-Event"]

    @property
    def payload(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


@dataclass
class Receiver:
    url: str
    received: list[Received]
    code: int = 202
    before_answer: Callable[[], object] = lambda: None

    def wait(self, count: int) -> list[Received]:
        until(lambda: len(self.received) >= count)
        return self.received

    def events(self) -> list[str]:
        return [each.event for each in self.received]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class World:
    """A running forge with three accounts, and the repository that the test at hand works with."""

    def __init__(self, folder: Path, wrap: server.Wrap, problems: list[str], first: "Clone") -> None:
        self.state = folder / "state"
        self.folder = folder
        self.problems = problems
        self.tokens = {
            login: server.add_user(self.state, login, email=f"{login}@example.org")
            for login in ("ada", "bot", "eve")
        }
        self.name = "paper"
        self.clients: list[Github] = []
        self.http = httpx.Client(verify=False, timeout=DEADLINE)
        self._wrap = wrap
        self._first = first
        self._count = count()
        self.running = server.start(self.state, wrap=wrap)

    def for_test(self, folder: Path) -> Self:
        """The same forge with another folder for clones and another repository name."""
        other = copy(self)
        other.folder = folder
        other.clients = []
        other.http = httpx.Client(verify=False, timeout=DEADLINE)
        other.name = f"paper-{next(self._count)}"
        return other

    @property
    def full_name(self) -> str:
        return f"ada/{self.name}"

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def page(self) -> str:
        return f"{self.url}/{self.full_name}"

    @property
    def api(self) -> str:
        return f"{self.url}/api/v3/repos/{self.full_name}"

    def restart(self) -> None:
        port = int(self.url.rpartition(":")[2])
        self.running.stop()
        self.running = server.start(self.state, port=port, wrap=self._wrap)

    def github(self, login: str) -> Github:
        return self.github_with(self.tokens[login])

    def github_with(self, token: str) -> Github:
        made = Github(
            base_url=f"{self.url}/api/v3",
            auth=Auth.Token(token),
            lazy=True,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )
        self.clients.append(made)
        return made

    def close_clients(self) -> None:
        while self.clients:
            self.clients.pop().close()
        self.http.close()

    def repository(self, login: str = "ada", full_name: str | None = None) -> Repository:
        return self.github(login).get_repo(full_name or self.full_name)

    def make(self, *, private: bool = False) -> "Clone":
        """The repository with one commit, and ada's clone of it."""
        number = self.make_empty(private=private)
        clone = self.clone(copy_of=self._first)
        # Past HTTP, because it is ten times faster; the tests themselves push as people do.
        clone.git("push", "-q", str(self.state / "git" / f"{number}.git"), "HEAD:refs/heads/main")
        return clone

    def make_empty(self, *, private: bool = False) -> int:
        """Returns the repository's number."""
        return self.github("ada").get_user().create_repo(self.name, private=private).id

    def clone(self, login: str | None = "ada", owner: str = "ada", copy_of: "Clone | None" = None) -> "Clone":
        """With nothing in it yet but what is in the other one."""
        path = self.folder / f"clone-{owner}-{login}"
        made = Clone(shutil.copytree(copy_of.path, path)) if copy_of else Clone.create(path)
        with (path / ".git" / "config").open("a") as config:
            fetch = "+refs/heads/*:refs/remotes/origin/*"
            config.write(f'[remote "origin"]\n  url = {self._remote(login, owner)}\n  fetch = {fetch}\n')
        return made

    def _remote(self, login: str | None, owner: str) -> str:
        credentials = f"{login}:{self.tokens[login]}@" if login else ""
        return self.url.replace("http://", f"http://{credentials}") + f"/{owner}/{self.name}.git"

    def pull(self, clone: "Clone") -> int:
        """A pull request of ada's with one more commit; returns its number."""
        clone.commit("an idea")
        clone.git("push", "-q", "origin", "HEAD:refs/heads/idea")
        made = self.repository().create_pull(base="main", head="idea", title="An idea", body="See *numbers*.")
        return made.number


@dataclass
class Clone:
    """A working copy with a clean git configuration."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> Self:
        path.mkdir()
        made = cls(path)
        made.git("init", "-q", "-b", "main", "--template=")
        return made

    def git(self, *argv: str, check: bool = True) -> str:
        done = self.run(*argv)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "-C", str(self.path), *argv],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.path),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_AUTHOR_NAME": "Ada",
                "GIT_AUTHOR_EMAIL": "ada@example.org",
                "GIT_COMMITTER_NAME": "Ada",
                "GIT_COMMITTER_EMAIL": "ada@example.org",
            },
        )

    def commit(self, message: str) -> str:
        """Change a file and commit it; returns the sha."""
        (self.path / "numbers.txt").write_text(message)
        self.git("add", ".")
        self.git("commit", "-q", "-m", message)
        return self.sha("HEAD")

    def sha(self, revision: str) -> str:
        return self.git("rev-parse", revision)
