"""What the webhook answers and stores, for everything that GitHub and strangers may send."""

import gzip
import hashlib
import hmac
from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from tests.deliveries import (
    COMMIT,
    Delivery,
    check_clicked,
    comment_posted,
    commented_on_commit,
    sample,
    tag_created,
    tag_pushed,
)
from tests.unit.web.site import HOOK, SECRET, WATCHED, Site

from reprise.web.app import create_app


async def test_a_pushed_tag_is_stored_with_its_trigger_and_the_engine_is_woken(site: Site) -> None:
    reply = await site.deliver(tag_pushed("v1.0"), "guid-1")
    assert (reply.status_code, reply.json()) == (202, {"message": "tag v1.0"})
    [stored] = site.deliveries()
    assert (stored.id, stored.event, stored.outcome) == ("guid-1", "push", "tag v1.0")
    assert gzip.decompress(stored.body) == tag_pushed("v1.0").body
    [trigger] = site.triggers()
    assert (trigger.delivery, trigger.kind, trigger.ref) == ("guid-1", "tag", "v1.0")
    assert (trigger.repository_id, trigger.repository) == (186853002, WATCHED)
    assert site.nudges == 1


async def test_a_command_on_a_commit_keeps_the_commit(site: Site) -> None:
    reply = await site.deliver(commented_on_commit(who="ada", comment_id=11), "guid-1")
    assert (reply.status_code, reply.json()) == (202, {"message": f"command on {COMMIT[:7]}"})
    [trigger] = site.triggers()
    assert (trigger.kind, trigger.commit, trigger.pull_request) == ("comment", COMMIT, None)
    assert (trigger.comment_id, trigger.body, trigger.who) == (11, "/reproduce", "ada")


async def test_a_click_on_a_check_keeps_its_run_and_commit(site: Site) -> None:
    click = check_clicked("r0123456789ab", who="ada", repository_id=186853002, repository=WATCHED)
    reply = await site.deliver(click, "guid-1")
    assert (reply.status_code, reply.json()) == (202, {"message": f"click on r0123456789ab at {COMMIT[:7]}"})
    [trigger] = site.triggers()
    assert (trigger.kind, trigger.ref, trigger.commit) == ("check", "r0123456789ab", COMMIT)
    assert (trigger.who, trigger.pull_request, trigger.comment_id) == ("ada", None, None)
    assert site.nudges == 1


# --- who may deliver --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signature",
    [b"sha256=" + b"0" * 64, b"", b"sha256=", b"sha1=" + b"0" * 40, "sha256=é".encode(), b"\xff\xfe"],
)
async def test_a_wrong_signature_is_401_and_nothing_is_stored(site: Site, signature: bytes) -> None:
    reply = await site.deliver(tag_pushed(), headers={"X-Hub-Signature-256": signature})
    assert reply.status_code == 401
    assert "check the webhook's secret" in reply.json()["message"]
    assert site.deliveries() == []


async def test_a_missing_signature_is_401(site: Site) -> None:
    headers = tag_pushed().headers(SECRET, "guid-1")
    del headers["X-Hub-Signature-256"]
    async with site.client() as client:
        reply = await client.post(HOOK, content=tag_pushed().body, headers=headers)
    assert reply.status_code == 401
    assert site.deliveries() == []


async def test_a_signature_of_another_body_is_401(site: Site) -> None:
    other = tag_pushed("v2").headers(SECRET, "guid-1")
    reply = await site.deliver(tag_pushed("v1"), headers=other)
    assert reply.status_code == 401


# --- what does not fit ------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff", b'{"ref": "\xff"}'])
@pytest.mark.parametrize("event", ["push", "ping", "star"])
async def test_a_body_that_is_no_json_object_is_400(site: Site, event: str, body: bytes) -> None:
    async with site.client() as client:
        headers = _signed(event, body)
        reply = await client.post(HOOK, content=body, headers=headers)
    assert (reply.status_code, reply.json()["message"]) == (400, "the delivery's body is not a JSON object")
    assert site.deliveries() == []


@pytest.mark.parametrize("name", ["X-GitHub-Event", "X-GitHub-Delivery"])
@pytest.mark.parametrize("value", ["", "x" * 101])
async def test_missing_or_endless_headers_are_400(site: Site, name: str, value: str) -> None:
    reply = await site.deliver(tag_pushed(), headers={name: value})
    assert reply.status_code == 400
    assert "X-GitHub-Delivery" in reply.json()["message"]
    assert site.deliveries() == []


async def test_a_push_whose_fields_are_bent_is_recorded_not_refused(site: Site) -> None:
    bent = tag_pushed()
    bent.payload["ref"] = {"name": "refs/tags/v1"}
    reply = await site.deliver(bent)
    assert (reply.status_code, reply.json()["message"]) == (202, "ignored: fields not understood")
    assert len(site.deliveries()) == 1


# --- what is recorded without a trigger -------------------------------------------------------------


@pytest.mark.parametrize(
    ("delivery", "outcome"),
    [
        (sample("ping"), "ignored: ping"),
        (sample("push", "push_branch"), "ignored: branch push"),
        (sample("pull_request"), "ignored: pull request"),
        (comment_posted("thank you"), "ignored: comment without a command"),
        (comment_posted(kind="Bot"), "ignored: comment by a bot"),
        (comment_posted(action="edited"), "ignored: comment edited or deleted"),
        (Delivery("star", sample("ping").payload), "ignored: event not used"),
        (Delivery("star", {}), "ignored: event not used"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.event,
)
async def test_what_starts_nothing_is_accepted_and_recorded(
    site: Site, delivery: Delivery, outcome: str
) -> None:
    reply = await site.deliver(delivery)
    assert (reply.status_code, reply.json()["message"]) == (202, outcome)
    assert [stored.outcome for stored in site.deliveries()] == [outcome]
    assert site.triggers() == []


async def test_a_repository_that_is_not_watched_is_recorded_and_logged(site: Site) -> None:
    with capture_logs() as logs:
        reply = await site.deliver(tag_pushed("v1", repository="mallory/paper"))
    outcome = "ignored: repository is not watched"
    assert (reply.status_code, reply.json()["message"]) == (202, outcome)
    assert site.triggers() == []
    assert [stored.outcome for stored in site.deliveries()] == [outcome]
    [line] = [line for line in logs if line["event"] == "delivery"]
    assert (line["repository"], line["outcome"]) == ("mallory/paper", outcome)


async def test_names_of_repositories_are_compared_without_case(site: Site) -> None:
    reply = await site.deliver(tag_pushed("v1", repository=WATCHED.upper()))
    assert reply.json()["message"] == "tag v1"


# --- what starts something --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "delivery", [sample("push", "push_tag_deleted"), sample("delete", "delete_tag")], ids=["push", "delete"]
)
async def test_a_deleted_tag_is_looked_at_again(site: Site, delivery: Delivery) -> None:
    reply = await site.deliver(delivery)
    assert (reply.status_code, reply.json()["message"]) == (202, "tag simple-tag was deleted")
    assert [(trigger.kind, trigger.ref) for trigger in site.triggers()] == [("tag", "simple-tag")]


@pytest.mark.parametrize("annotated", [False, True])
async def test_lightweight_and_annotated_tags_name_the_tag_only(site: Site, annotated: bool) -> None:
    await site.deliver(tag_pushed("v1", COMMIT, annotated=annotated))
    assert [trigger.ref for trigger in site.triggers()] == ["v1"]


async def test_a_command_in_a_comment_is_stored_with_its_text(site: Site) -> None:
    await site.deliver(comment_posted("/reproduce all", who="ada", number=7, comment_id=55))
    [trigger] = site.triggers()
    assert (trigger.kind, trigger.ref, trigger.who) == ("comment", "#7", "ada")
    assert (trigger.pull_request, trigger.comment_id, trigger.body) == (7, 55, "/reproduce all")


async def test_the_same_delivery_three_times_is_one_delivery_and_one_trigger(site: Site) -> None:
    replies = [await site.deliver(tag_pushed(), "guid-1") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [202, 202, 202]
    assert [reply.json()["message"] for reply in replies[1:]] == ["already known", "already known"]
    assert len(site.deliveries()) == len(site.triggers()) == 1


async def test_push_and_create_of_one_tag_are_two_triggers_of_one_ref(site: Site) -> None:
    """The leader makes one run of them: a run's identity is its commit."""
    await site.deliver(tag_pushed("v1"), "guid-1")
    await site.deliver(tag_created("v1"), "guid-2")
    assert [(trigger.kind, trigger.ref) for trigger in site.triggers()] == [("tag", "v1"), ("tag", "v1")]


def _signed(event: str, body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": "guid-1",
        "X-Hub-Signature-256": f"sha256={digest}",
    }


# --- repositories as a whole ------------------------------------------------------------------------


async def test_what_happens_to_a_repository_is_heard_under_any_name(site: Site) -> None:
    reply = await site.deliver(sample("repository", "repository_renamed"))
    assert (reply.status_code, reply.json()["message"]) == (202, "repository renamed")
    [trigger] = site.triggers()
    assert (trigger.kind, trigger.ref, trigger.repository) == ("life", "renamed", "Octocoders/Hello-World")
    assert site.nudges == 1


async def test_an_installations_events_are_heard(site: Site) -> None:
    reply = await site.deliver(sample("installation", "installation_suspend"))
    assert (reply.status_code, reply.json()["message"]) == (202, "access suspended at Codertocat")
    assert [trigger.kind for trigger in site.triggers()] == ["life"]


async def test_a_repository_that_was_renamed_is_watched_by_its_number(site: Site) -> None:
    pushed = tag_pushed("v1", repository="Codertocat/Elsewhere")
    assert (await site.deliver(pushed)).json()["message"] == "ignored: repository is not watched"
    site.sweeps.followed[pushed.payload["repository"]["id"]] = WATCHED
    assert (await site.deliver(pushed, "guid-2")).json()["message"] == "tag v1"


async def test_without_a_secret_nothing_is_taken_and_the_reason_is_said(site: Site) -> None:
    site.context = replace(site.context, webhook_secret=b"")
    site.app = create_app(site.context)
    async with site.serving():
        reply = await site.deliver(tag_pushed("v1"))
    assert reply.status_code == 401
    assert "no webhook secret is set" in reply.json()["message"]
