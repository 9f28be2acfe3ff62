"""What the adapter makes of a GitHub that fails, limits, refuses or lies."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
import responses
from tests.openapi import check_calls

from reprise.adapters.github.api import PERMISSIONS, GitHubForge
from reprise.adapters.github.client import API_VERSION
from reprise.adapters.github.credentials import TokenCredentials
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.forge import OnCommit, OnPullRequest, Permission, Place, Reaction, State, Status
from reprise.domain.run import Repository, Sha

API = "https://api.github.com:443"
TOKEN = "ghs_17.eyJ-secret_token"
WINE = Repository(7, "ada/wine", "https://github.com/ada/wine.git")
SHA = Sha("a" * 40)
STATUS = Status("reprise/wine", State.PENDING, "queued", "https://example.org/runs/1")
MARKER = "<!-- reprise:wine -->"
BODY = f"{MARKER}\nrunning"
Answer = Callable[[requests.PreparedRequest], tuple[int, dict[str, str], str]]


@pytest.fixture
def github() -> Iterator[responses.RequestsMock]:
    """Every request of a test is one that GitHub's description allows, with the version pinned."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock
        check_calls(mock.calls)
        for call in mock.calls:
            assert call.request.headers["X-GitHub-Api-Version"] == API_VERSION
            assert call.request.headers["Authorization"] == f"token {TOKEN}"


@pytest.fixture
def forge() -> Iterator[GitHubForge]:
    made = GitHubForge("https://api.github.com", TokenCredentials(TOKEN), timeout=5, write_spacing=0)
    yield made
    made.close()


def comment(
    comment_id: int = 1, body: str = BODY, login: str | None = "reprise-bot", kind: str = "User"
) -> Any:
    url = f"https://api.github.com/repos/ada/wine/issues/comments/{comment_id}"
    user = {"login": login, "id": 5, "type": kind} if login else None
    return {"id": comment_id, "url": url, "body": body, "user": user}


def put(forge: GitHubForge, place: Place = OnPullRequest(1), known_id: int | None = None) -> int:
    return forge.put_comment(WINE, place, marker=MARKER, body=BODY, known_id=known_id)


CALLS: dict[str, Callable[[GitHubForge], object]] = {
    "repository": lambda forge: forge.repository("ada/wine"),
    "repositories": lambda forge: forge.repositories("ada"),
    "commit": lambda forge: forge.commit(WINE, "v1"),
    "pull request": lambda forge: forge.pull_request(WINE, 1),
    "permission": lambda forge: forge.permission(WINE, "wendy"),
    "statuses": lambda forge: forge.statuses(WINE, SHA),
    "status": lambda forge: forge.post_status(WINE, SHA, STATUS),
    "remembered comment": lambda forge: put(forge, known_id=1),
    "comment": lambda forge: put(forge),
    "reaction": lambda forge: forge.react(WINE, OnPullRequest(1), 1, Reaction.EYES),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
METHODS = ("GET", "POST", "PATCH")


def answer_all(
    github: responses.RequestsMock, status: int, body: Any, headers: dict[str, str] | None = None
) -> None:
    for method in METHODS:
        github.add(method, re.compile(API), json=body, status=status, headers=headers or {})


def sent(request: requests.PreparedRequest) -> Any:
    assert isinstance(request.body, str | bytes)
    return json.loads(request.body)


def requests_of(github: responses.RequestsMock, method: str) -> int:
    return sum(call.request.method == method for call in github.calls)


# --- no answer ------------------------------------------------------------------------------------


@every_call
def test_a_server_error_may_be_tried_again(
    call: Callable[[GitHubForge], object], github: responses.RequestsMock, forge: GitHubForge
) -> None:
    answer_all(github, 502, {"message": "Server Error"}, {"Retry-After": "7"})
    with pytest.raises(Retryable, match="GitHub failed with 502: could not ") as failure:
        call(forge)
    assert failure.value.after == 7.0
    assert requests_of(github, "POST") <= 1
    assert requests_of(github, "GET") <= 3


def test_a_read_and_an_edit_that_fail_once_are_repeated(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    path = f"{API}/repos/ada/wine/issues/comments/1"
    for method in ("GET", "PATCH"):
        github.add(method, path, json={"message": "Server Error"}, status=502)
        github.add(method, path, json=comment(body="before"))
    assert put(forge, known_id=1) == 1
    assert [call.request.method for call in github.calls] == ["GET", "GET", "PATCH", "PATCH"]


@every_call
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (requests.ReadTimeout(TOKEN), "gave no answer within 5 s"),
        (requests.ConnectTimeout(TOKEN), "gave no answer within 5 s"),
        (requests.ConnectionError(TOKEN), "cannot be reached"),
        (requests.exceptions.ChunkedEncodingError(TOKEN), "cannot be reached"),
    ],
)
def test_no_answer_may_be_tried_again(
    error: Exception,
    said: str,
    call: Callable[[GitHubForge], object],
    github: responses.RequestsMock,
    forge: GitHubForge,
) -> None:
    for method in METHODS:
        github.add(method, re.compile(API), body=error)
    with pytest.raises(Retryable, match=said) as failure:
        call(forge)
    assert TOKEN not in str(failure.value)


@every_call
@pytest.mark.parametrize("body", ["<html>Sign in</html>", '{"half": ', "[]", "{}", "", "null"])
def test_an_answer_that_is_not_githubs_is_no_success(
    body: str, call: Callable[[GitHubForge], object], github: responses.RequestsMock, forge: GitHubForge
) -> None:
    for method in METHODS:
        github.add(method, re.compile(API), body=body, status=200)
    with pytest.raises(Retryable, match="not GitHub's"):
        call(forge)


# --- limits ---------------------------------------------------------------------------------------

SOON = str(int(time.time()) + 3600)
SECONDARY = {
    "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
}
PRIMARY = {"message": "API rate limit exceeded for user ID 1."}


@every_call
@pytest.mark.parametrize(
    ("status", "body", "headers", "low", "high"),
    [
        (403, SECONDARY, {"Retry-After": "30"}, 30, 30),
        (403, SECONDARY, {}, 60, 60),
        (403, {"message": "whatever"}, {"Retry-After": "30"}, 30, 30),
        (403, PRIMARY, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": SOON}, 2400, 3602),
        (403, PRIMARY, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, 1, 1),
        (429, {"message": "Too many"}, {"Retry-After": "3600"}, 3600, 3600),
        (429, {"message": "Too many"}, {}, 60, 60),
        (429, {"message": "Too many"}, {"Retry-After": "soon"}, 60, 60),
    ],
)
def test_a_limit_is_reported_with_its_wait_and_not_slept_through(
    status: int,
    body: Any,
    headers: dict[str, str],
    low: float,
    high: float,
    call: Callable[[GitHubForge], object],
    github: responses.RequestsMock,
    forge: GitHubForge,
) -> None:
    answer_all(github, status, body, headers)
    before = time.monotonic()
    with pytest.raises(Retryable, match="GitHub limits our calls: could not ") as failure:
        call(forge)
    assert low <= failure.value.after <= high
    assert time.monotonic() - before < 1.0
    assert len(github.calls) == 1


# --- refusals -------------------------------------------------------------------------------------


@every_call
def test_a_bad_token_is_refused_with_what_to_do(
    call: Callable[[GitHubForge], object], github: responses.RequestsMock, forge: GitHubForge
) -> None:
    answer_all(github, 401, {"message": "Bad credentials"})
    with pytest.raises(Refused, match=r"\(401: Bad credentials\).*REPRISE_GITHUB__TOKEN") as failure:
        call(forge)
    assert TOKEN not in str(failure.value)


@pytest.mark.parametrize(
    ("call", "permission"),
    [
        ("repository", "metadata: read"),
        ("commit", "contents: read"),
        ("pull request", "pull requests: read"),
        ("permission", "metadata: read"),
        ("statuses", "commit statuses: read"),
        ("status", "commit statuses: write"),
        ("remembered comment", "issues: write"),
        ("reaction", "issues: write"),
    ],
)
def test_a_missing_permission_is_named(
    call: str, permission: str, github: responses.RequestsMock, forge: GitHubForge
) -> None:
    says = {"message": "Resource not accessible by personal access token"}
    answer_all(github, 403, says, {"X-Accepted-GitHub-Permissions": "some=write"})
    with pytest.raises(Refused) as failure:
        CALLS[call](forge)
    assert says["message"] in str(failure.value)
    assert f"Give the token {permission} for this repository (GitHub asks for some=write)" in str(
        failure.value
    )
    assert len(github.calls) == 1


def test_a_422_is_refused_with_its_details(github: responses.RequestsMock, forge: GitHubForge) -> None:
    errors = [
        {"resource": "Status", "field": "target_url", "code": "invalid"},
        {"message": "too odd"},
        "so odd",
    ]
    answer_all(github, 422, {"message": "Validation Failed", "errors": errors})
    with pytest.raises(Refused, match="Validation Failed; target_url is invalid; too odd; so odd"):
        forge.post_status(WINE, SHA, STATUS)


def test_an_address_that_is_none_is_refused_at_once() -> None:
    for address in ("api.github.com", "ftp://x", "", "https://"):
        with pytest.raises(UserError, match="REPRISE_GITHUB__API_URL"):
            GitHubForge(address, TokenCredentials(TOKEN))


# --- reading what GitHub says ---------------------------------------------------------------------


@pytest.mark.parametrize("role", [*PERMISSIONS, "boss"])
def test_each_role_means_a_permission_and_an_unknown_one_none(
    role: str, github: responses.RequestsMock, forge: GitHubForge
) -> None:
    answer_all(github, 200, {"permission": role, "role_name": "x", "user": None})
    expected = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read", "read": "read"}
    assert forge.permission(WINE, "wendy") is Permission(expected.get(role, "none"))


def test_somebody_github_does_not_know_may_do_nothing(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    answer_all(github, 404, {"message": "wendy is not a user"})
    assert forge.permission(WINE, "wendy") is Permission.NONE


def test_names_from_outside_stay_inside_their_part_of_the_address(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    answer_all(github, 404, {"message": "Not Found"})
    assert forge.permission(WINE, "a/../../b?c#d") is Permission.NONE
    assert forge.permission(WINE, "..") is Permission.NONE
    with pytest.raises(Refused):
        forge.commit(WINE, "x/../../y?z#")
    assert all(call.request.path_url.startswith("/repos/ada/wine") for call in github.calls)


def test_a_pull_request_from_a_deleted_fork_has_no_head_repository(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    head, base = {"sha": SHA, "repo": None}, {"sha": SHA, "repo": {"id": 7}}
    answer_all(github, 200, {"number": 1, "state": "open", "head": head, "base": base})
    found = forge.pull_request(WINE, 1)
    assert found.head_repository_id is None
    assert found.from_fork


def test_comments_by_bots_and_by_deleted_people_are_passed_over(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    theirs = [
        comment(1, login=None),
        comment(2, login="reprise-bot[bot]", kind="Bot"),
        comment(3, login="x", kind="Mannequin"),
    ]
    github.get(f"{API}/user", json={"login": "Reprise-Bot"})
    github.get(re.compile(f"{API}/repos/ada/wine/issues/1/comments"), json=[*theirs, comment(4)])
    assert put(forge) == 4


def test_more_statuses_than_a_page_are_all_read_and_the_newest_of_a_context_counts(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    def entry(context: str, description: str | None = None) -> Any:
        said = {"context": context, "description": description}
        return {"id": 1, "state": "success", "target_url": "", **said}

    pages = [[entry(f"c{n}", "new") for n in range(100)], [entry("C7", "old"), entry("last")]]
    for page in pages:
        github.get(f"{API}/repos/ada/wine/commits/{SHA}/status", json={"statuses": page})
    found = forge.statuses(WINE, SHA)
    assert len(found) == 101
    assert found["c7"] == Status("c7", State.SUCCESS, "new", None)
    assert found["last"] == Status("last", State.SUCCESS, "", None)
    assert [str(call.request.url).partition("?")[2] for call in github.calls] == [
        "page=1&per_page=100",
        "page=2&per_page=100",
    ]


def test_our_comment_is_found_beyond_the_first_page(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    path = f"{API}/repos/ada/wine/issues/1/comments"
    rest = "https://api.github.com/repos/ada/wine/issues/1/comments?per_page=100&page=2"
    github.get(f"{API}/user", json={"login": "reprise-bot"})
    github.get(
        path, json=[comment(n, "hello") for n in range(100)], headers={"Link": f'<{rest}>; rel="next"'}
    )
    github.get(path, json=[comment(100)])
    assert put(forge) == 100


# --- no more calls than needed --------------------------------------------------------------------


def test_a_status_is_one_call(github: responses.RequestsMock, forge: GitHubForge) -> None:
    github.post(f"{API}/repos/ada/wine/statuses/{SHA}", json={"id": 9}, status=201)
    assert forge.post_status(WINE, SHA, STATUS) == 9
    assert len(github.calls) == 1
    assert sent(github.calls[0].request) == {
        "state": "pending",
        "context": "reprise/wine",
        "description": "queued",
        "target_url": "https://example.org/runs/1",
    }


@pytest.mark.parametrize(
    ("place", "path"), [(OnPullRequest(1), "issues/1/comments"), (OnCommit(SHA), f"commits/{SHA}/comments")]
)
def test_a_new_comment_is_three_calls_and_the_next_two(
    place: Place, path: str, github: responses.RequestsMock, forge: GitHubForge
) -> None:
    github.get(f"{API}/user", json={"login": "reprise-bot"})
    github.get(re.compile(f"{API}/repos/ada/wine/{path}"), json=[])
    github.post(f"{API}/repos/ada/wine/{path}", json=comment(), status=201)
    put(forge, place)
    assert len(github.calls) == 3
    put(forge, place)
    assert len(github.calls) == 5


def test_an_unchanged_comment_is_not_edited(github: responses.RequestsMock, forge: GitHubForge) -> None:
    stored = comment(body=BODY.replace("\n", "\r\n") + "\r\n")
    github.get(f"{API}/repos/ada/wine/issues/comments/1", json=stored)
    assert put(forge, known_id=1) == 1
    assert len(github.calls) == 1


@pytest.mark.parametrize(
    ("place", "folder"), [(OnPullRequest(1), "issues/comments"), (OnCommit(SHA), "comments")]
)
def test_a_reaction_is_one_call(
    github: responses.RequestsMock, forge: GitHubForge, place: Place, folder: str
) -> None:
    github.post(f"{API}/repos/ada/wine/{folder}/1/reactions", json={"id": 1, "content": "eyes"})
    forge.react(WINE, place, 1, Reaction.EYES)
    assert len(github.calls) == 1


# --- a write whose answer is lost -----------------------------------------------------------------


def test_a_comment_whose_answer_was_lost_is_not_made_twice(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    stored: list[Any] = []

    def post(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        stored.append(comment(len(stored) + 1, sent(request)["body"]))
        return 502, {}, '{"message": "Server Error"}'

    github.get(f"{API}/user", json={"login": "reprise-bot"})
    path = re.compile(f"{API}/repos/ada/wine/issues/1/comments")
    github.add_callback("GET", path, lambda _: (200, {}, json.dumps(stored)))
    github.add_callback("POST", path, post)

    with pytest.raises(Retryable):
        put(forge)
    assert len(stored) == 1
    assert put(forge) == 1
    assert len(stored) == 1


# --- several threads ------------------------------------------------------------------------------


class Counting(BaseHTTPRequestHandler):
    """Keeps what was posted where, and how many were writing at once."""

    posted: list[tuple[str, str]]
    at_once: list[int]
    lock: threading.Lock

    def do_POST(self) -> None:
        with self.lock:
            self.at_once[0] += 1
            self.at_once[1] = max(self.at_once)
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(0.002)
        with self.lock:
            self.at_once[0] -= 1
            self.posted.append((self.path, sent["context"]))
        reply = b'{"id": 1}'
        self.send_response(201)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def counting() -> Iterator[ThreadingHTTPServer]:
    Counting.posted, Counting.at_once, Counting.lock = [], [0, 0], threading.Lock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_writes_of_many_threads_are_all_sent_once_and_one_at_a_time(counting: ThreadingHTTPServer) -> None:
    forge = GitHubForge(f"http://127.0.0.1:{counting.server_port}", TokenCredentials(TOKEN), write_spacing=0)

    def work(worker: int) -> None:
        for number in range(10):
            sha = Sha(f"{worker:040x}")
            forge.post_status(WINE, sha, Status(f"{worker}-{number}", State.PENDING, "", None))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    forge.close()

    expected = {(f"/repos/ada/wine/statuses/{w:040x}", f"{w}-{n}") for w in range(8) for n in range(10)}
    assert len(Counting.posted) == 80
    assert set(Counting.posted) == expected
    assert Counting.at_once[1] == 1
