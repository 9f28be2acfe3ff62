"""A repository is renamed, transferred, hidden, archived, deleted; its old names lead on."""

from typing import Any

import httpx
import pytest
from github import GithubException
from tests.integration.forge.apps import TestApp
from tests.integration.forge.world import Clone, Receiver, World

from reprise.forge import server


@pytest.fixture
def clone(world: World, receiver: Receiver) -> Clone:
    """With a hook that was told its ping and hears of the repository's life from now on."""
    made = world.make()
    config = {"url": receiver.url, "content_type": "json"}
    world.repository().create_hook("web", config, ["repository"], active=True)
    receiver.wait(1)
    receiver.received.clear()
    return made


def ask(world: World, method: str, path: str, json: Any = None, *, login: str = "ada") -> httpx.Response:
    headers = {"Authorization": f"token {world.tokens[login]}"}
    return world.http.request(method, f"{world.url}/api/v3{path}", json=json, headers=headers)


def change(world: World, **wanted: Any) -> httpx.Response:
    return ask(world, "PATCH", f"/repos/{world.full_name}", wanted)


def test_a_renamed_repository_is_found_under_its_old_name(
    world: World, receiver: Receiver, clone: Clone
) -> None:
    world.repository().edit(name=f"{world.name}-new")
    new = f"{world.full_name}-new"
    (told,) = receiver.wait(1)
    assert told.payload["action"] == "renamed"
    assert told.payload["changes"] == {"repository": {"name": {"from": world.name}}}
    assert told.payload["repository"]["full_name"] == new
    moved = ask(world, "GET", f"/repos/{world.full_name}/tags?per_page=5")
    assert moved.status_code == 301
    assert moved.headers["location"].endswith("/tags?per_page=5")
    followed = httpx.get(moved.headers["location"], verify=False)
    assert (followed.status_code, followed.json()) == (200, [])
    assert world.repository().complete().full_name == new
    sha = clone.sha("HEAD")
    write = ask(world, "POST", f"/repos/{world.full_name}/statuses/{sha}", {"state": "success"})
    assert write.status_code == 307


def test_git_and_the_page_follow_a_rename(world: World, clone: Clone) -> None:
    change(world, name=f"{world.name}-new")
    clone.commit("after")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/main")
    assert clone.git("ls-remote", "origin", "refs/heads/main").startswith(clone.sha("HEAD"))
    page = world.http.get(f"{world.page}/pull/1?x=1")
    assert (page.status_code, page.headers["location"]) == (301, f"{world.page}-new/pull/1?x=1")


def test_an_old_name_can_be_taken_again(world: World, clone: Clone) -> None:
    first = world.repository().complete().id
    change(world, name=f"{world.name}-new")
    second = world.make_empty()
    assert world.repository().complete().id == second != first
    taken = ask(world, "PATCH", f"/repos/{world.full_name}-new", {"name": world.name})
    assert taken.status_code == 422


def test_the_old_name_of_what_one_may_not_see_leads_nowhere(world: World, clone: Clone) -> None:
    change(world, name=f"{world.name}-new", private=True)
    assert ask(world, "GET", f"/repos/{world.full_name}", login="eve").status_code == 404
    assert ask(world, "GET", f"/repos/{world.full_name}").status_code == 301


def test_an_app_keeps_its_repository_through_a_rename(world: World, clone: Clone) -> None:
    app = TestApp.register(world)
    installation = app.install(world.name)
    token = app.token(installation)
    change(world, name=f"{world.name}-new")
    assert app.ask("GET", f"/repos/{world.full_name}", token=token).status_code == 301
    found = app.ask("GET", f"/repos/{world.full_name}-new/installation").json()
    assert found["id"] == installation


@pytest.mark.parametrize(
    ("wanted", "back", "actions"),
    [
        ({"private": True}, {"private": False}, ["privatized", "publicized"]),
        ({"visibility": "private"}, {"visibility": "public"}, ["privatized", "publicized"]),
        ({"archived": True}, {"archived": False}, ["archived", "unarchived"]),
        ({"description": "numbers"}, {"description": "better numbers"}, ["edited", "edited"]),
    ],
)
def test_each_change_is_told_once(
    world: World,
    receiver: Receiver,
    clone: Clone,
    wanted: dict[str, Any],
    back: dict[str, Any],
    actions: list[str],
) -> None:
    changed = change(world, **wanted)
    assert changed.status_code == 200
    assert wanted.items() <= changed.json().items()
    change(world, **wanted)
    change(world, **back)
    assert [each.payload["action"] for each in receiver.wait(2)] == actions


def test_an_archived_repository_is_read_only(world: World, clone: Clone) -> None:
    change(world, archived=True)
    sha = clone.sha("HEAD")
    refused = ask(world, "POST", f"/repos/{world.full_name}/statuses/{sha}", {"state": "success"})
    assert (refused.status_code, "archived" in refused.json()["message"]) == (403, True)
    pushed = clone.run("push", "origin", "HEAD:refs/heads/other")
    assert (pushed.returncode != 0, "archived" in pushed.stderr) == (True, True)
    assert ask(world, "GET", f"/repos/{world.full_name}/commits/{sha}").status_code == 200
    change(world, archived=False)
    assert ask(world, "POST", f"/repos/{world.full_name}/statuses/{sha}", {"state": "success"}).is_success


def test_a_transferred_repository_has_a_new_owner_and_its_old_name_leads_there(
    world: World, receiver: Receiver, clone: Clone
) -> None:
    reply = ask(world, "POST", f"/repos/{world.full_name}/transfer", {"new_owner": "eve"})
    assert (reply.status_code, reply.json()["full_name"]) == (202, f"eve/{world.name}")
    (told,) = receiver.wait(1)
    assert told.payload["action"] == "transferred"
    assert told.payload["changes"]["owner"]["from"]["user"]["login"] == "ada"
    assert told.payload["repository"]["owner"]["login"] == "eve"
    assert ask(world, "GET", f"/repos/{world.full_name}").status_code == 301
    assert clone.git("ls-remote", "origin", "refs/heads/main")
    role = ask(world, "GET", f"/repos/eve/{world.name}/collaborators/ada/permission").json()
    assert role["permission"] == "write"
    refused = ask(world, "PATCH", f"/repos/eve/{world.name}", {"private": True})
    assert refused.status_code == 403


def test_a_transfer_moves_it_from_one_installation_to_the_other(world: World, receiver: Receiver) -> None:
    world.make()
    server.add_organization(world.state, f"lab-{world.name}", "ada")
    app = TestApp.register(
        world,
        permissions={"contents": "read"},
        events=("repository",),
        hook_url=receiver.url,
    )
    app.install(world.name)
    new = app.install(on=f"lab-{world.name}")
    ask(world, "POST", f"/repos/{world.full_name}/transfer", {"new_owner": f"lab-{world.name}"})
    told = receiver.wait(3)
    assert [(each.event, each.payload["action"]) for each in told] == [
        ("installation_repositories", "removed"),
        ("installation_repositories", "added"),
        ("repository", "transferred"),
    ]
    assert told[2].payload["installation"]["id"] == new


@pytest.mark.parametrize(
    "body", [{"new_owner": "nobody"}, {"new_owner": "ada"}, {"new_owner": "eve", "new_name": "a b"}]
)
def test_an_impossible_transfer_is_422(world: World, clone: Clone, body: dict[str, str]) -> None:
    assert ask(world, "POST", f"/repos/{world.full_name}/transfer", body).status_code == 422


def test_a_deleted_repository_is_gone_and_its_name_free(
    world: World, receiver: Receiver, clone: Clone
) -> None:
    app = TestApp.register(world)
    token = app.token(app.install(world.name))
    world.repository().add_to_collaborators("bot", "push")
    world.repository().delete()
    (told,) = receiver.wait(1)
    assert told.payload["action"] == "deleted"
    assert ask(world, "GET", f"/repos/{world.full_name}").status_code == 404
    assert ask(world, "GET", f"/repositories/{told.payload['repository']['id']}").status_code == 404
    assert app.ask("GET", "/installation/repositories", token=token).json()["total_count"] == 0
    assert clone.run("ls-remote", "origin").returncode != 0
    assert world.http.get(world.url).status_code == 200
    assert ask(world, "GET", "/user/repos", login="bot").status_code == 200
    world.make_empty()


def test_a_pull_request_outlives_the_fork_it_came_from(world: World, clone: Clone) -> None:
    world.repository("eve").create_fork()
    fork = world.clone("eve", "eve")
    fork.git("pull", "-q", "origin", "main")
    sha = fork.commit("theirs")
    fork.git("push", "-q", "origin", "HEAD:refs/heads/idea")
    made = world.repository("eve").create_pull(base="main", head="eve:idea", title="Theirs")
    world.repository("eve", f"eve/{world.name}").delete()
    shown = ask(world, "GET", f"/repos/{world.full_name}/pulls/{made.number}").json()
    assert (shown["head"]["repo"], shown["head"]["sha"], shown["state"]) == (None, sha, "open")
    assert "unknown repository" in world.http.get(f"{world.page}/pull/{made.number}").text


def test_only_admins_decide_about_a_repositorys_life(world: World, clone: Clone) -> None:
    world.repository().add_to_collaborators("bot", "push")
    for method, path, body in (
        ("PATCH", "", {"name": "mine"}),
        ("POST", "/transfer", {"new_owner": "bot"}),
        ("DELETE", "", None),
    ):
        reply = ask(world, method, f"/repos/{world.full_name}{path}", body, login="bot")
        assert reply.status_code == 403
    with pytest.raises(GithubException):
        world.repository("eve").edit(private=True)
