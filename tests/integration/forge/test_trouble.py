"""Conditional requests, limits that are spent, and trouble that was asked for."""

import time
from typing import Any

import httpx
import pytest
from github import GithubException, RateLimitExceededException
from tests.integration.forge.apps import TestApp
from tests.integration.forge.world import World

from reprise.forge.limits import CALLS

WRONG = {"X-Wrong-On-Purpose": "1"}


def ask(
    world: World, method: str, path: str, json: Any = None, *, login: str = "ada", **headers: str
) -> httpx.Response:
    sent = {"Authorization": f"token {world.tokens[login]}", **headers}
    return world.http.request(method, world.url + path, json=json, headers=sent)


def trouble(world: World, fault: str, path: str, method: str = "*", **more: Any) -> None:
    wanted = {"fault": fault, "method": method, "path": path, **more}
    reply = ask(world, "POST", "/settings/faults", wanted)
    assert reply.status_code == 201, reply.text


# --- conditional requests --------------------------------------------------------------------------


def test_what_has_not_changed_is_304_and_costs_nothing(world: World) -> None:
    clone = world.make()
    path = f"/api/v3/repos/{world.full_name}/commits/main/status"
    first = ask(world, "GET", path)
    tag = first.headers["etag"]
    again = ask(world, "GET", path, **{"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    world.repository().get_commit(clone.sha("HEAD")).create_status("success")
    changed = ask(world, "GET", path, **{"If-None-Match": f'W/"other", {tag}'})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_only_reads_that_succeed_have_a_tag(world: World) -> None:
    world.make()
    made = ask(world, "POST", f"/api/v3/repos/{world.full_name}/commits/main/comments", {"body": "x"})
    missing = ask(world, "GET", f"/api/v3/repos/{world.full_name}/git/ref/tags/none")
    assert "etag" not in made.headers
    assert (missing.status_code, "etag" in missing.headers) == (404, False)


# --- limits ----------------------------------------------------------------------------------------


def test_every_reply_says_what_is_left(world: World) -> None:
    replies = [ask(world, "GET", "/api/v3/user", login="eve") for _ in range(2)]
    used = [int(each.headers["x-ratelimit-used"]) for each in replies]
    assert used[1] == used[0] + 1
    limit = ask(world, "GET", "/api/v3/rate_limit", login="eve").json()["resources"]["core"]
    assert (limit["used"], limit["limit"]) == (used[1], CALLS)
    assert limit["remaining"] == CALLS - used[1]
    assert 0 < limit["reset"] - time.time() <= 3_601  # counted since eve's first call in any test


def test_a_spent_limit_is_403_until_it_is_reset(lonely: World) -> None:
    lonely.make()
    app = TestApp.register(lonely)
    tokens = [app.token(installation) for installation in [app.install(lonely.name)] * 2]
    assert ask(lonely, "PUT", "/settings/rate-limit", {"calls": 3, "seconds": 2}).status_code == 204
    path = f"/repos/{lonely.full_name}"
    codes = [app.ask("GET", path, token=tokens[at % 2]).status_code for at in range(4)]
    assert codes == [200, 200, 200, 403]
    spent = app.ask("GET", path, token=tokens[0])
    assert (spent.headers["x-ratelimit-remaining"], "retry-after" in spent.headers) == ("0", False)
    assert "API rate limit exceeded for installation" in spent.json()["message"]
    assert ask(lonely, "GET", "/api/v3/user").status_code == 200  # others have their own
    with pytest.raises(RateLimitExceededException):
        lonely.github_with(tokens[0]).get_repo(lonely.full_name).complete()
    while time.time() < int(spent.headers["x-ratelimit-reset"]):
        time.sleep(0.05)
    assert app.ask("GET", path, token=tokens[0]).status_code == 200


# --- trouble ---------------------------------------------------------------------------------------


def test_a_502_comes_after_the_comment_was_made(world: World) -> None:
    clone = world.make()
    commit = world.repository().get_commit(clone.sha("HEAD"))
    trouble(world, "502", f"/repos/{world.full_name}/commits/*/comments", "POST")
    with pytest.raises(GithubException) as error:
        commit.create_comment("hello")
    assert error.value.status == 502
    assert [each.body for each in commit.get_comments()] == ["hello"]
    commit.create_comment("again")
    assert commit.get_comments().totalCount == 2


def test_a_cut_connection_comes_after_it_was_done_too(world: World) -> None:
    clone = world.make()
    sha = clone.sha("HEAD")
    trouble(world, "cut", f"/repos/{world.full_name}/statuses/*")
    with pytest.raises(httpx.TransportError):
        ask(world, "POST", f"/api/v3/repos/{world.full_name}/statuses/{sha}", {"state": "success"}, **WRONG)
    assert world.repository().get_commit(sha).get_combined_status().state == "success"


@pytest.mark.parametrize(("fault", "code"), [("403", 403), ("429", 429), ("401", 401)])
@pytest.mark.parametrize("seconds", [None, 7])
def test_a_refusal_comes_instead_of_doing_it(
    world: World, fault: str, code: int, seconds: int | None
) -> None:
    clone = world.make()
    sha = clone.sha("HEAD")
    trouble(world, fault, f"/repos/{world.full_name}/statuses/{sha}", times=2, seconds=seconds)
    path = f"/api/v3/repos/{world.full_name}/statuses/{sha}"
    for _ in range(2):
        reply = ask(world, "POST", path, {"state": "success"})
        assert reply.status_code == code
        expected = None if seconds is None or code == 401 else str(seconds)
        assert reply.headers.get("retry-after") == expected
        if code != 401:
            assert "secondary rate limit" in reply.json()["message"]
    assert world.repository().get_commit(sha).get_combined_status().state == "pending"
    assert ask(world, "POST", path, {"state": "success"}).status_code == 201


def test_a_slow_answer_is_right_in_the_end_and_git_can_be_slow_too(world: World) -> None:
    clone = world.make()
    trouble(world, "slow", f"/{world.full_name}.git/info/refs", seconds=1)
    started = time.monotonic()
    clone.git("ls-remote", "origin")
    assert time.monotonic() - started >= 1


def test_trouble_is_for_those_with_an_account_and_can_be_called_off(world: World) -> None:
    wanted = {"fault": "502", "path": f"/repos/{world.full_name}", "times": 5}
    for headers in ({}, {"Authorization": "token ghp_nobody"}):
        assert (
            world.http.post(f"{world.url}/settings/faults", json=wanted, headers=headers).status_code == 401
        )
    assert world.http.put(f"{world.url}/settings/rate-limit", json={"calls": 1}).status_code == 401
    trouble(world, "502", f"/repos/{world.full_name}", times=5)
    assert wanted["path"] in [each["path"] for each in ask(world, "GET", "/settings/faults").json()]
    assert ask(world, "DELETE", "/settings/faults").status_code == 204
    assert ask(world, "GET", "/settings/faults").json() == []


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"fault": "teapot"},
        {"fault": "502", "times": 0},
        {"fault": "slow", "seconds": -1},
        {"fault": "502", "path": "x"},
    ],
)
def test_unknown_trouble_is_422(world: World, wanted: dict[str, Any]) -> None:
    assert ask(world, "POST", "/settings/faults", wanted).status_code == 422
