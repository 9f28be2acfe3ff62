"""What webhooks are told: signed, in order, once, in GitHub's shape."""

import hashlib
import hmac
import socket
import threading
from typing import Any

import pytest
from github import GithubException
from github.Hook import Hook
from tests.deliveries import sample
from tests.integration.forge.world import Clone, Receiver, World, until

from reprise.adapters.github.webhook import parse_delivery
from reprise.domain.event import CommentPosted
from reprise.domain.forge import OnCommit
from reprise.domain.run import Sha

SECRET = "a secret between two"
ZERO = "0" * 40


def hooked(world: World, receiver: Receiver, *, events: tuple[str, ...] = ("*",)) -> tuple[Clone, Hook]:
    """A repository with a hook that was already told its ping and nothing else."""
    clone = world.make()
    config = {"url": receiver.url, "content_type": "json", "secret": SECRET}
    hook = world.repository().create_hook("web", config, list(events), active=True)
    receiver.wait(1)
    receiver.received.clear()
    return clone, hook


def assert_is_about(payload: dict[str, Any], world: World) -> None:
    """What every payload to a repository's webhook carries."""
    repository = payload["repository"]
    assert repository["id"] == world.repository().complete().id
    assert repository["full_name"] == world.full_name
    assert repository["clone_url"] == f"{world.page}.git"
    assert repository["html_url"] == world.page
    assert repository["owner"]["login"] == "ada"
    assert payload["sender"]["login"]
    assert "installation" not in payload


def test_a_new_hook_is_pinged_with_a_valid_signature(world: World, receiver: Receiver) -> None:
    world.make()
    config = {"url": receiver.url, "content_type": "json", "secret": SECRET}
    hook = world.repository().create_hook("web", config, ["push"], active=True)
    (ping,) = receiver.wait(1)
    assert ping.event == "ping"
    assert ping.payload["hook_id"] == hook.id
    expected = hmac.new(SECRET.encode(), ping.body, hashlib.sha256).hexdigest()
    assert ping.headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert ping.headers["Content-Type"] == "application/json"
    assert len(ping.headers["X-GitHub-Delivery"]) == 36
    assert SECRET not in ping.body.decode()
    assert_is_about(ping.payload, world)


def test_a_lightweight_tag_is_told_as_push_and_create(world: World, receiver: Receiver) -> None:
    clone, _ = hooked(world, receiver)
    clone.git("tag", "v1")
    clone.git("push", "-q", "origin", "v1")
    push, create = receiver.wait(2)
    told = push.payload
    assert (push.event, told["ref"], told["before"], told["after"]) == (
        "push",
        "refs/tags/v1",
        ZERO,
        clone.sha("v1"),
    )
    assert (told["created"], told["deleted"], told["forced"], told["commits"]) == (True, False, False, [])
    assert told["head_commit"]["id"] == clone.sha("HEAD")
    assert told["pusher"]["name"] == "ada"
    assert (create.event, create.payload["ref"], create.payload["ref_type"]) == ("create", "v1", "tag")
    assert_is_about(told, world)
    assert_is_about(create.payload, world)


def test_after_of_an_annotated_tag_is_the_tag_object(world: World, receiver: Receiver) -> None:
    clone, _ = hooked(world, receiver, events=("push",))
    clone.git("tag", "-a", "v1", "-m", "as submitted")
    clone.git("push", "-q", "origin", "v1")
    (push,) = receiver.wait(1)
    assert push.payload["after"] == clone.sha("v1") != clone.sha("HEAD")
    assert push.payload["head_commit"]["id"] == clone.sha("HEAD")


def test_a_moved_tag_is_a_forced_push_without_create(world: World, receiver: Receiver) -> None:
    clone, _ = hooked(world, receiver, events=("push", "create", "delete"))
    first = clone.sha("HEAD")
    clone.git("tag", "v1")
    clone.git("push", "-q", "origin", "v1")
    clone.git("commit", "-q", "--amend", "-m", "another first")
    clone.git("tag", "-f", "v1")
    clone.git("push", "-q", "-f", "origin", "v1")
    told = receiver.wait(3)[2].payload
    assert receiver.events() == ["push", "create", "push"]
    assert (told["before"], told["after"]) == (first, clone.sha("HEAD"))
    assert (told["created"], told["forced"]) == (False, True)


def test_a_deleted_tag_has_no_head_commit(world: World, receiver: Receiver) -> None:
    clone, _ = hooked(world, receiver, events=("push", "delete"))
    clone.git("tag", "v1")
    clone.git("push", "-q", "origin", "v1")
    clone.git("push", "-q", "origin", ":refs/tags/v1")
    _, push, delete = receiver.wait(3)
    assert (push.payload["after"], push.payload["deleted"], push.payload["head_commit"]) == (ZERO, True, None)
    assert (delete.event, delete.payload["ref"], delete.payload["ref_type"]) == ("delete", "v1", "tag")


@pytest.mark.parametrize(("tags", "events"), [(3, 6), (4, 0)])
def test_more_than_three_tags_at_once_are_not_told(
    world: World, receiver: Receiver, tags: int, events: int
) -> None:
    clone, _ = hooked(world, receiver)
    for number in range(tags):
        clone.git("tag", f"v{number}")
    clone.git("push", "-q", "--tags")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/last")
    told = receiver.wait(events + 2)
    assert [each.payload["ref"] for each in told[-2:]] == ["refs/heads/last", "last"]
    assert len(told) == events + 2


def test_a_branch_push_lists_its_commits_oldest_first(world: World, receiver: Receiver) -> None:
    clone, _ = hooked(world, receiver, events=("push",))
    before = clone.sha("HEAD")
    shas = [clone.commit("second"), clone.commit("third")]
    clone.git("push", "-q", "origin", "HEAD:refs/heads/main")
    (push,) = receiver.wait(1)
    told = push.payload
    assert (told["ref"], told["before"]) == ("refs/heads/main", before)
    assert [commit["id"] for commit in told["commits"]] == shas
    assert told["head_commit"]["modified"] == ["numbers.txt"]


def test_a_comment_on_a_pull_request_says_that_it_is_one(world: World, receiver: Receiver) -> None:
    clone, _ = hooked(world, receiver, events=("issue_comment",))
    number = world.pull(clone)
    made = world.repository("eve").get_pull(number).create_issue_comment("/reproduce")
    (comment,) = receiver.wait(1)
    told = comment.payload
    assert (comment.event, told["action"]) == ("issue_comment", "created")
    assert told["issue"]["number"] == number
    assert told["issue"]["pull_request"]["url"] == f"{world.api}/pulls/{number}"
    assert (told["comment"]["id"], told["comment"]["body"]) == (made.id, "/reproduce")
    assert (told["comment"]["author_association"], told["sender"]["login"]) == ("NONE", "eve")
    assert_is_about(told, world)


def test_a_comment_on_a_commit_names_the_commit(world: World, receiver: Receiver) -> None:
    clone, _ = hooked(world, receiver, events=("commit_comment",))
    sha = clone.sha("HEAD")
    made = world.repository("eve").get_commit(sha).create_comment("/reproduce")
    (comment,) = receiver.wait(1)
    told = comment.payload
    assert (comment.event, told["action"]) == ("commit_comment", "created")
    assert (told["comment"]["commit_id"], told["comment"]["id"]) == (sha, made.id)
    assert (told["comment"]["body"], told["sender"]["login"]) == ("/reproduce", "eve")
    assert_is_about(told, world)
    signed = hmac.new(SECRET.encode(), comment.body, hashlib.sha256).hexdigest()
    assert comment.headers["X-Hub-Signature-256"] == f"sha256={signed}"
    assert parse_delivery(comment.event, comment.body) == CommentPosted(
        told["repository"]["id"], world.full_name, OnCommit(Sha(sha)), made.id, "/reproduce", "eve"
    )


def test_a_comment_on_a_commit_has_the_fields_of_the_published_example(
    world: World, receiver: Receiver
) -> None:
    clone, _ = hooked(world, receiver, events=("commit_comment",))
    world.repository("eve").get_commit(clone.sha("HEAD")).create_comment("hello")
    told = receiver.wait(1)[0].payload
    published = sample("commit_comment").payload
    assert set(told) == set(published)
    assert set(published["comment"]) <= set(told["comment"])
    assert set(published["comment"]["user"]) <= set(told["comment"]["user"])


def test_a_pull_request_tells_its_life(world: World, receiver: Receiver) -> None:
    clone, _ = hooked(world, receiver, events=("pull_request",))
    number = world.pull(clone)
    first = clone.sha("HEAD")
    second = clone.commit("better")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/idea")
    clone.git("push", "-q", "origin", ":refs/heads/idea")
    told = [each.payload for each in receiver.wait(3)]
    assert [each["action"] for each in told] == ["opened", "synchronize", "closed"]
    assert [each["number"] for each in told] == [number] * 3
    assert (told[1]["before"], told[1]["after"]) == (first, second)
    assert [each["pull_request"]["head"]["sha"] for each in told] == [first, second, second]
    assert told[2]["pull_request"]["state"] == "closed"
    assert_is_about(told[0], world)


def test_a_failed_delivery_is_recorded_and_sent_again_only_when_asked(
    world: World, receiver: Receiver
) -> None:
    clone, hook = hooked(world, receiver, events=("push",))
    receiver.code = 503
    clone.git("tag", "v1")
    clone.git("push", "-q", "origin", "v1")
    (first,) = receiver.wait(1)
    until(lambda: deliveries(world, hook)[0]["status_code"] == 503)
    assert len(receiver.received) == 1
    receiver.code = 202
    failed = deliveries(world, hook)[0]
    again_url = f"{world.api}/hooks/{hook.id}/deliveries/{failed['id']}/attempts"
    assert world.http.post(again_url, headers=ada(world)).status_code == 202
    _, again = receiver.wait(2)
    assert (again.body, again.headers["X-GitHub-Delivery"]) == (
        first.body,
        first.headers["X-GitHub-Delivery"],
    )
    until(lambda: len(deliveries(world, hook)) == 3)
    newest = deliveries(world, hook)[0]
    assert (newest["redelivery"], newest["status_code"], newest["guid"]) == (True, 202, failed["guid"])
    shown = world.http.get(
        f"{world.api}/hooks/{hook.id}/deliveries/{newest['id']}", headers=ada(world)
    ).json()
    assert shown["request"]["payload"]["ref"] == "refs/tags/v1"


def test_a_receiver_that_is_down_is_recorded_without_a_code(world: World) -> None:
    world.make()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    hook = world.repository().create_hook("web", {"url": url, "content_type": "json"}, ["push"])
    until(lambda: len(deliveries(world, hook)) == 1)
    told = deliveries(world, hook)[0]
    assert (told["status_code"], told["status"]) == (0, "connection refused")


def test_deliveries_of_many_pushes_keep_their_order(world: World, receiver: Receiver) -> None:
    clone, _ = hooked(world, receiver, events=("push",))
    for number in range(5):
        clone.git("push", "-q", "origin", f"HEAD:refs/heads/b{number}")
    told = [each.payload["ref"] for each in receiver.wait(5)]
    assert told == [f"refs/heads/b{number}" for number in range(5)]


def test_what_was_not_sent_before_the_end_is_sent_after_the_next_start(
    lonely: World, receiver: Receiver
) -> None:
    clone, _ = hooked(lonely, receiver, events=("push",))
    holding = threading.Event()
    receiver.before_answer = lambda: holding.wait(5)
    clone.git("push", "-q", "origin", "HEAD:refs/heads/one")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/two")
    receiver.wait(1)
    threading.Timer(0.2, holding.set).start()
    lonely.restart()
    assert [each.payload["ref"] for each in receiver.wait(2)] == ["refs/heads/one", "refs/heads/two"]


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://example.org/"},
        {"url": "http://192.0.2.1/"},
        {"url": "file:///etc/passwd"},
        {"content_type": "form"},
        {"events": ["star"]},
        {"events": []},
    ],
)
def test_a_hook_that_cannot_work_is_422(world: World, change: dict[str, Any]) -> None:
    world.make()
    config = {"url": "http://127.0.0.1:1/", "content_type": "json", **change}
    events = config.pop("events", ["push"])
    with pytest.raises(GithubException) as error:
        world.repository().create_hook("web", config, events)
    assert error.value.status == 422


def test_hooks_are_for_admins_only(world: World, receiver: Receiver) -> None:
    hooked(world, receiver)
    world.repository().add_to_collaborators("bot", "push")
    assert [hook.config["url"] for hook in world.repository().get_hooks()] == [receiver.url]
    with pytest.raises(GithubException) as error:
        list(world.repository("bot").get_hooks())
    assert error.value.status == 403


def test_an_edited_and_a_deleted_comment_are_told(world: World, receiver: Receiver) -> None:
    clone, _ = hooked(world, receiver, events=("issue_comment", "commit_comment"))
    number = world.pull(clone)
    comment = world.repository("eve").get_pull(number).create_issue_comment("/reproduce")
    comment.create_reaction("eyes")
    world.repository().get_pull(number).get_issue_comment(comment.id).edit("never mind")
    comment.delete()
    on_commit = world.repository().get_commit(clone.sha("main")).create_comment("fine")
    on_commit.edit("very fine")
    on_commit.delete()
    world.repository().get_commit(clone.sha("main")).create_comment("the end")
    told = [(each.event, each.payload["action"]) for each in receiver.wait(5)]
    assert told == [
        ("issue_comment", "created"),
        ("issue_comment", "edited"),
        ("issue_comment", "deleted"),
        ("commit_comment", "created"),
        ("commit_comment", "created"),
    ]
    edited, deleted = receiver.received[1].payload, receiver.received[2].payload
    assert edited["changes"] == {"body": {"from": "/reproduce"}}
    assert (edited["comment"]["body"], edited["sender"]["login"]) == ("never mind", "ada")
    assert (deleted["comment"]["id"], deleted["sender"]["login"]) == (comment.id, "eve")
    with pytest.raises(GithubException) as error:
        world.repository().get_pull(number).get_issue_comment(comment.id).complete()
    assert error.value.status == 404


def test_others_cannot_delete_a_comment(world: World) -> None:
    number = world.pull(world.make())
    comment = world.repository().get_pull(number).create_issue_comment("mine")
    with pytest.raises(GithubException) as error:
        world.repository("eve").get_pull(number).get_issue_comment(comment.id).delete()
    assert error.value.status == 403


def test_the_secret_is_never_shown(world: World, receiver: Receiver) -> None:
    _, hook = hooked(world, receiver)
    reply = world.http.get(f"{world.api}/hooks/{hook.id}", headers=ada(world))
    assert reply.json()["config"]["secret"] == "********"


def ada(world: World) -> dict[str, str]:
    return {"Authorization": f"token {world.tokens['ada']}"}


def deliveries(world: World, hook: Hook) -> list[dict[str, Any]]:
    url = f"{world.api}/hooks/{hook.id}/deliveries"
    listed: list[dict[str, Any]] = world.http.get(url, headers=ada(world)).json()
    return listed
