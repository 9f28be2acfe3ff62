"""The oracle itself: it must object to what GitHub objects to, else the other tests say nothing."""

import json
from typing import Any

import pytest
from tests.openapi import Message, Receive, Recorder, Scope, Send, check_exchange, check_request, description
from tests.samples.github.trim import PATHS, references

SHA = "a" * 40
STATUSES = f"/repos/o/r/statuses/{SHA}"
COMMENTS = "/repos/o/r/issues/7/comments"


def send(method: str, path: str, body: Any = None, base: str = "") -> None:
    check_request(method, path, {}, None if body is None else json.dumps(body).encode(), base=base)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", STATUSES, {"state": "pending", "context": "reprise/a", "description": "d" * 140}),
        ("POST", COMMENTS, {"body": "x" * 65_536}),
        ("GET", "/repos/o/r/commits/refs/tags/v1/statuses?per_page=100", None),
        ("GET", "/repos/o/r/commits/refs%2Ftags%2Fv1", None),
        ("GET", "/repos/o/r/git/matching-refs/tags/paper/", None),
        ("GET", "/rate_limit", None),
    ],
)
def test_what_github_takes_passes(method: str, path: str, body: Any) -> None:
    send(method, path, body)
    send(method, "https://api.github.com:443" + path, body)
    send(method, "http://127.0.0.1:8000/api/v3" + path, body, base="/api/v3")


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", STATUSES, {"state": "done"}, "'done' is not one of"),
        ("POST", STATUSES, {"context": "reprise/a"}, "'state' is a required property"),
        ("POST", STATUSES, {"state": "error", "descripton": "d"}, "descripton"),
        ("POST", STATUSES, {"state": "error", "description": "d" * 141}, "longer than 140"),
        ("POST", STATUSES, None, "Missing required request body"),
        ("POST", COMMENTS, {"body": None}, "None"),
        ("POST", COMMENTS, {"body": "x" * 65_537}, "longer than 65,536"),
        ("POST", "/repos/o/r/issues/comments/1/reactions", {"content": "tada"}, "'tada' is not one of"),
        ("POST", "/repos/o/r/issues/seven/comments", {"body": "x"}, "issue_number"),
        (
            "POST",
            "/repos/o/r/check-runs",
            {"name": "n", "head_sha": SHA, "status": "completed"},
            "conclusion",
        ),
        ("GET", "/repos/o/r/commits/main/statuses?perpage=100", None, "unknown query parameter 'perpage'"),
        ("GET", "/repositories/7", None, "no such call"),
        ("DELETE", "/rate_limit", None, "no such call"),
    ],
)
def test_what_github_refuses_fails(method: str, path: str, body: Any, said: str) -> None:
    with pytest.raises(AssertionError) as failure:
        send(method, path, body)
    assert said in str(failure.value)


def exchange(status: int, reply: Any, body: Any = None) -> None:
    sent = json.dumps({"body": "hello"} if body is None else body).encode()
    kind = {"Content-Type": "application/json; charset=utf-8"}
    check_exchange("POST", COMMENTS, {}, sent, status, kind, json.dumps(reply).encode())


def test_an_error_that_any_call_can_give_needs_a_message() -> None:
    exchange(401, {"message": "Bad credentials"})
    exchange(502, {"message": "Server Error"})
    with pytest.raises(AssertionError, match="object with a message"):
        exchange(401, {"detail": "Bad credentials"})


def test_a_reply_without_required_fields_fails() -> None:
    with pytest.raises(AssertionError, match="'node_id' is a required property"):
        exchange(201, {"id": 1})


def test_a_success_that_github_does_not_give_fails() -> None:
    with pytest.raises(AssertionError, match="200 is not among"):
        exchange(200, {"message": "fine"})


def test_a_wrong_request_may_be_refused_but_not_accepted() -> None:
    exchange(422, {"message": "Validation Failed", "documentation_url": "https://docs"}, {"body": 7})
    with pytest.raises(AssertionError, match="7 is not of type 'string'"):
        exchange(201, {}, {"body": 7})


async def test_the_recorder_sees_both_sides_and_passes_them_on() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"no JSON"})

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b'{"content": "tada"}'}

    async def send(message: Message) -> None:
        sent.append(message)

    recorder = Recorder(app, base="/api/v3")
    scope = {"type": "http", "method": "POST", "query_string": b"", "headers": []}
    await recorder({**scope, "path": "/page"}, receive, send)
    await recorder({**scope, "path": "/api/v3/repos/o/r/comments/1/reactions"}, receive, send)

    assert [message.get("body") for message in sent] == [None, b"no JSON"] * 2
    assert recorder.checked == 1
    with pytest.raises(AssertionError, match="'tada' is not one of"):
        recorder.assert_clean()


def test_the_trimmed_description_is_whole() -> None:
    found = description()
    assert set(found["paths"]) == set(PATHS)
    kept = {(kind, name) for kind, components in found["components"].items() for name in components}
    assert references(found) == kept


def test_null_is_one_of_the_alternatives_where_github_says_nullable() -> None:
    author = description()["components"]["schemas"]["commit"]["properties"]["author"]
    conclusion = description()["components"]["schemas"]["check-run"]["properties"]["conclusion"]
    assert {"nullable": True, "enum": [None]} in author["oneOf"]
    assert None in conclusion["enum"]
