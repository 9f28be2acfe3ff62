"""The published payloads lack some cases; what the tests edit into them must still be GitHub's."""

from collections.abc import Callable

import pytest
from jsonschema import Draft7Validator
from tests.deliveries import (
    Delivery,
    check_clicked,
    comment_posted,
    commented_on_commit,
    pull_changed,
    sample,
    tag_created,
    tag_pushed,
)
from tests.samples.published import schema

CHECK = sample("check_run")
PULL = sample("pull_request")


def of_an_app(delivery: Delivery) -> Delivery:
    """As it comes to an App's webhook."""
    delivery.payload["installation"] = {
        "id": 2311213,
        "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uMjMxMTIxMw==",
    }
    return delivery


def of_a_fork(delivery: Delivery) -> Delivery:
    """The head's repository is not the base's."""
    base = delivery.payload["pull_request"]["base"]["repo"]
    name = f"stranger/{base['name']}"
    delivery.payload["pull_request"]["head"]["repo"] = {**base, "id": 999, "full_name": name, "fork": True}
    return delivery


EDITED: dict[str, tuple[Callable[[], Delivery], Delivery]] = {
    "annotated tag": (lambda: tag_pushed("v2", annotated=True), sample("push", "push_tag")),
    "lightweight tag": (lambda: tag_pushed("v2"), sample("push", "push_tag")),
    "tag created": (lambda: tag_created("v2"), sample("create", "create_tag")),
    "comment on a pull request": (lambda: comment_posted(who="stranger"), sample("issue_comment")),
    "comment of a bot": (lambda: comment_posted(kind="Bot"), sample("issue_comment")),
    "deleted comment": (lambda: comment_posted(action="deleted"), sample("issue_comment")),
    "comment on a closed pull request": (lambda: comment_posted(state="closed"), sample("issue_comment")),
    "tag of an App's repository": (lambda: of_an_app(tag_pushed("v2")), sample("push", "push_tag")),
    "comment at an App's repository": (lambda: of_an_app(comment_posted()), sample("issue_comment")),
    "click on a check with an external id": (lambda: check_clicked("r0123456789ab"), CHECK),
    "push to a fork's pull request": (lambda: of_a_fork(pull_changed(7)), PULL),
    "comment on a commit": (lambda: commented_on_commit(who="stranger"), sample("commit_comment")),
}


@pytest.mark.parametrize("case", EDITED)
def test_an_edited_payload_complains_to_githubs_schema_no_more_than_the_published_one(case: str) -> None:
    make, published = EDITED[case]
    edited = make()
    assert edited.payload != published.payload
    assert complaints(edited) <= complaints(published)


def test_the_schema_finds_what_no_github_sends() -> None:
    delivery = comment_posted()
    delivery.payload["comment"]["id"] = "a text"
    assert complaints(delivery)


def complaints(delivery: Delivery) -> set[tuple[str, str]]:
    """Where and what, in the definition that complains least: an event has one per action."""
    definitions = schema()["definitions"]
    found = []
    for name in definitions:
        if name.startswith(f"{delivery.event}$"):
            fitting = Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})
            errors = fitting.iter_errors(delivery.payload)
            found.append({("/".join(map(str, each.absolute_path)), str(each.validator)) for each in errors})
    return min(found, key=len)
