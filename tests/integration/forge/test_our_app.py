"""The controller's side of a GitHub App, against the forge: it needs no more than /setup asks for."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.forge.apps import TestApp
from tests.integration.forge.world import World

from reprise.adapters.git.source import GitSource
from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import AppCredentials
from reprise.adapters.github.needs import EVENTS, PERMISSIONS
from reprise.doctor.app import examine_app
from reprise.domain.errors import Refused
from reprise.domain.forge import OnPullRequest, Permission, Reaction, State, Status
from reprise.domain.run import Sha
from reprise.settings import GitHub, Http, Settings

LEVELS = {name: need.level for name, need in PERMISSIONS.items()}
Opened = Callable[[TestApp], GitHubForge]


@pytest.fixture
def opened(world: World) -> Iterator[Opened]:
    made: list[GitHubForge] = []

    def open_forge(app: TestApp) -> GitHubForge:
        credentials = AppCredentials(app.id, app.made.pem)
        made.append(GitHubForge(f"{world.url}/api/v3", credentials, timeout=10, write_spacing=0))
        return made[-1]

    yield open_forge
    for forge in made:
        forge.close()


@pytest.fixture
def app(world: World) -> TestApp:
    return TestApp.register(world, permissions=LEVELS, events=tuple(EVENTS))


def test_everything_that_a_run_says_takes_no_more_than_the_manifest_asks_for(
    world: World, app: TestApp, opened: Opened
) -> None:
    clone = world.make(private=True)
    number = world.pull(clone)
    world.repository().add_to_collaborators("bot", "push")
    app.install(world.name)
    forge = opened(app)
    wine, head = forge.repository(world.full_name), Sha(clone.sha("HEAD"))
    assert not wine.public
    assert forge.login() == app.made.app.bot
    assert forge.commit(wine, "main") is not None
    assert forge.permission(wine, "bot") is Permission.WRITE
    assert forge.pull_request(wine, number).head_sha == head
    status = Status("reprise/wine", State.PENDING, "queued", None)
    assert forge.post_status(wine, head, status)
    assert forge.statuses(wine, head) == {"reprise/wine": status}
    place, marker = OnPullRequest(number), "<!-- reprise -->"
    first = forge.put_comment(wine, place, marker=marker, body=f"{marker} runs", known_id=None)
    assert forge.put_comment(wine, place, marker=marker, body=f"{marker} ran", known_id=None) == first
    forge.react(wine, place, first, Reaction.EYES)


def test_git_fetches_a_private_repository_with_a_token_that_opens_no_other(
    world: World, app: TestApp, opened: Opened, tmp_path: Path
) -> None:
    clone = world.make(private=True)
    other = world.for_test(tmp_path / "other")
    other.make_empty(private=True)
    app.install(world.name, other.name)
    forge = opened(app)
    mine, theirs = forge.repository(world.full_name), forge.repository(other.full_name)
    token = forge.clone_token(world.full_name)
    source = GitSource(tmp_path / "git", token_for=lambda url: token, timeout=timedelta(seconds=30))
    assert source.fetch(mine, Sha(clone.sha("HEAD"))).sha == clone.sha("HEAD")
    with pytest.raises(Refused):
        source.tags(theirs)
    writing = app.ask(
        "POST", f"/repos/{world.full_name}/statuses/{clone.sha('HEAD')}", {"state": "success"}, token=token
    )
    assert writing.status_code == 403
    source.close()


def test_what_the_app_was_given_is_listed_until_it_is_suspended(
    world: World, app: TestApp, opened: Opened
) -> None:
    world.make()
    installation = app.install(world.name)
    forge = opened(app)
    assert [each.full_name for each in forge.installed()] == [world.full_name]
    assert [each.full_name for each in forge.repositories("ada")] == [world.full_name]
    assert app.ask("PUT", f"/app/installations/{installation}/suspended").status_code == 204
    assert forge.installed() == ()
    with pytest.raises(Refused, match="suspended"):
        opened(app).repository(world.full_name)


def test_a_stranger_to_the_app_is_told_where_to_install_it(
    world: World, app: TestApp, opened: Opened
) -> None:
    world.make()
    forge = opened(app)
    with pytest.raises(Refused, match=rf"is not installed on {world.full_name}: .*/installations/new"):
        forge.repository(world.full_name)
    with pytest.raises(Refused, match="is not installed for eve"):
        forge.repositories("eve")
    assert forge.clone_token(world.full_name) is None


def test_a_key_of_another_app_is_called_so(world: World, app: TestApp, opened: Opened) -> None:
    other = TestApp.register(world)
    with pytest.raises(Refused, match="The private key does not belong to this App"):
        opened(replace(app, made=replace(app.made, pem=other.made.pem))).login()


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0])
def test_a_wrong_clock_is_called_so(world: World, app: TestApp, seconds: float) -> None:
    class Elsewhen(AppCredentials):
        def signature(self, now: float) -> str:
            return super().signature(now + seconds)

    forge = GitHubForge(f"{world.url}/api/v3", Elsewhen(app.id, app.made.pem), timeout=10)
    with pytest.raises(Refused, match="The clock of this machine is wrong by a minute or more: set it"):
        forge.login()
    forge.close()


def test_doctor_finds_what_an_installation_lacks(world: World, opened: Opened) -> None:
    world.make()
    lacking = {name: level for name, level in LEVELS.items() if name != "checks"} | {"statuses": "read"}
    events = [name for name in EVENTS if name != "commit_comment"]
    hook = "http://127.0.0.1:8400/webhooks/github"
    app = TestApp.register(world, permissions=lacking, events=events, hook_url=hook)
    app.install(world.name)
    settings = Settings(
        http=Http(public_url="http://127.0.0.1:8400"), github=GitHub(api_url=f"{world.url}/api/v3")
    )
    found = list(examine_app(settings, opened(app), secret=True))
    assert [finding.said.partition(";")[0] for finding in found] == [
        f"{app.made.app.slug}, made by /setup",
        f"leads to {hook}",
        "lacks the permission checks: write",
        "lacks the permission statuses: write",
        "is not sent the event commit_comment",
        f"sees ada/{world.name}",
    ]


def test_an_app_without_a_webhook_has_none(app: TestApp, opened: Opened) -> None:
    assert opened(app).app_hook() is None
    assert opened(app).delivery_log(None) is None
