"""Answers that still hold are not sent again, and no more of them are kept than there is room for."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import TokenCredentials
from reprise.adapters.github.remembered import Remembered
from reprise.domain.errors import Retryable
from reprise.domain.forge import Permission
from reprise.domain.run import Repository

API = "https://api.github.com:443"
WINE = Repository(7, "ada/wine", "https://github.com/ada/wine.git")
PATH = f"{API}/repos/ada/wine/collaborators/wendy/permission"


@pytest.fixture
def github() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def forge() -> Iterator[GitHubForge]:
    made = GitHubForge("https://api.github.com", TokenCredentials("t"), timeout=5, write_spacing=0)
    yield made
    made.close()


def asked(request: requests.PreparedRequest) -> str | None:
    said = request.headers.get("If-None-Match")
    assert said is None or isinstance(said, str)
    return said


def says(role: str) -> Any:
    return {"permission": role, "role_name": role, "user": None}


def test_what_did_not_change_is_answered_with_nothing_and_read_as_before(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    github.get(PATH, json=says("write"), headers={"ETag": '"one"'})
    github.get(PATH, status=304, headers={"ETag": '"one"'})
    github.get(PATH, json=says("none"), headers={"ETag": '"two"'})
    github.get(PATH, status=304, headers={"ETag": '"two"'})
    found = [forge.permission(WINE, "wendy") for _ in range(4)]
    assert found == [Permission.WRITE, Permission.WRITE, Permission.NONE, Permission.NONE]
    assert [asked(call.request) for call in github.calls] == [None, '"one"', '"one"', '"two"']


def test_an_answer_without_a_tag_is_asked_for_anew(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    github.get(PATH, json=says("write"), headers={"ETag": '"one"'})
    github.get(PATH, json=says("read"))
    github.get(PATH, json=says("read"))
    for _ in range(3):
        forge.permission(WINE, "wendy")
    assert [asked(call.request) for call in github.calls] == [None, '"one"', None]


def test_a_refusal_is_not_remembered_and_forgets_nothing(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    github.get(PATH, json=says("write"), headers={"ETag": '"one"'})
    github.get(PATH, json={"message": "Not Found"}, status=404, headers={"ETag": '"no"'})
    github.get(PATH, status=304)
    found = [forge.permission(WINE, "wendy") for _ in range(3)]
    assert found == [Permission.WRITE, Permission.NONE, Permission.WRITE]


def test_nothing_new_of_what_was_never_asked_is_no_answer(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    github.get(PATH, status=304, headers={"ETag": '"one"'})
    with pytest.raises(Retryable, match="not GitHub's"):
        forge.permission(WINE, "wendy")


def test_the_answers_that_were_not_used_longest_make_room() -> None:
    kept = Remembered(max_bytes=30, max_answers=3)
    for name in "abc":
        kept.put(name, {"ETag": name}, b"x" * 10)
    kept.get("a")
    kept.put("d", {"ETag": "d"}, b"x" * 10)
    assert [name for name in "abcd" if kept.get(name) is not None] == ["a", "c", "d"]
    kept.put("e", {"ETag": "e"}, b"x" * 25)
    assert [name for name in "abcde" if kept.get(name) is not None] == ["e"]
    kept.put("f", {"ETag": "f"}, b"x" * 31)
    assert kept.get("f") is None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 40), st.booleans())))
def test_never_more_is_kept_than_there_is_room_for(puts: list[tuple[str, int, bool]]) -> None:
    kept = Remembered(max_bytes=50, max_answers=4)
    last: dict[str, int | None] = {}
    for name, size, tagged in puts:
        kept.put(name, {"ETag": name} if tagged else {}, b"x" * size)
        last[name] = size if tagged else None
        there = {each: found for each in "abcdef" if (found := kept.get(each)) is not None}
        assert sum(len(answer.body) for answer in there.values()) <= 50
        assert len(there) <= 4
        assert all(len(answer.body) == last[each] for each, answer in there.items())
