"""Check runs: made by an App alone, within GitHub's limits, and told to whom they concern."""

from typing import Any

import httpx
import pytest
from github.Repository import Repository
from tests.integration.forge.apps import EVENTS, TestApp
from tests.integration.forge.world import Receiver, World, until

OUTPUT: dict[str, Any] = {"title": "Reproduced", "summary": "3 of 3 claims"}
BUTTON = {"label": "Reproduce", "description": "Run it once more", "identifier": "reproduce"}


class Site:
    """ada's repository with one commit, and an App that is installed on it."""

    def __init__(self, world: World, receiver: Receiver, *, events: tuple[str, ...] = EVENTS) -> None:
        self.world = world
        self.clone = world.make()
        self.sha = self.clone.sha("HEAD")
        self.app = TestApp.register(world, events=events, hook_url=receiver.url)
        self.installation = self.app.install(world.name)
        self.token = self.app.token(self.installation)
        self.receiver = receiver

    @property
    def api(self) -> str:
        return f"/repos/{self.world.full_name}"

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> httpx.Response:
        return self.app.ask(method, self.api + path, body, token=token or self.token)

    def wrong(self, method: str, path: str, body: Any) -> httpx.Response:
        """What the description of GitHub's API does not allow either."""
        headers = {"Authorization": f"Bearer {self.token}", "x-wrong-on-purpose": "1"}
        return self.world.http.request(
            method, f"{self.world.url}/api/v3{self.api}{path}", json=body, headers=headers
        )

    def make(self, **more: Any) -> dict[str, Any]:
        reply = self.ask("POST", "/check-runs", {"name": "wine", "head_sha": self.sha, **more})
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made

    def told(self, count: int) -> list[dict[str, Any]]:
        """Payloads of `check_run` that the App's hook received, once there are this many."""

        def found() -> list[dict[str, Any]]:
            received = [each for each in self.receiver.received if each.event == "check_run"]
            return [each.payload for each in received]

        until(lambda: len(found()) >= count)
        return found()


@pytest.fixture
def site(world: World, receiver: Receiver) -> Site:
    return Site(world, receiver)


@pytest.fixture
def repository(site: Site) -> Repository:
    return site.world.github_with(site.token).get_repo(site.world.full_name)


def test_a_check_run_goes_from_queued_to_its_conclusion(repository: Repository, site: Site) -> None:
    run = repository.create_check_run("wine", site.sha, external_id="01k9x3m5", status="queued")
    assert (run.status, run.external_id) == ("queued", "01k9x3m5")
    assert run.raw_data["conclusion"] is None
    run.edit(status="in_progress")
    assert run.status == "in_progress"
    run.edit(conclusion="success", output=OUTPUT, actions=[BUTTON])
    assert (run.status, run.conclusion, run.output.title) == ("completed", "success", "Reproduced")
    assert run.completed_at is not None
    again = repository.get_check_run(run.id)
    assert (again.app.id, again.output.summary) == (site.app.id, "3 of 3 claims")


def test_another_status_takes_a_conclusion_back(repository: Repository, site: Site) -> None:
    run = repository.create_check_run("wine", site.sha, conclusion="failure", output=OUTPUT)
    assert run.status == "completed"
    run.edit(status="in_progress")
    shown = site.ask("GET", f"/check-runs/{run.id}").json()
    assert (shown["status"], shown["conclusion"], shown["completed_at"]) == ("in_progress", None, None)
    assert run.output.title == "Reproduced"


def test_annotations_are_added_by_updates(repository: Repository, site: Site) -> None:
    def some(count: int) -> dict[str, Any]:
        one = {"path": "reprise.yaml", "start_line": 4, "end_line": 4, "annotation_level": "failure"}
        return {**OUTPUT, "annotations": [{**one, "message": f"line {n}"} for n in range(count)]}

    run = repository.create_check_run("wine", site.sha, output=some(50))
    run.edit(output=some(2))
    assert run.output.annotations_count == 52
    found = list(run.get_annotations())
    assert len(found) == 52
    assert (found[0].path, found[0].start_line, found[51].message) == ("reprise.yaml", 4, "line 1")


def test_the_latest_of_each_name_are_listed(repository: Repository, site: Site) -> None:
    first = repository.create_check_run("wine", site.sha)
    second = repository.create_check_run("wine", site.sha, conclusion="success")
    other = repository.create_check_run("digits", site.sha)
    commit = repository.get_commit(site.sha)
    assert [run.id for run in commit.get_check_runs()] == [other.id, second.id]
    assert [run.id for run in commit.get_check_runs(check_name="wine")] == [second.id]
    assert [run.id for run in commit.get_check_runs(status="queued")] == [other.id]
    assert [run.id for run in commit.get_check_runs(filter="all")] == [other.id, second.id, first.id]
    found = site.ask("GET", f"/commits/main/check-runs?app_id={site.app.id}").json()
    assert (found["total_count"], len(found["check_runs"])) == (2, 2)
    assert site.ask("GET", f"/commits/main/check-runs?app_id={site.app.id + 1}").json()["total_count"] == 0


def test_only_apps_make_check_runs(site: Site) -> None:
    body = {"name": "wine", "head_sha": site.sha}
    reply = site.ask("POST", "/check-runs", body, token=site.world.tokens["ada"])
    assert (reply.status_code, reply.json()["message"]) == (403, "You must authenticate via a GitHub App.")
    anybody = site.world.http.post(f"{site.world.api}/check-runs", json=body)
    assert anybody.status_code == 401
    reader = site.app.token(site.app.install(site.world.name), permissions={"checks": "read"})
    assert site.ask("POST", "/check-runs", body, token=reader).status_code == 403
    run = site.make()
    assert site.ask("GET", f"/check-runs/{run['id']}", token=reader).json()["name"] == "wine"
    assert site.world.http.get(f"{site.world.api}/check-runs/{run['id']}").status_code == 200


def test_an_app_cannot_change_what_another_made(site: Site) -> None:
    run = site.make()
    other = TestApp.register(site.world)
    token = other.token(other.install(site.world.name))
    reply = site.ask("PATCH", f"/check-runs/{run['id']}", {"name": "mine"}, token=token)
    assert reply.status_code == 403
    assert "can only be modified by the GitHub App that created it" in reply.json()["message"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"status": "completed"}, '"conclusion" wasn\'t supplied.'),
    ({"completed_at": "2026-01-01T00:00:00Z"}, '"conclusion" wasn\'t supplied.'),
    ({"conclusion": "stale"}, '"stale" is not a member of'),
    ({"conclusion": "perfect"}, '"perfect" is not a member of'),
    ({"started_at": "yesterday"}, '"yesterday" is not valid'),
    ({"details_url": "javascript:alert(1)"}, "is not valid"),
    ({"output": {"title": "t"}}, '"summary" wasn\'t supplied.'),
    (
        {"output": {"title": "t", "summary": "x" * 65_536}},
        "Only 65535 characters are allowed; 65536 were supplied.",
    ),
    ({"output": {**OUTPUT, "text": "x" * 65_536}}, "Only 65535 characters are allowed"),
    (
        {"output": {**OUTPUT, "annotations": [{}] * 51}},
        "No more than 50 items are allowed; 51 were supplied.",
    ),
    ({"output": {**OUTPUT, "annotations": [{"path": "a"}]}}, "wasn't supplied."),
    ({"actions": [BUTTON] * 4}, "No more than 3 items are allowed; 4 were supplied."),
    (
        {"actions": [{**BUTTON, "label": "x" * 21}]},
        "Only 20 characters are allowed; 21 were supplied.",
    ),
    ({"actions": [{**BUTTON, "identifier": "x" * 21}]}, "Only 20 characters are allowed"),
    ({"actions": [{**BUTTON, "description": "x" * 41}]}, "Only 40 characters are allowed"),
]


def test_what_github_would_not_take_is_422(site: Site) -> None:
    run = site.make()
    for body, says in REFUSED:
        for reply in (
            site.wrong("POST", "/check-runs", {"name": "wine", "head_sha": site.sha, **body}),
            site.wrong("PATCH", f"/check-runs/{run['id']}", body),
        ):
            assert reply.status_code == 422, reply.text
            assert reply.json()["message"].startswith("Invalid request.\n\n")
            assert says in reply.json()["message"]
    assert site.ask("GET", f"/check-runs/{run['id']}").json() == run


def test_a_commit_that_is_not_there_is_422(site: Site) -> None:
    reply = site.ask("POST", "/check-runs", {"name": "wine", "head_sha": "f" * 40})
    assert (reply.status_code, reply.json()["message"]) == (422, f"No commit found for SHA: {'f' * 40}")


# --- who is told -----------------------------------------------------------------------------------


def test_the_app_is_told_of_beginning_and_end_with_the_suite_inside(site: Site) -> None:
    run = site.make(external_id="01k9x3m5")
    site.ask("PATCH", f"/check-runs/{run['id']}", {"conclusion": "success"})
    created, completed = site.told(2)
    assert (created["action"], completed["action"]) == ("created", "completed")
    assert completed["check_run"]["external_id"] == "01k9x3m5"
    assert completed["installation"]["id"] == site.installation
    assert completed["sender"]["login"] == site.app.made.app.bot
    suites = [told["check_run"]["check_suite"] for told in (created, completed)]
    assert [(suite["status"], suite["conclusion"]) for suite in suites] == [
        ("queued", None),
        ("completed", "success"),
    ]
    assert suites[0]["head_branch"] == "main"


def test_an_app_that_subscribed_is_told_once_and_another_of_beginning_and_end(
    world: World, receiver: Receiver
) -> None:
    site = Site(world, receiver, events=(*EVENTS, "check_run"))
    other = TestApp.register(world, events=("check_run",), hook_url=receiver.url)
    installation = other.install(world.name)
    run = site.make(conclusion="success")
    site.ask("POST", f"/check-runs/{run['id']}/rerequest", token=world.tokens["ada"])
    told = [(each["installation"]["id"], each["action"]) for each in site.told(5)]
    assert sorted(told) == sorted(
        [
            (site.installation, "created"),
            (site.installation, "completed"),
            (site.installation, "rerequested"),
            (installation, "created"),
            (installation, "completed"),
        ]
    )


def test_a_hook_of_the_repository_hears_of_beginning_and_end_only(world: World, receiver: Receiver) -> None:
    silent = Receiver("http://127.0.0.1:9/", [])
    site = Site(world, silent)
    world.repository().create_hook("web", {"url": receiver.url, "content_type": "json"}, ["check_run"])
    run = site.make(conclusion="success")
    site.ask("POST", f"/check-runs/{run['id']}/rerequest", token=world.tokens["ada"])
    world.repository().create_hook("web", {"url": receiver.url, "content_type": "json"}, ["check_run"])
    receiver.wait(4)
    actions = [each.payload["action"] for each in receiver.received if each.event == "check_run"]
    assert actions == ["created", "completed"]


def test_rerequested_reaches_the_app_and_changes_nothing(site: Site) -> None:
    run = site.make(conclusion="failure")
    asked = site.ask("POST", f"/check-runs/{run['id']}/rerequest", token=site.world.tokens["ada"])
    assert asked.status_code == 201
    told = site.told(3)[-1]
    assert (told["action"], told["sender"]["login"]) == ("rerequested", "ada")
    assert site.ask("GET", f"/check-runs/{run['id']}").json()["conclusion"] == "failure"


def test_what_has_not_ended_cannot_be_asked_for_again(site: Site) -> None:
    run = site.make()
    path = f"/check-runs/{run['id']}/rerequest"
    assert site.ask("POST", path, token=site.world.tokens["ada"]).status_code == 422
    assert site.ask("POST", path, token=site.world.tokens["eve"]).status_code == 403


def test_pull_requests_of_forks_are_not_named(site: Site) -> None:
    number = site.world.pull(site.clone)
    sha = site.clone.sha("HEAD")
    assert [each["number"] for each in site.make(head_sha=sha)["pull_requests"]] == [number]
    site.world.repository("eve").create_fork()
    fork = site.world.clone("eve", "eve")
    fork.git("pull", "-q", "origin", "main")
    theirs = fork.commit("another idea")
    fork.git("push", "-q", "origin", "HEAD:refs/heads/another")
    site.world.repository("eve").create_pull(base="main", head="eve:another", title="Another")
    assert site.make(head_sha=theirs)["pull_requests"] == []
