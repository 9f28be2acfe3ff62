import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.deliveries import (
    COMMIT,
    TAG_OBJECT,
    Delivery,
    all_checks_clicked,
    check_clicked,
    comment_posted,
    commented_on_commit,
    pull_changed,
    sample,
    tag_created,
    tag_pushed,
)

from reprise.adapters.github.webhook import parse_delivery, verify_signature
from reprise.domain.errors import UserError
from reprise.domain.event import (
    CheckClicked,
    CommentPosted,
    Event,
    Ignored,
    PullRequestChanged,
    TagDeleted,
    TagPushed,
)
from reprise.domain.forge import OnCommit, OnPullRequest
from reprise.domain.run import Sha

NAME = "Codertocat/Hello-World"
ID = 186853002

# --- signature: the secret, body and digest that GitHub documents -----------------------------------

SECRET = b"It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


@pytest.mark.parametrize("header", [SIGNATURE, SIGNATURE.encode()])
def test_githubs_documented_signature_is_genuine(header: str | bytes) -> None:
    assert verify_signature(SECRET, BODY, header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        b"",
        "sha256=",
        SIGNATURE[:-1],
        SIGNATURE + "0",
        SIGNATURE.removeprefix("sha256="),
        SIGNATURE.upper(),
        "sha1=" + "0" * 40,
        SIGNATURE + "é",
        "sha256=７５７１",
        "\udcff",
        b"\xff\xfe",
    ],
)
def test_any_other_signature_is_not(header: str | bytes | None) -> None:
    assert not verify_signature(SECRET, BODY, header)


def test_another_body_or_secret_is_not_genuine() -> None:
    assert not verify_signature(SECRET, BODY + b" ", SIGNATURE)
    assert not verify_signature(b"other", BODY, SIGNATURE)


def test_without_a_secret_nothing_is_genuine() -> None:
    signature = "sha256=" + hmac.new(b"", BODY, "sha256").hexdigest()
    assert not verify_signature(b"", BODY, signature)


@given(st.binary(max_size=80), st.text(max_size=80) | st.binary(max_size=80))
def test_no_header_makes_it_raise(body: bytes, header: str | bytes) -> None:
    assert not verify_signature(SECRET, body, header)


# --- what a delivery means ---------------------------------------------------------------------------


def parse(delivery: Delivery) -> Event:
    return parse_delivery(delivery.event, delivery.body)


def test_the_published_tag_push_is_a_tag_with_its_commit() -> None:
    assert parse(sample("push", "push_tag")) == TagPushed(ID, NAME, "simple-tag", Sha(COMMIT), "Codertocat")


def test_an_annotated_tag_gives_the_commit_and_never_the_tag_object() -> None:
    event = parse(tag_pushed("paper/v1.0", annotated=True))
    assert event == TagPushed(ID, NAME, "paper/v1.0", Sha(COMMIT), "Codertocat")
    assert TAG_OBJECT not in repr(event)


@pytest.mark.parametrize("head", [None, {"id": "short"}, {"id": COMMIT.upper()}])
def test_a_tag_without_a_usable_commit_is_still_a_tag(head: dict[str, Any] | None) -> None:
    delivery = tag_pushed("v1")
    delivery.payload["head_commit"] = head
    assert parse(delivery) == TagPushed(ID, NAME, "v1", None, "Codertocat")


def test_create_knows_only_the_name_of_a_tag() -> None:
    assert parse(tag_created("v1")) == TagPushed(ID, NAME, "v1", None, "Codertocat")


@pytest.mark.parametrize(("event", "name"), [("push", "push_tag_deleted"), ("delete", "delete_tag")])
def test_a_deleted_tag_is_known_from_either_event(event: str, name: str) -> None:
    assert parse(sample(event, name)) == TagDeleted(ID, NAME, "simple-tag", "Codertocat")


def test_a_push_without_sender_is_by_its_pusher() -> None:
    delivery = tag_pushed()
    del delivery.payload["sender"]
    assert parse(delivery) == TagPushed(ID, NAME, "v1", Sha(COMMIT), "Codertocat")


def test_a_command_on_a_pull_request_is_heard_from_anybody() -> None:
    text = "Does this hold?\n\n/reproduce table-2"
    delivery = comment_posted(text, who="stranger", number=7, comment_id=11)
    delivery.payload["comment"]["author_association"] = "NONE"
    assert parse(delivery) == CommentPosted(ID, NAME, OnPullRequest(7), 11, text, "stranger")


@pytest.mark.parametrize("said", ["/reproduce cancel", "/reproduce status"])
def test_what_starts_nothing_is_heard_on_a_closed_pull_request_too(said: str) -> None:
    event = parse(comment_posted(said, number=7, comment_id=11, state="closed"))
    assert event == CommentPosted(ID, NAME, OnPullRequest(7), 11, said, "Codertocat")


def test_a_command_on_a_commit_names_the_commit() -> None:
    delivery = commented_on_commit("Again, please.\n\n/reproduce all", who="stranger", comment_id=11)
    said = "Again, please.\n\n/reproduce all"
    assert parse(delivery) == CommentPosted(ID, NAME, OnCommit(Sha(COMMIT)), 11, said, "stranger")


@pytest.mark.parametrize("action", ["synchronize", "closed"])
def test_a_pull_request_that_went_on_is_told(action: str) -> None:
    event = parse(pull_changed(7, action=action))
    assert event == PullRequestChanged(ID, NAME, 7, "Codertocat")


@pytest.mark.parametrize("action", ["opened", "edited", "reopened", "labeled", "ready_for_review"])
def test_nothing_else_about_a_pull_request_matters(action: str) -> None:
    assert parse(pull_changed(action=action)) == Ignored(NAME, "pull request")


def test_our_own_report_is_no_command_whoever_signs_it() -> None:
    text = "<!-- reprise:commit:1 -->\n### wine: reproduced\n\n/reproduce"
    event = parse(commented_on_commit(text, who="reprise-bot"))
    assert event == Ignored(NAME, "comment without a command")


def branch(event: str) -> Delivery:
    delivery = sample(event, f"{event}_tag")
    delivery.payload["ref_type"] = "branch"
    return delivery


@pytest.mark.parametrize(
    ("delivery", "why"),
    [
        (sample("ping"), "ping"),
        (sample("pull_request"), "pull request"),
        (sample("push", "push_branch"), "branch push"),
        (branch("create"), "branch created"),
        (branch("delete"), "branch deleted"),
        (sample("issue_comment"), "comment on an issue"),
        (comment_posted(action="edited"), "comment edited or deleted"),
        (comment_posted(action="deleted"), "comment edited or deleted"),
        (comment_posted(action="pinned"), "comment edited or deleted"),
        (comment_posted(who="ci[bot]", kind="Bot"), "comment by a bot"),
        (comment_posted(who="ci[bot]"), "comment by a bot"),
        (comment_posted("> well\n/reproduce"), "comment without a command"),
        (comment_posted("```\n/reproduce\n```"), "comment without a command"),
        (comment_posted(state="closed"), "comment on a closed pull request"),
        (comment_posted("/reproduce help", state="closed"), "comment on a closed pull request"),
        (comment_posted("/reproduce approve p0123abcd", state="closed"), "comment on a closed pull request"),
        (comment_posted("Nice!"), "comment without a command"),
        (comment_posted("> /reproduce"), "comment without a command"),
        (sample("commit_comment"), "comment without a command"),
        (commented_on_commit(action="deleted"), "comment edited or deleted"),
        (commented_on_commit(who="ci[bot]", kind="Bot"), "comment by a bot"),
        (Delivery("star", tag_pushed().payload), "event not used"),
    ],
)
def test_everything_else_is_accepted_and_ignored(delivery: Delivery, why: str) -> None:
    event = parse(delivery)
    assert isinstance(event, Ignored)
    assert event.why == why
    assert event.repository == delivery.payload["repository"]["full_name"]


@pytest.mark.parametrize(
    "delivery",
    [tag_pushed(), tag_created(), sample("delete", "delete_tag"), comment_posted(), commented_on_commit()],
    ids=lambda delivery: delivery.event,
)
def test_fields_that_surprise_us_do_not_lose_the_delivery(delivery: Delivery) -> None:
    surprising: list[Any] = [None, [], {}, "", 7, {"id": "x"}]
    for field in delivery.payload:
        for value in surprising:
            event = parse(Delivery(delivery.event, {**delivery.payload, field: value}))
            assert isinstance(event, TagPushed | TagDeleted | CommentPosted | Ignored)
    assert parse(Delivery(delivery.event, {})) == Ignored(None, "fields not understood")


def test_an_added_field_changes_nothing() -> None:
    delivery = tag_pushed()
    delivery.payload["repository"]["new"] = {"deep": [1]}
    assert isinstance(parse(delivery), TagPushed)


@pytest.mark.parametrize("event", ["push", "issue_comment", "commit_comment", "ping", "star"])
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b"null", b"\xff", b"a=%7B%7D", b"[" * 100_000, b'"x"'],
)
def test_a_body_that_is_no_json_object_is_refused(event: str, body: bytes) -> None:
    with pytest.raises(UserError, match="not a JSON object"):
        parse_delivery(event, body)


# --- check runs ------------------------------------------------------------------------------------------

AT: dict[str, Any] = {"repository_id": ID, "repository": NAME}


@pytest.mark.parametrize(
    "delivery", [check_clicked(**AT), check_clicked(button="reproduce", **AT)], ids=["re-run", "button"]
)
def test_a_click_on_a_check_of_ours_asks_for_its_run_again(delivery: Delivery) -> None:
    assert parse(delivery) == CheckClicked(ID, NAME, "r0123456789ab", Sha(COMMIT), "Codertocat")


def test_all_checks_of_a_commit_are_asked_for_again() -> None:
    assert parse(all_checks_clicked(**AT)) == CheckClicked(ID, NAME, None, Sha(COMMIT), "Codertocat")


@pytest.mark.parametrize(
    ("delivery", "why"),
    [
        (sample("check_suite", **AT), "click by a bot"),
        (all_checks_clicked(action="completed", **AT), "checks not asked for again"),
        (all_checks_clicked(commit="short", **AT), "fields not understood"),
        (check_clicked(action="created", **AT), "check run not asked for again"),
        (check_clicked(action="completed", **AT), "check run not asked for again"),
        (check_clicked(button="deploy", **AT), "check run not asked for again"),
        (check_clicked(kind="Bot", **AT), "click by a bot"),
        (check_clicked(None, **AT), "check run of somebody else"),
        (check_clicked("", **AT), "check run of somebody else"),
        (check_clicked("x" * 41, **AT), "fields not understood"),
        (check_clicked("r\0", **AT), "fields not understood"),
        (check_clicked(commit="short", **AT), "fields not understood"),
    ],
)
def test_other_news_of_checks_start_nothing(delivery: Delivery, why: str) -> None:
    assert parse(delivery) == Ignored(NAME, why)
