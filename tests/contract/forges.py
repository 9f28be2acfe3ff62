"""Two forges in the same state, for the contract suite: the fake, and `reprise forge` under the adapter.

What passes between adapter and forge is checked against GitHub's OpenAPI description, both ways.
"""

import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
from tests.fakes.clock import FakeClock
from tests.fakes.forge import OWN_LOGIN, CheckRun, FakeForge
from tests.openapi import Recorder
from tests.repositories import commit_files, git, make_repository

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import AppCredentials, TokenCredentials
from reprise.domain.forge import OnPullRequest, Permission, Place
from reprise.domain.run import Repository, Sha
from reprise.forge import server
from reprise.ports import Forge

PERMISSIONS = {
    "metadata": "read",
    "contents": "read",
    "checks": "write",
    "issues": "write",
    "pull_requests": "read",
    "statuses": "write",
}
"""What our App is given."""


_ANNOTATED = ("path", "start_line", "start_column", "annotation_level", "title", "message")


@dataclass(frozen=True)
class Stands:
    """A check run as people see it."""

    id: int
    name: str
    status: str
    conclusion: str | None
    title: str
    run_id: str
    details_url: str | None
    annotations: tuple[tuple[str, int, int | None, str, str | None, str], ...]
    """(path, line, column, level, title, message)"""


class World(Protocol):
    """One repository: ``v1`` at ``tagged``, pull request 1 from a branch at ``head``, and four people:
    ada owns it, wendy and we may write, rita may read, sam is a stranger."""

    repository: Repository
    tagged: Sha
    head: Sha

    @property
    def forge(self) -> Forge: ...
    def say(self, place: Place, body: str, who: str) -> int: ...
    def comments(self, place: Place) -> list[tuple[int, str, str]]:
        """(id, author, body), oldest first."""
        ...

    def posted(self, sha: Sha) -> int:
        """How many statuses stand on a commit, old ones included."""
        ...

    def reactions(self, place: Place, comment_id: int) -> list[str]: ...
    def close_pull_request(self) -> None: ...
    def pass_a_second(self) -> None:
        """By the forge's clock, which counts whole ones."""
        ...

    def private(self, *, invited: bool) -> str:
        """ada makes a private repository, which we may see when we are invited; its full name."""
        ...

    def app(self) -> Forge:
        """The same forge, when we are an App that ada installed."""
        ...

    def checks(self, sha: Sha) -> list[Stands]:
        """Oldest first."""
        ...


class FakeWorld:
    def __init__(self) -> None:
        self._clock = FakeClock()
        self.forge = self._fake = FakeForge(self._clock.now)
        self.repository = self._fake.add_repository("ada/wine")
        self.tagged = self._fake.add_commit(self.repository, "a" * 40, "v1", "paper/v1", "main")
        self.head = self._fake.add_pull_request(self.repository, 1, "b" * 40).head_sha
        roles = {
            "ada": Permission.ADMIN,
            "wendy": Permission.WRITE,
            "rita": Permission.READ,
            "sam": Permission.READ,
        }
        for login, role in roles.items():
            self._fake.set_permission(self.repository, login, role)

    def say(self, place: Place, body: str, who: str) -> int:
        return self._fake.add_comment(self.repository, place, body, who=who)

    def comments(self, place: Place) -> list[tuple[int, str, str]]:
        return [(c.id, c.author, c.body) for c in self._fake.comments_at(self.repository, place)]

    def posted(self, sha: Sha) -> int:
        return len(self._fake.statuses_on(self.repository, sha))

    def reactions(self, place: Place, comment_id: int) -> list[str]:
        return [reaction.value for reaction in self._fake.reactions_to(self.repository, comment_id)]

    def close_pull_request(self) -> None:
        self._fake.change_pull_request(self.repository, 1, open=False)

    def pass_a_second(self) -> None:
        self._clock.advance(1)

    def app(self) -> Forge:
        self._fake.is_app = True
        return self._fake

    def checks(self, sha: Sha) -> list[Stands]:
        return [_as_seen(run) for run in self._fake.checks_on(self.repository, sha)]

    def private(self, *, invited: bool) -> str:
        if invited:
            self._fake.add_repository("ada/invited", public=False)
        return f"ada/{'invited' if invited else 'closed'}"


def _as_seen(run: CheckRun) -> Stands:
    check = run.check
    return Stands(
        run.id,
        check.name,
        check.state.value,
        check.conclusion.value if check.conclusion is not None else None,
        check.title,
        check.run_id,
        check.details_url,
        tuple(
            (each.path, each.line, each.column, each.level.value, each.title or None, each.message)
            for each in run.annotations
        ),
    )


class Work:
    """The repository that every test pushes anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tagged = make_repository(folder, {"README": "wine"})
        git(folder, "tag", "v1")
        git(folder, "tag", "-a", "-m", "A paper", "paper/v1")
        git(folder, "checkout", "--quiet", "-b", "more")
        self.head = commit_files(folder, {"README": "more"})


class LoopbackForge:
    """One `reprise forge` for all tests here; each test gets a repository of its own."""

    def __init__(self, folder: Path) -> None:
        self.recorder: Recorder | None = None
        self.running = server.start(folder / "forge", wrap=self._record)
        self.tokens = {
            login: server.add_user(folder / "forge", login)
            for login in (OWN_LOGIN, "ada", "wendy", "rita", "sam")
        }
        self.people = httpx.Client(timeout=10)
        self.work = Work(folder / "work")
        self.numbers = itertools.count(1)
        self.adapter = GitHubForge(
            self.api, TokenCredentials(self.tokens[OWN_LOGIN]), timeout=10, write_spacing=0
        )

        self.app = self._app(folder / "forge")

    def _app(self, folder: Path) -> GitHubForge:
        """On all of ada's repositories, also those to come."""
        made = server.add_app(folder, "ada", "Reprise here", permissions=PERMISSIONS)
        server.install_app(folder, made, "ada")
        self.credentials = AppCredentials(made.app.id, made.pem)
        return GitHubForge(self.api, self.credentials, timeout=10, write_spacing=0)

    @property
    def api(self) -> str:
        return f"{self.running.url}/api/v3"

    def _record(self, app: Any) -> Any:
        self.recorder = Recorder(app, base="/api/v3")
        return self.recorder

    def request(self, who: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        reply = self.people.request(method, self.api + path, json=body, headers=headers)
        assert reply.status_code < 300, reply.text
        return reply.json() if reply.content else None

    def close(self) -> None:
        self.people.close()
        self.adapter.close()
        self.app.close()
        self.running.stop()
        assert self.recorder is not None
        self.recorder.assert_clean()


class AdapterWorld:
    """Arranged and looked at over HTTP, as the people would."""

    def __init__(self, loopback: LoopbackForge) -> None:
        self._loopback = loopback
        self.forge = loopback.adapter
        name = f"wine-{next(loopback.numbers)}"
        self._ask("ada", "POST", "/user/repos", {"name": name})
        self._path = f"/repos/ada/{name}"
        for login, role in ((OWN_LOGIN, "push"), ("wendy", "push"), ("rita", "pull")):
            self._ask("ada", "PUT", f"{self._path}/collaborators/{login}", {"permission": role})
        self.tagged, self.head = self._push(name)
        self._ask("ada", "POST", f"{self._path}/pulls", {"title": "More", "head": "more", "base": "main"})
        self.repository = self.forge.repository(f"ada/{name}")

    def _ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        return self._loopback.request(who, method, path, body)

    def _push(self, name: str) -> tuple[Sha, Sha]:
        work = self._loopback.work
        url = self._loopback.running.url.replace("//", f"//ada:{self._loopback.tokens['ada']}@")
        git(work.folder, "push", "--quiet", "--tags", f"{url}/ada/{name}.git", "main", "more")
        return work.tagged, work.head

    def _comments_path(self, place: Place) -> str:
        if isinstance(place, OnPullRequest):
            return f"{self._path}/issues/{place.number}/comments"
        return f"{self._path}/commits/{place.sha}/comments"

    def say(self, place: Place, body: str, who: str) -> int:
        made: int = self._ask(who, "POST", self._comments_path(place), {"body": body})["id"]
        return made

    def comments(self, place: Place) -> list[tuple[int, str, str]]:
        found = self._ask("ada", "GET", self._comments_path(place))
        return [(each["id"], each["user"]["login"], each["body"]) for each in found]

    def posted(self, sha: Sha) -> int:
        return len(self._ask("ada", "GET", f"{self._path}/commits/{sha}/statuses?per_page=100"))

    def reactions(self, place: Place, comment_id: int) -> list[str]:
        folder = "issues/comments" if isinstance(place, OnPullRequest) else "comments"
        found = self._ask("ada", "GET", f"{self._path}/{folder}/{comment_id}/reactions")
        return [each["content"] for each in found]

    def close_pull_request(self) -> None:
        self._ask("ada", "PATCH", f"{self._path}/pulls/1", {"state": "closed"})

    def pass_a_second(self) -> None:
        time.sleep(1)

    def app(self) -> Forge:
        return self._loopback.app

    def checks(self, sha: Sha) -> list[Stands]:
        found = self._ask("ada", "GET", f"{self._path}/commits/{sha}/check-runs?filter=all&per_page=100")
        return [self._stands(each) for each in sorted(found["check_runs"], key=lambda run: run["id"])]

    def _stands(self, run: Any) -> Stands:
        said = self._ask("ada", "GET", f"{self._path}/check-runs/{run['id']}/annotations?per_page=100")
        return Stands(
            run["id"],
            run["name"],
            run["status"],
            run["conclusion"],
            run["output"]["title"],
            run["external_id"],
            run["details_url"],
            tuple(
                (
                    a["path"],
                    a["start_line"],
                    a["start_column"],
                    a["annotation_level"],
                    a["title"],
                    a["message"],
                )
                for a in said
            ),
        )

    def private(self, *, invited: bool) -> str:
        name = f"secret-{next(self._loopback.numbers)}"
        self._ask("ada", "POST", "/user/repos", {"name": name, "private": True})
        if invited:
            path = f"/repos/ada/{name}/collaborators/{OWN_LOGIN}"
            self._ask("ada", "PUT", path, {"permission": "push"})
        return f"ada/{name}"
