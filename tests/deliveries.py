"""Webhook deliveries as GitHub sends them, for tests of the parser, the web layer and the intake.

Each starts from a published example payload; keyword arguments change what a test is about. The
examples have no annotated tag and no comment on a pull request, so those are edited into shape.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent / "samples" / "deliveries"
COMMIT = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
TAG_OBJECT = "b" * 40


@dataclass(frozen=True)
class Delivery:
    event: str
    payload: dict[str, Any]

    @property
    def body(self) -> bytes:
        return json.dumps(self.payload).encode()

    def headers(self, secret: str, delivery_id: str) -> dict[str, str]:
        digest = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/044aadd",
            "X-GitHub-Delivery": delivery_id,
            "X-GitHub-Event": self.event,
            "X-Hub-Signature-256": f"sha256={digest}",
        }


def sample(
    event: str, name: str | None = None, *, repository_id: int | None = None, repository: str | None = None
) -> Delivery:
    """``name`` is the file's, where it is not the event's; ``repository`` is owner/name."""
    payload = json.loads((SAMPLES / f"{name or event}.json").read_text(encoding="utf-8"))
    if repository_id is not None:
        payload["repository"]["id"] = repository_id
    if repository is not None:
        payload["repository"]["full_name"] = repository
    return Delivery(event, payload)


def tag_pushed(tag: str = "v1", commit: str = COMMIT, *, annotated: bool = False, **at: Any) -> Delivery:
    delivery = sample("push", "push_tag", **at)
    delivery.payload["ref"] = f"refs/tags/{tag}"
    delivery.payload["after"] = TAG_OBJECT if annotated else commit
    delivery.payload["head_commit"]["id"] = commit
    return delivery


def tag_created(tag: str = "v1", **at: Any) -> Delivery:
    """The ``create`` event that GitHub sends beside the push of a tag."""
    delivery = sample("create", "create_tag", **at)
    delivery.payload["ref"] = tag
    return delivery


def comment_posted(
    text: str = "/reproduce",
    *,
    who: str = "Codertocat",
    kind: str = "User",
    number: int = 2,
    comment_id: int = 492700400,
    action: str = "created",
    state: str = "open",
    on_pull_request: bool = True,
    **at: Any,
) -> Delivery:
    """The example's comment, moved from an issue to a pull request."""
    delivery = sample("issue_comment", **at)
    payload = delivery.payload
    payload["action"] = action
    payload["comment"] |= {"body": text, "id": comment_id}
    payload["comment"]["user"] |= {"login": who, "type": kind}
    payload["sender"] |= {"login": who, "type": kind}
    payload["issue"] |= {"number": number, "state": state}
    if on_pull_request:
        pulls = f"https://api.github.com/repos/Codertocat/Hello-World/pulls/{number}"
        payload["issue"]["pull_request"] = {"url": pulls, "merged_at": None}
    return delivery


def commented_on_commit(
    text: str = "/reproduce",
    *,
    who: str = "Codertocat",
    kind: str = "User",
    commit: str = COMMIT,
    comment_id: int = 33548674,
    action: str = "created",
    **at: Any,
) -> Delivery:
    delivery = sample("commit_comment", **at)
    payload = delivery.payload
    payload["action"] = action
    payload["comment"] |= {"body": text, "id": comment_id, "commit_id": commit}
    payload["comment"]["user"] |= {"login": who, "type": kind}
    payload["sender"] |= {"login": who, "type": kind}
    return delivery


def check_clicked(
    run_id: str | None = "r0123456789ab",
    *,
    who: str = "Codertocat",
    kind: str = "User",
    commit: str = COMMIT,
    action: str = "rerequested",
    button: str | None = None,
    **at: Any,
) -> Delivery:
    """``button``: the identifier of an action of our own, which comes as ``requested_action``."""
    delivery = sample("check_run", **at)
    payload = delivery.payload
    payload["action"] = action if button is None else "requested_action"
    payload["check_run"] |= {"external_id": run_id, "head_sha": commit}
    payload["sender"] |= {"login": who, "type": kind}
    if button is not None:
        payload["requested_action"] = {"identifier": button}
    return delivery


def pull_changed(number: int = 2, *, action: str = "synchronize", **at: Any) -> Delivery:
    """The example's pull request got new commits, or was closed."""
    delivery = sample("pull_request", **at)
    delivery.payload["action"] = action
    delivery.payload["number"] = delivery.payload["pull_request"]["number"] = number
    if action == "synchronize":
        head = delivery.payload["pull_request"]["head"]["sha"]
        delivery.payload.update(before=COMMIT, after=head)
    return delivery


def all_checks_clicked(
    *,
    who: str = "Codertocat",
    kind: str = "User",
    commit: str = COMMIT,
    action: str = "rerequested",
    **at: Any,
) -> Delivery:
    """What "Re-run all checks" sends; the published example was sent by a bot."""
    delivery = sample("check_suite", **at)
    delivery.payload["action"] = action
    delivery.payload["check_suite"]["head_sha"] = commit
    delivery.payload["sender"] |= {"login": who, "type": kind}
    return delivery
