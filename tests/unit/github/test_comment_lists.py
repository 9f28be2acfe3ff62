"""Long lists of comments: nothing is passed over, however they change while they are read."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses
from tests.openapi import check_calls

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import TokenCredentials
from reprise.domain.errors import Retryable
from reprise.domain.run import Repository

REPO = "https://api.github.com:443/repos/ada/wine"
WINE = Repository(7, "ada/wine", "https://github.com/ada/wine.git")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
JSON = dict[str, Any]
Change = Callable[[list[JSON]], None]


@pytest.fixture
def forge() -> Iterator[GitHubForge]:
    made = GitHubForge("https://api.github.com", TokenCredentials("secret"), timeout=5, write_spacing=0)
    yield made
    made.close()


def at(second: int) -> str:
    return (BEGIN + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def said(number: int, second: int) -> JSON:
    who = {"login": "ada", "type": "User"}
    issue = "https://api.github.com/repos/ada/wine/issues/7"
    when = {"created_at": at(second), "updated_at": at(second)}
    return {"id": number, "body": "x", "user": who, "issue_url": issue, **when}


class Lists:
    """Both lists as GitHub pages them; ``change`` happens after each page."""

    def __init__(
        self, conversations: list[JSON], commits: list[JSON], change: Change = lambda _: None
    ) -> None:
        self.conversations, self.commits, self.change = conversations, commits, change
        self.pages: list[JSON] = []

    def mock(self) -> responses.RequestsMock:
        made = responses.RequestsMock(assert_all_requests_are_fired=False)
        made.add_callback("GET", f"{REPO}/issues/comments", self._said)
        made.add_callback("GET", f"{REPO}/comments", self._on_commits)
        return made

    def _said(self, request: Any) -> tuple[int, dict[str, str], str]:
        query = dict(parse_qsl(urlsplit(request.url).query))
        self.pages.append(query)
        found = sorted(
            (each for each in self.conversations if each["updated_at"] >= query["since"]),
            key=lambda each: (each["updated_at"], each["id"]),
        )
        reply = page_of(found, query)
        self.change(self.conversations)
        return 200, {}, json.dumps(reply)

    def _on_commits(self, request: Any) -> tuple[int, dict[str, str], str]:
        query = dict(parse_qsl(urlsplit(request.url).query))
        last = -(-len(self.commits) // 100)
        link = f'<{REPO}/comments?per_page=100&page={last}>; rel="last"'
        return 200, {"Link": link} if last > 1 else {}, json.dumps(page_of(self.commits, query))


def page_of(found: list[JSON], query: JSON) -> list[JSON]:
    start = (int(query["page"]) - 1) * 100
    return found[start : start + 100]


def numbers(lists: Lists, forge: GitHubForge) -> list[int]:
    with lists.mock() as mock:
        found = [each.id for each in forge.comments_since(WINE, BEGIN)]
        check_calls(mock.calls)
    return found


def on_commit(number: int, second: int) -> JSON:
    made = said(number, second)
    del made["issue_url"]
    return {**made, "commit_id": "a" * 40}


def test_an_edit_while_pages_are_read_hides_no_other_comment(forge: GitHubForge) -> None:
    def edit(conversations: list[JSON]) -> None:
        conversations[0]["updated_at"] = at(1000)

    lists = Lists([said(n, n) for n in range(250)], [], edit)
    assert set(numbers(lists, forge)) == set(range(250))


def test_more_comments_than_a_page_within_one_second_are_all_found(forge: GitHubForge) -> None:
    lists = Lists([said(n, 5) for n in range(250)], [])
    assert sorted(numbers(lists, forge)) == list(range(250))


def test_a_very_long_list_is_cut_and_goes_on_from_the_last_change(forge: GitHubForge) -> None:
    lists = Lists([said(n, n) for n in range(1500)], [on_commit(9000, 2000), on_commit(9001, 3)])
    found = numbers(lists, forge)
    assert 980 <= len(found) <= 1001
    assert set(found) == {*range(len(found) - 1), 9001}
    assert len(lists.pages) == 10


def test_the_newest_comments_on_commits_are_read_from_the_end(forge: GitHubForge) -> None:
    old = [on_commit(n, -5000 + n) for n in range(350)]
    new = [on_commit(1000 + n, n) for n in range(120)]
    lists = Lists([], old + new)
    with lists.mock() as mock:
        found = forge.comments_since(WINE, BEGIN)
        pages = [dict(parse_qsl(urlsplit(str(call.request.url)).query))["page"] for call in mock.calls]
    assert [each.id for each in found] == [1000 + n for n in range(120)]
    assert pages == ["1", "1", "5", "4"]


@pytest.mark.parametrize("field", ["created_at", "issue_url", "id"])
def test_a_comment_of_another_shape_is_an_error_to_repeat(forge: GitHubForge, field: str) -> None:
    odd = {**said(1, 1), field: "odd"}
    with pytest.raises(Retryable, match="not GitHub's"):
        numbers(Lists([{**odd, "updated_at": at(1)}], []), forge)


def test_a_comment_whose_author_is_gone_or_without_text_is_still_one(forge: GitHubForge) -> None:
    lists = Lists([{**said(1, 1), "user": None, "body": None}], [])
    with lists.mock():
        (found,) = forge.comments_since(WINE, BEGIN)
    assert (found.author, found.by_bot, found.body) == (None, False, "")
