"""What an App's one webhook is told, and the log that tells it what it missed."""

import hashlib
import hmac
import socket
from typing import Any

import pytest
from tests.integration.forge.apps import TestApp
from tests.integration.forge.world import Clone, Receiver, World, until


@pytest.fixture
def clone(world: World) -> Clone:
    return world.make()


@pytest.fixture
def app(world: World, receiver: Receiver, clone: Clone) -> TestApp:
    made = TestApp.register(world, hook_url=receiver.url)
    made.install(world.name)
    return made


def log(app: TestApp, query: str = "") -> list[dict[str, Any]]:
    reply = app.ask("GET", f"/app/hook/deliveries{query}")
    assert reply.status_code == 200, reply.text
    listed: list[dict[str, Any]] = reply.json()
    return listed


def push_tag(clone: Clone, name: str) -> None:
    clone.git("tag", name)
    clone.git("push", "-q", "origin", name)


def test_the_apps_hook_is_told_with_its_installation(
    world: World, app: TestApp, receiver: Receiver, clone: Clone
) -> None:
    push_tag(clone, "v1")
    push, create = receiver.wait(2)
    assert [push.event, create.event] == ["push", "create"]
    (installation,) = app.ask("GET", "/app/installations").json()
    assert push.payload["installation"]["id"] == installation["id"]
    assert push.payload["repository"]["full_name"] == world.full_name
    assert push.headers["X-GitHub-Hook-Installation-Target-ID"] == str(app.id)
    assert push.headers["X-GitHub-Hook-Installation-Target-Type"] == "integration"
    assert app.made.webhook_secret is not None
    signed = hmac.new(app.made.webhook_secret.encode(), push.body, hashlib.sha256).hexdigest()
    assert push.headers["X-Hub-Signature-256"] == f"sha256={signed}"


def test_a_repositorys_own_hook_knows_nothing_of_apps(
    world: World, app: TestApp, receiver: Receiver, clone: Clone
) -> None:
    config = {"url": receiver.url, "content_type": "json", "secret": "another"}
    world.repository().create_hook("web", config, ["push"], active=True)
    push_tag(clone, "v1")
    told = [each for each in receiver.wait(4) if each.event == "push"]
    assert sorted("installation" in each.payload for each in told) == [False, True]


def test_nobody_is_told_of_what_he_did_not_subscribe_to_or_is_not_installed_on(
    world: World, app: TestApp, receiver: Receiver, clone: Clone
) -> None:
    elsewhere = world.for_test(world.folder / "elsewhere")
    elsewhere.folder.mkdir()
    other = elsewhere.make()
    push_tag(other, "v1")
    world.repository().get_commit(clone.sha("HEAD")).create_comment("no commit_comment was asked for")
    push_tag(clone, "v2")
    assert [each.payload["repository"]["full_name"] for each in receiver.wait(2)] == [world.full_name] * 2
    elsewhere.close_clients()


def test_a_suspended_app_hears_of_that_and_of_nothing_until_it_is_back(
    world: World, app: TestApp, receiver: Receiver, clone: Clone
) -> None:
    (installation,) = app.ask("GET", "/app/installations").json()
    path = f"/app/installations/{installation['id']}"
    app.ask("PUT", f"{path}/suspended")
    push_tag(clone, "v1")
    app.ask("DELETE", f"{path}/suspended")
    push_tag(clone, "v2")
    app.ask("DELETE", path)
    push_tag(clone, "v3")
    told = receiver.wait(5)
    actions = [(each.event, each.payload.get("action") or each.payload["ref"]) for each in told]
    assert actions == [
        ("installation", "suspend"),
        ("installation", "unsuspend"),
        ("push", "refs/tags/v2"),
        ("create", "v2"),
        ("installation", "deleted"),
    ]
    assert told[0].payload["installation"]["suspended_by"]["login"] == "ada"
    assert [each["full_name"] for each in told[4].payload["repositories"]] == [world.full_name]


def test_an_app_on_everything_hears_of_a_new_repository(world: World, receiver: Receiver) -> None:
    app = TestApp.register(world, hook_url=receiver.url)
    app.install(on="eve")
    world.github("eve").get_user().create_repo(world.name)
    (told,) = receiver.wait(1)
    assert (told.event, told.payload["action"]) == ("installation_repositories", "added")
    assert told.payload["repositories_added"][0]["full_name"] == f"eve/{world.name}"
    assert told.payload["repositories_removed"] == []


def test_the_log_is_walked_by_cursor_newest_first(
    world: World, app: TestApp, receiver: Receiver, clone: Clone
) -> None:
    for number in range(3):
        push_tag(clone, f"v{number}")
    receiver.wait(6)
    until(lambda: len(log(app)) == 6)
    ids, path = [], "/app/hook/deliveries?per_page=4"
    while True:
        reply = app.ask("GET", path)
        ids += [each["id"] for each in reply.json()]
        if "next" not in reply.links:
            break
        path = reply.links["next"]["url"].partition("/api/v3")[2]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 6
    wrong = app.ask("GET", "/app/hook/deliveries?cursor=elsewhere")
    assert wrong.status_code == 422


def test_a_delivery_that_nobody_took_is_redelivered_under_its_guid(
    world: World, app: TestApp, receiver: Receiver, clone: Clone
) -> None:
    receiver.code = 500
    push_tag(clone, "v1")
    until(lambda: len(log(app, "?status=failure")) == 2)
    assert log(app, "?status=success") == []
    failed = log(app)[-1]
    (installation,) = app.ask("GET", "/app/installations").json()
    assert (failed["event"], failed["status_code"]) == ("push", 500)
    assert failed["installation_id"] == installation["id"]
    assert failed["repository_id"] == world.repository().complete().id
    full = app.ask("GET", f"/app/hook/deliveries/{failed['id']}").json()
    first = receiver.received[0]
    assert full["request"]["payload"] == first.payload
    sent = full["request"]["headers"]
    assert sent["X-Hub-Signature-256"] == first.headers["X-Hub-Signature-256"]
    assert full["response"]["headers"]["Content-Length"] == "0"
    receiver.code = 202
    assert app.ask("POST", f"/app/hook/deliveries/{failed['id']}/attempts").status_code == 202
    again = receiver.wait(3)[2]
    assert again.headers["X-GitHub-Delivery"] == failed["guid"]
    assert again.body == first.body
    until(lambda: len(log(app)) == 3)
    assert (log(app)[0]["redelivery"], log(app)[0]["status_code"]) == (True, 202)


def test_a_receiver_that_is_down_is_under_neither_filter(world: World, clone: Clone) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    app = TestApp.register(world, hook_url=url)
    app.install(world.name)
    push_tag(clone, "v1")
    until(lambda: len(log(app)) == 2)
    assert log(app, "?status=failure") == log(app, "?status=success") == []
    assert {each["status_code"] for each in log(app)} == {0}
    full = app.ask("GET", f"/app/hook/deliveries/{log(app)[0]['id']}").json()
    assert full["response"] == {"headers": None, "payload": None}


def test_the_hooks_url_and_secret_can_be_changed(
    world: World, app: TestApp, receiver: Receiver, clone: Clone
) -> None:
    shown = app.ask("GET", "/app/hook/config").json()
    assert shown == {
        "url": receiver.url,
        "content_type": "json",
        "insecure_ssl": "0",
        "secret": "********",
    }
    changed = app.ask("PATCH", "/app/hook/config", json={"secret": "new", "url": f"{receiver.url}/2"})
    assert changed.json()["url"] == f"{receiver.url}/2"
    push_tag(clone, "v1")
    push, _ = receiver.wait(2)
    expected = hmac.new(b"new", push.body, hashlib.sha256).hexdigest()
    assert push.headers["X-Hub-Signature-256"] == f"sha256={expected}"
    refused = app.ask("PATCH", "/app/hook/config", json={"url": "https://example.org"})
    assert refused.status_code == 422


def test_an_app_without_a_hook_has_no_log(world: World) -> None:
    app = TestApp.register(world)
    assert app.ask("GET", "/app/hook/deliveries").status_code == 404
    assert app.ask("GET", "/app/hook/config").status_code == 404


def test_the_log_is_the_apps_alone(world: World, app: TestApp) -> None:
    other = TestApp.register(world)
    token = app.token(app.install(world.name))
    assert app.ask("GET", "/app/hook/deliveries", token=world.tokens["ada"]).status_code == 401
    assert app.ask("GET", "/app/hook/deliveries", token=token).status_code == 401
    assert other.ask("GET", "/app/hook/deliveries/1").status_code == 404


def test_what_an_app_writes_reaches_its_own_hook_as_its_bot(
    world: World, app: TestApp, receiver: Receiver, clone: Clone
) -> None:
    number = world.pull(clone)
    receiver.wait(3)
    token = app.token(app.install(world.name))
    world.github_with(token).get_repo(world.full_name).get_pull(number).create_issue_comment("hello")
    told = receiver.wait(4)[3]
    assert told.event == "issue_comment"
    assert (told.payload["sender"]["login"], told.payload["sender"]["type"]) == (app.made.app.bot, "Bot")
    assert told.payload["comment"]["user"]["login"] == app.made.app.bot
