"""Listing an owner's repositories: organisations, long lists, tokens that are nobody's."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from tests.openapi import check_calls

from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import TokenCredentials
from reprise.adapters.github.owners import MAX_REPOSITORIES
from reprise.domain.errors import Refused

API = "https://api.github.com:443"


@pytest.fixture
def github() -> Iterator[responses.RequestsMock]:
    """Every request of a test is one that GitHub's description allows."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock
        check_calls(mock.calls)


@pytest.fixture
def forge() -> Iterator[GitHubForge]:
    made = GitHubForge("https://api.github.com", TokenCredentials("secret"), timeout=5, write_spacing=0)
    yield made
    made.close()


def owner(kind: str = "User", login: str = "ada") -> dict[str, Any]:
    return {"login": login, "id": 5, "type": kind}


def listed(number: int, login: str = "ada") -> dict[str, Any]:
    name = f"{login}/r{number}"
    url = f"https://github.com/{name}.git"
    return {"id": number, "full_name": name, "clone_url": url, "private": False, "owner": owner(login=login)}


def names(forge: GitHubForge, login: str = "ada") -> list[str]:
    return [repository.full_name for repository in forge.repositories(login)]


def test_an_organisation_lists_what_the_token_may_see(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    github.get(f"{API}/users/ada", json=owner("Organization"))
    github.get(f"{API}/orgs/ada/repos", json=[listed(1), listed(2)])
    assert names(forge) == ["ada/r1", "ada/r2"]


def test_what_others_shared_with_us_is_not_the_owners(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    github.get(f"{API}/users/ada", json=owner())
    github.get(f"{API}/users/ada/repos", json=[listed(1)])
    github.get(f"{API}/user/repos", json=[listed(2), listed(1), listed(3, "bob")])
    assert names(forge) == ["ada/r1", "ada/r2"]


def test_a_token_that_belongs_to_nobody_lists_what_is_public(
    github: responses.RequestsMock, forge: GitHubForge
) -> None:
    github.get(f"{API}/users/ada", json=owner())
    github.get(f"{API}/users/ada/repos", json=[listed(1)])
    github.get(f"{API}/user/repos", json={"message": "Resource not accessible by integration"}, status=403)
    assert names(forge) == ["ada/r1"]


def test_a_token_that_may_not_list_is_refused(github: responses.RequestsMock, forge: GitHubForge) -> None:
    github.get(f"{API}/users/ada", json=owner())
    github.get(f"{API}/users/ada/repos", json={"message": "Forbidden by policy"}, status=403)
    with pytest.raises(Refused):
        names(forge)


def test_a_very_long_list_is_read_to_a_bound(github: responses.RequestsMock, forge: GitHubForge) -> None:
    github.get(f"{API}/users/ada", json=owner("Organization"))
    github.add_callback(responses.GET, f"{API}/orgs/ada/repos", _full_page)
    assert len(names(forge)) == MAX_REPOSITORIES
    assert len(github.calls) == 1 + MAX_REPOSITORIES // 100


def _full_page(request: Any) -> tuple[int, dict[str, str], str]:
    page = int(request.params["page"])
    return 200, {}, json.dumps([listed(page * 100 + n) for n in range(100)])
