"""The repositories of a user or an organisation. Called by `api` inside the client's guard.

GitHub lists them in three ways: an organisation shows what the token may see, a user only what is
public, and what a user keeps private stands in the token's own list, when it was let in there.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from github import Github, GithubException
from pydantic import BaseModel, ConfigDict

from reprise.adapters.github.app import PER_PAGE
from reprise.domain.run import Repository, Standing

MAX_REPOSITORIES = 1_000


class _Owner(BaseModel):
    login: str
    type: str


class _Listed(BaseModel):
    model_config = ConfigDict(strict=True)

    id: int
    full_name: str
    clone_url: str
    private: bool
    archived: bool = False
    owner: _Owner

    @property
    def standing(self) -> Standing:
        return Standing.ARCHIVED if self.archived else Standing.ACTIVE


def repositories(github: Github, login: str, *, signed_in: bool) -> tuple[Repository, ...]:
    """Each once; in every list the one that was pushed to last comes first."""
    name = quote(login, safe="")
    owner = _Owner.model_validate(_get(github, f"/users/{name}"))
    if owner.type == "Organization":
        found = list(_pages(github, f"/orgs/{name}/repos", type="all"))
    else:
        found = list(_pages(github, f"/users/{name}/repos", type="owner"))
        if signed_in:
            found += _own(github)
    theirs = [each for each in found if each.owner.login.lower() == owner.login.lower()]
    unique = {
        each.id: Repository(each.id, each.full_name, each.clone_url, not each.private, each.standing)
        for each in theirs
    }
    return tuple(unique.values())[:MAX_REPOSITORIES]


def _own(github: Github) -> list[_Listed]:
    """What the token's user has or was invited to. A token that is nobody's has no such list."""
    try:
        return list(_pages(github, "/user/repos", affiliation="owner,collaborator"))
    except GithubException as error:
        if error.status == 403 and "not accessible" in str(error.data):
            return []
        raise


def _pages(github: Github, path: str, **query: str) -> Iterator[_Listed]:
    for page in range(1, MAX_REPOSITORIES // PER_PAGE + 1):
        reply = _get(github, path, sort="pushed", direction="desc", per_page=PER_PAGE, page=page, **query)
        entries = [_Listed.model_validate(each) for each in reply]
        yield from entries
        if len(entries) < PER_PAGE:
            return


def _get(github: Github, path: str, **query: str | int) -> Any:
    _, reply = github.requester.requestJsonAndCheck("GET", path, parameters=query)
    return reply
