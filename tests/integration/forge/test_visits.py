"""People on the pages: signing in, commenting, pressing the buttons of a check run."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.integration.forge.apps import TestApp
from tests.integration.forge.world import Receiver, World, until

from reprise.forge import server

BUTTON = {"label": "Reproduce", "description": "Run it once more", "identifier": "reproduce"}


class Browser:
    """Follows redirects, keeps cookies, and says where a form came from."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.http = httpx.Client(base_url=world.url, follow_redirects=True, headers={"Accept": "text/html"})

    def sign_in(self, login: str, to: str = "/") -> httpx.Response:
        return self.send("/login", {"token": self.world.tokens[login], "to": to})

    def send(self, path: str, fields: dict[str, str], *, origin: str | None = None) -> httpx.Response:
        return self.http.post(path, data=fields, headers={"Origin": origin or self.world.url})

    def look(self, path: str) -> str:
        reply = self.http.get(path)
        assert reply.status_code == 200, reply.text
        return reply.text


@pytest.fixture
def browser(world: World) -> Iterator[Browser]:
    made = Browser(world)
    yield made
    made.http.close()


# --- signing in ------------------------------------------------------------------------------------


def test_a_token_signs_in_and_a_button_signs_out(world: World, browser: Browser) -> None:
    assert "Sign in" in browser.look("/")
    reply = browser.sign_in("ada", "/ada")
    assert reply.url.path == "/ada"
    assert "Sign out" in browser.look("/")
    assert world.tokens["ada"] not in str(browser.http.cookies)
    cookie = reply.history[0].headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    kept = dict(browser.http.cookies)
    browser.send("/logout", {})
    browser.http.cookies.update(kept)
    assert "Sign in" in browser.look("/")


def test_a_wrong_token_signs_nobody_in(browser: Browser) -> None:
    reply = browser.send("/login", {"token": "ghp_wrong", "to": "/"})
    assert reply.status_code == 401
    assert "nobody's" in reply.text
    assert not browser.http.cookies


def test_an_address_signs_in_once(world: World, browser: Browser) -> None:
    address = server.sign_in_address(world.state, world.url, "eve", to="/eve")
    assert "Sign out" in browser.look(address)
    other = Browser(world)
    assert "Sign out" not in other.look(address)
    other.http.close()


@pytest.mark.parametrize("to", ["//evil.example/", "/\\evil.example", "https://evil.example/", ""])
def test_signing_in_leads_nowhere_else(browser: Browser, to: str) -> None:
    assert str(browser.sign_in("ada", to).url) == f"{browser.world.url}/"


def test_forms_of_other_places_do_nothing(world: World, browser: Browser) -> None:
    number = world.pull(world.make())
    browser.sign_in("ada")
    path = f"/{world.full_name}/pull/{number}/comments"
    for origin in ("http://127.0.0.1:1", "null", "http://evil.example"):
        assert browser.send(path, {"body": "/reproduce"}, origin=origin).status_code == 403
    assert browser.http.post(path, data={"body": "/reproduce"}).status_code == 403
    assert list(world.repository().get_pull(number).get_issue_comments()) == []


def test_a_private_repository_is_shown_to_its_members(world: World, browser: Browser) -> None:
    world.make(private=True)
    browser.sign_in("eve")
    assert browser.http.get(f"/{world.full_name}").status_code == 404
    browser.sign_in("ada")
    assert world.full_name in browser.look("/")
    assert "private" in browser.look(f"/{world.full_name}")


# --- comments --------------------------------------------------------------------------------------


def test_people_comment_on_pull_requests_and_commits(world: World, browser: Browser) -> None:
    clone = world.make()
    number = world.pull(clone)
    browser.sign_in("eve")
    here = f"/{world.full_name}/pull/{number}"
    assert f'action="{here}/comments"' in browser.look(here)
    browser.send(f"{here}/comments", {"body": "/reproduce\r\n"})
    browser.send(f"/{world.full_name}/commit/{clone.sha('main')}/comments", {"body": "Fine"})
    comment = world.repository().get_pull(number).get_issue_comments()[0]
    assert (comment.user.login, comment.body) == ("eve", "/reproduce\r\n")
    assert [c.body for c in world.repository().get_commit(clone.sha("main")).get_comments()] == ["Fine"]


def test_an_empty_comment_is_refused_with_a_sentence(world: World, browser: Browser) -> None:
    number = world.pull(world.make())
    browser.sign_in("eve")
    reply = browser.send(f"/{world.full_name}/pull/{number}/comments", {"body": " "})
    assert reply.status_code == 422
    assert "body can&#39;t be blank" in reply.text


def test_comments_are_changed_by_their_authors_and_by_writers(world: World, browser: Browser) -> None:
    number = world.pull(world.make())
    comment = world.repository("eve").get_pull(number).create_issue_comment("first")
    here = f"/{world.full_name}/pull/{number}"
    change = f"/{world.full_name}/comments/issue/{comment.id}"
    browser.sign_in("bot")
    assert change not in browser.look(here)
    assert browser.send(change, {"body": "mine"}).status_code == 403
    browser.sign_in("eve")
    assert change in browser.look(here)
    browser.send(change, {"body": "second"})
    assert world.repository().get_pull(number).get_issue_comment(comment.id).body == "second"
    browser.sign_in("ada")
    browser.send(change, {"delete": "1", "to": here})
    assert list(world.repository().get_pull(number).get_issue_comments()) == []


# --- check runs ------------------------------------------------------------------------------------


def test_buttons_of_a_check_run_reach_its_app(world: World, browser: Browser, receiver: Receiver) -> None:
    app, page = a_check_run(world, receiver, conclusion="failure", actions=[BUTTON])
    assert "<button" not in re.sub(r"(?s)<header.*?</header>", "", browser.look(page))
    browser.sign_in("ada")
    assert '<button name="action" value="reproduce"' in browser.look(page)
    assert "was told" in browser.send(page, {}).text
    assert "was told" in browser.send(page, {"action": "reproduce"}).text
    told = presses(receiver, 2)
    assert [each["action"] for each in told] == ["rerequested", "requested_action"]
    assert told[1]["requested_action"] == {"identifier": "reproduce"}
    assert {each["sender"]["login"] for each in told} == {"ada"}
    assert told[0]["check_run"]["app"]["id"] == app.id


def test_buttons_are_for_writers_and_for_what_has_ended(
    world: World, browser: Browser, receiver: Receiver
) -> None:
    _, page = a_check_run(world, receiver, actions=[BUTTON])
    browser.sign_in("ada")
    assert "Reproduce" not in browser.look(page)
    assert browser.send(page, {"action": "reproduce"}).status_code == 422
    assert browser.send(page, {}).status_code == 422
    browser.sign_in("eve")
    assert browser.send(page, {"action": "reproduce"}).status_code == 403


def test_a_check_run_shows_its_summary_and_the_lines_that_are_meant(
    world: World, browser: Browser, receiver: Receiver
) -> None:
    hostile = "<script>alert(1)</script>"
    meant = {"path": "numbers.txt", "start_line": 1, "end_line": 1, "annotation_level": "failure"}
    output = {
        "title": "Not reproduced",
        "summary": f"| got |\n|--:|\n| 0.93 |\n\n{hostile}",
        "annotations": [
            {**meant, "message": f"too low {hostile}"},
            {**meant, "path": "../../etc/passwd", "start_line": 7, "end_line": 9, "message": "elsewhere"},
        ],
    }
    _, page = a_check_run(world, receiver, conclusion="failure", output=output)
    text = browser.look(page)
    assert '<td class="right">0.93</td>' in text
    assert "too low &lt;script&gt;" in text
    assert '<span class="t">first</span>' in text
    assert "../../etc/passwd:7-9" in text
    assert "<script" not in text
    link = re.search(r'href="(/[^"]+/blob/[^"]+/numbers\.txt)#L1"', text)
    assert link
    assert '<div id="L1">' in browser.look(link[1])


def a_check_run(world: World, receiver: Receiver, **more: Any) -> tuple[TestApp, str]:
    """On a commit of a fresh repository; returns the App and the path of its page."""
    sha = world.make().sha("HEAD")
    app = TestApp.register(world, hook_url=receiver.url)
    token = app.token(app.install(world.name))
    body = {"name": "wine", "head_sha": sha, **more}
    made = app.ask("POST", f"/repos/{world.full_name}/check-runs", body, token=token).json()
    return app, made["html_url"].removeprefix(world.url)


def presses(receiver: Receiver, count: int) -> list[dict[str, Any]]:
    """What the App was told about buttons, once there are this many."""

    def found() -> list[dict[str, Any]]:
        told = [each.payload for each in receiver.received if each.event == "check_run"]
        return [each for each in told if each["action"] not in ("created", "completed")]

    until(lambda: len(found()) >= count)
    return found()
